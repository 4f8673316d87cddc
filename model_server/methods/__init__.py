"""The methods of the API, apart from what carries them: gRPC and REST call the same functions."""
