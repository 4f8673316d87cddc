"""Run and look after a service."""

INSTALL = "facegrid[serve,model-server]"
"""What has to be installed where a command of this package lacks a module."""
