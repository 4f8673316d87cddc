"""The gRPC server: addresses, TLS, methods, drain, and the mapping from errors to statuses."""
