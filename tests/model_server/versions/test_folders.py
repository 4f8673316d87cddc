"""Which versions lie in a folder."""

from model_server.versions.folders import find_versions


def test_only_whole_numbers_are_versions(tmp_path):
    for name in ("1", "0000012", "x", "1a", "-3", " 4", "1.0", "9223372036854775807", "9223372036854775808", "٣"):
        (tmp_path / name).mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "README.md").touch()
    found = find_versions(tmp_path)
    assert set(found.versions) == {1, 12, 2**63 - 1}
    assert [remark.removeprefix(f"{tmp_path}/") for remark in found.remarks] == [
        f"{name} is not served: its name is not a version number"
        for name in (" 4", "-3", "1.0", "1a", "9223372036854775808", "x", "٣")
    ]


def test_of_two_names_for_one_number_the_later_is_taken(tmp_path):
    for name in ("01", "1"):
        (tmp_path / name).mkdir()
    found = find_versions(tmp_path)
    assert found.versions == {1: tmp_path / "1"}
    (remark,) = found.remarks
    assert remark == (
        f"Duplicate version directories detected. Version 1 will be loaded from {tmp_path}/1, {tmp_path}/01 will be "
        "ignored."
    )
