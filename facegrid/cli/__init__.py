"""Ask a service."""

INSTALL = "facegrid[video]"
"""What has to be installed where a command of this package lacks a module; all but videos needs no extra."""
