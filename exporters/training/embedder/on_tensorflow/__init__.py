"""The embedder's training on TensorFlow: every objective, with an exported embedder as the teacher."""
