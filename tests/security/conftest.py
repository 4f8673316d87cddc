import pytest

from tests.security.identities import AUTHORITY, STRANGERS


@pytest.fixture
def files(tmp_path):
    """A folder with the authorities and the identities of a service and three clients."""
    AUTHORITY.write(tmp_path / "ca.pem")
    STRANGERS.write(tmp_path / "strangers.pem")
    AUTHORITY.issue("127.0.0.1").write(tmp_path / "service")
    AUTHORITY.issue("somebody").write(tmp_path / "client")
    AUTHORITY.issue("somebody", hours=-1).write(tmp_path / "expired")
    STRANGERS.issue("somebody").write(tmp_path / "stranger")
    return tmp_path
