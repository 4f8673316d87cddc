"""tensorflow_model_server's API in Python, for machines without that binary."""
