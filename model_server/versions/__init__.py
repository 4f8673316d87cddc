"""Which versions exist, which are served, and how each is loaded, retried and unloaded."""
