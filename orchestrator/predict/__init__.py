"""How networks are called: the `Predictor` protocol, and the client of TensorFlow Serving behind it."""
