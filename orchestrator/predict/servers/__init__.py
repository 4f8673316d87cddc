"""The model servers: where they are, connections to them, and the attempts at a call."""
