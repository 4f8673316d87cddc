"""The service's gRPC API over the pipeline: convert, call, convert back."""
