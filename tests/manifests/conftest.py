import warnings

import pytest

from tests.manifests.run_here import packed_models

with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
    # On import Ray Serve declares fields in a way that pydantic warns of.
    import ray.serve.schema  # noqa: F401


@pytest.fixture(scope="session")
def packed(exported_models, tmp_path_factory):
    """The folder of networks that the models image holds."""
    return packed_models(exported_models, tmp_path_factory.mktemp("image") / "models")
