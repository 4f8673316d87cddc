import pytest

PROFILE = """
[orchestrator]
cores = 2
[networks.embedder]
servers_per_gpu = 4
[sizes.small]
pixels = 307200
orchestrator_ms = 10
pnet = 20
embedder = { calls = 0.8, ms = 12, cv = 0.3 }
[sizes.large]
pixels = 12000000
orchestrator_ms = 30
pnet = { calls = 2, ms = 40 }
"""


@pytest.fixture
def profile_file(tmp_path):
    path = tmp_path / "times.toml"
    path.write_text(PROFILE)
    return path
