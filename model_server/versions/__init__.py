"""Which versions exist, which are served, and the life of each."""
