"""The configuration files, read and checked."""
