"""The commands of `facegrid` that write and train networks."""
