"""From a folder to a network in memory: loading, warm-up, tensors, and the runtimes."""
