"""The REST API: paths, JSON in, JSON out, and the HTTP server that carries it."""
