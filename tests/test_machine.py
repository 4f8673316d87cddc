"""What a control group allows is found in the files of both versions, at every level, and only where it is less."""

import os
from pathlib import Path

import psutil
import pytest

from orchestrator.machine import available_memory_bytes, processors, threads_to_use

MB = 2**20
UNLIMITED_V1 = "9223372036854771712"


def write(folder: Path, **files: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(f"{content}\n")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "own"


def test_without_control_groups_it_is_the_machine(tmp_path: Path, own: Path) -> None:
    before = psutil.virtual_memory().available
    found = available_memory_bytes(tmp_path / "none", own)
    assert found == pytest.approx(before, rel=0.1)
    assert processors(tmp_path / "none", own) == len(os.sched_getaffinity(0))
    assert threads_to_use(tmp_path / "none", own) is None


def test_the_tightest_level_of_version_2_counts(tmp_path: Path, own: Path) -> None:
    own.write_text("0::/a/b\n")
    write(
        tmp_path / "a", memory__max=100 * MB, memory__current=60 * MB, memory__stat=f"anon 1\ninactive_file {10 * MB}"
    )
    write(tmp_path / "a" / "b", memory__max="max", memory__current=5 * MB, cpu__max="max 100000")
    assert available_memory_bytes(tmp_path, own) == 50 * MB
    write(tmp_path / "a" / "b", memory__max=20 * MB, memory__current=30 * MB, cpu__max="50000 100000")
    assert available_memory_bytes(tmp_path, own) == 0
    assert processors(tmp_path, own) == 0.5
    assert threads_to_use(tmp_path, own) == 1


def test_version_1_has_a_hierarchy_for_each_controller(tmp_path: Path, own: Path) -> None:
    own.write_text("4:memory:/x\n3:cpu,cpuacct:/y\n1:name=systemd:/\n0::/\n")
    write(
        tmp_path / "memory" / "x",
        memory__limit_in_bytes=64 * MB,
        memory__usage_in_bytes=40 * MB,
        memory__stat=f"cache 3\ntotal_inactive_file {4 * MB}",
    )
    write(tmp_path / "memory", memory__limit_in_bytes=UNLIMITED_V1, memory__usage_in_bytes=1 * MB)
    write(tmp_path / "cpu,cpuacct" / "y", cpu__cfs_quota_us=150000, cpu__cfs_period_us=100000)
    assert available_memory_bytes(tmp_path, own) == 28 * MB
    assert processors(tmp_path, own) == min(1.5, len(os.sched_getaffinity(0)))
    write(tmp_path / "cpu,cpuacct" / "y", cpu__cfs_quota_us=-1, cpu__cfs_period_us=100000)
    assert processors(tmp_path, own) == len(os.sched_getaffinity(0))


def test_a_container_sees_its_own_group_as_the_mount(tmp_path: Path, own: Path) -> None:
    own.write_text("0::/../../docker/0123\n4:memory:/docker/0123\n")
    write(tmp_path / "memory", memory__limit_in_bytes=32 * MB, memory__usage_in_bytes=2 * MB)
    assert available_memory_bytes(tmp_path, own) == 30 * MB
