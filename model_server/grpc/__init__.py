"""The gRPC server: address, TLS, drain, and one mapping from errors to statuses."""
