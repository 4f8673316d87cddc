"""Networks, weights and the exporter: the only code that builds TensorFlow graphs."""
