"""What `up` chooses where nothing is said."""

from pathlib import Path

import pytest

from orchestrator.app.options import gallery_uri


@pytest.mark.parametrize("env", [{}, {"FACEGRID_GALLERY": ""}])
def test_a_stack_has_a_gallery_of_its_own(tmp_path: Path, env: dict[str, str]) -> None:
    assert gallery_uri(tmp_path / "state", env) == str(tmp_path / "state" / "gallery")


def test_a_gallery_that_was_chosen_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert gallery_uri(tmp_path, {"FACEGRID_GALLERY": "s3://bucket/people"}) == "s3://bucket/people"
    # Replicas run in another folder.
    assert gallery_uri(tmp_path / "state", {"FACEGRID_GALLERY": "people"}) == str(tmp_path / "people")
