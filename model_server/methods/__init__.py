"""The methods of the API, a file each. gRPC and REST call the same functions."""
