"""The REST API: paths, JSON in, JSON out, HTTP statuses, and the HTTP server."""
