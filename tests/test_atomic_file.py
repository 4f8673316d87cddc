"""Files that are replaced as a whole."""

import stat
import threading

import pytest

from orchestrator.atomic_file import replace_file, replaced_file


@pytest.mark.parametrize("durable", [True, False])
def test_the_new_content_takes_the_old_ones_place(tmp_path, durable):
    path = tmp_path / "state.json"
    for content in (b"first", b"second, and longer", b""):
        replace_file(path, content, durable=durable, mode=0o600)
        assert path.read_bytes() == content
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_old_content_and_nothing_else(tmp_path):
    path = tmp_path / "state.json"
    replace_file(path, b"old", durable=False)

    def write_half():
        with replaced_file(path, durable=True) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_left_is_overwritten_and_its_permissions_do_not_count(tmp_path):
    path = tmp_path / "state.json"
    left = tmp_path / "state.json.new"
    left.write_bytes(b"half of something longer than what comes")
    left.chmod(0o644)
    replace_file(path, b"whole", durable=False, mode=0o600)
    assert path.read_bytes() == b"whole"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_finds_one_content_or_the_other(tmp_path):
    path = tmp_path / "state.json"
    contents = [letter * 100_000 for letter in (b"a", b"b")]
    replace_file(path, contents[0], durable=False)
    done = threading.Event()

    def write():
        for number in range(300):
            replace_file(path, contents[number % 2], durable=False)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        assert path.read_bytes() in contents
    writer.join()
