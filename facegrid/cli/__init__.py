"""The command line `facegrid`: one file for each command."""
