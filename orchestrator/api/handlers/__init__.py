"""What each method of facegrid.v1 does, in a file of its name: message in, message out."""
