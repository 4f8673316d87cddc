"""The rules by which calls are balanced, repeated and admitted. Pure: time and chance are passed in."""
