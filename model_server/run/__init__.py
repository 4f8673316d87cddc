"""From the folder of a version to a servable: loaders, warm-up, tensors, and the runtimes."""
