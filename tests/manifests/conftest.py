import warnings

with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
    # On import Ray Serve declares fields in a way that pydantic warns of.
    import ray.serve.schema  # noqa: F401
