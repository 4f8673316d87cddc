"""The commands of `facegrid` that run and look after a service."""
