"""The seam to the networks: `Predictor`, and TensorFlow Serving behind it."""
