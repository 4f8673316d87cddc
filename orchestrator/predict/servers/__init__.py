"""The model servers: where they are, the connections to them, and the calls."""
