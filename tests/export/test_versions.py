from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier

import pytest

from exporters.errors import VersionExists, VersionOutOfRange
from exporters.versions import MAX_VERSION, new_version, versions


def _publish(model_dir, version=None, content="new"):
    with new_version(model_dir, version) as draft:
        (draft.path / "saved_model.pb").write_text(content)
        return draft.publish()


def _names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_first_version_is_1_and_the_next_follows_the_highest(tmp_path):
    model_dir = tmp_path / "models" / "pnet"
    assert _publish(model_dir) == model_dir / "1"
    assert _publish(model_dir, 7) == model_dir / "7"
    assert _publish(model_dir) == model_dir / "8"


def test_names_that_are_no_whole_number_are_no_versions(tmp_path):
    for name in ("2", "0010", "3.5", "-4", "v9", ".export-x", "٣"):
        (tmp_path / name).mkdir()
    assert versions(tmp_path) == {2: tmp_path / "2", 10: tmp_path / "0010"}
    assert versions(tmp_path / "absent") == {}


def test_a_version_is_never_overwritten(tmp_path):
    _publish(tmp_path, 3, "old")
    with pytest.raises(VersionExists, match=r"3 exists already, .* the next one, 4"):
        _publish(tmp_path, 3)
    assert (tmp_path / "3" / "saved_model.pb").read_text() == "old"
    assert _names(tmp_path) == ["3"]


@pytest.mark.parametrize("name", ["5", "0005"])
def test_an_empty_folder_is_a_version_too(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(VersionExists, match=f"{name} exists already"):
        _publish(tmp_path, 5)
    assert list((tmp_path / name).iterdir()) == []


def test_the_later_of_two_that_write_the_same_version_fails(tmp_path):
    with new_version(tmp_path, 1) as first:
        (first.path / "saved_model.pb").write_text("first")
        with new_version(tmp_path, 1) as second:
            (second.path / "saved_model.pb").write_text("second")
            first.publish()
            with pytest.raises(VersionExists):
                second.publish()
    assert (tmp_path / "1" / "saved_model.pb").read_text() == "first"
    assert _names(tmp_path) == ["1"]


def test_those_that_race_for_the_next_number_all_get_one(tmp_path):
    barrier = Barrier(8)

    def publish(content):
        with new_version(tmp_path, None) as draft:
            (draft.path / "saved_model.pb").write_text(content)
            barrier.wait(timeout=30)
            return draft.publish()

    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(publish, "abcdefgh"))
    assert sorted(path.name for path in paths) == _names(tmp_path) == list("12345678")
    assert [(path / "saved_model.pb").read_text() for path in paths] == list("abcdefgh")


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_a_failure_leaves_nothing_behind(tmp_path, error):
    with suppress(error), new_version(tmp_path / "pnet", None) as draft:
        (draft.path / "half").write_text("written")
        assert not versions(tmp_path / "pnet")  # no model server takes it for a version
        raise error
    assert _names(tmp_path) == []


def test_another_user_may_read_a_version(tmp_path):
    assert _publish(tmp_path).stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("version", [-1, 0, MAX_VERSION + 1])
def test_a_number_out_of_range_is_refused(tmp_path, version):
    with pytest.raises(VersionOutOfRange, match=f"version {version} is out of range: 1 to {MAX_VERSION}"):
        _publish(tmp_path / "pnet", version)
    assert _names(tmp_path) == []
