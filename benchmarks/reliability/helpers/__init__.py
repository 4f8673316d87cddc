"""What the questions of this folder start: models to roll out, a network that can be cut."""
