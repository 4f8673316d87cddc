"""Make networks."""

INSTALL = "facegrid[export]"
"""What has to be installed where a command of this package lacks a module."""
