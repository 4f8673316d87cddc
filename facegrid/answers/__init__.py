"""What the client returns: frozen dataclasses, a file per subject."""
