"""The embedder's training on JAX: distillation alone, with the views and the teacher on the accelerator, too."""
