"""The service: image pyramid, cascade and gallery on top of model servers."""
