"""facegrid: face detection and recognition behind one gRPC service."""
