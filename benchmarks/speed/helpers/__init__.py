"""What the questions of this folder start: a bare gRPC server, services that ask for keys, a flood of calls."""
