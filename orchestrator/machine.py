"""What this process may use: memory and processors of the machine, or of its control group where these are less.

A container, or a systemd service with limits, is a control group (cgroup). Linux has two versions of their files,
and on some machines both at a time.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil

_ROOT = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")


def available_memory_bytes(root: Path = _ROOT, own: Path = _OWN) -> int:
    """Returns the memory that can be taken before the system, or a control group, ends processes.

    Args:
        root: Where the file systems of control groups are mounted.
        own: Names the groups of this process (cgroups(7), /proc/PID/cgroup).
    """
    free = [psutil.virtual_memory().available]
    for group in _groups("memory", root, own):
        limit = _number(group / "memory.max", group / "memory.limit_in_bytes")
        used = _number(group / "memory.current", group / "memory.usage_in_bytes")
        if limit is not None and used is not None:
            free.append(max(limit - used + _reclaimable_bytes(group), 0))
    return min(free)


def processors(root: Path = _ROOT, own: Path = _OWN) -> float:
    """Returns how many processors this process may keep busy, a fraction where a control group has a quota.

    Args:
        root: As for `available_memory_bytes`.
        own: Likewise.
    """
    found = [float(_affinity())]
    for group in _groups("cpu", root, own):
        quota_us = _number(group / "cpu.max", group / "cpu.cfs_quota_us")
        period_us = _number(group / "cpu.cfs_period_us") or _second_number(group / "cpu.max")
        if quota_us is not None and quota_us > 0 and period_us:
            found.append(quota_us / period_us)
    return min(found)


def threads_to_use(root: Path = _ROOT, own: Path = _OWN) -> int | None:
    """Returns how many threads a pool that keeps processors busy should have; None: as many as it takes by itself.

    Libraries count processors. They do not read the quota of a control group: two threads on half a processor are
    stopped for most of each period, together.
    """
    allowed = processors(root, own)
    return max(1, int(allowed)) if allowed < _affinity() else None


def _affinity() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _groups(controller: str, root: Path, own: Path) -> Iterator[Path]:
    """Yields the folders of our control group and of those that it lies in, of either version."""
    try:
        lines = own.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        # Version 2 has one hierarchy; where both versions are in use, it is mounted as `unified`.
        mounts = [root / controllers, root / controller] if controllers else [root, root / "unified"]
        for mount in mounts:
            if mount.is_dir():
                folder = mount / path.lstrip("/")
                # In a container the path may be the host's, and only the group itself be visible, as the mount.
                yield from (one for one in [folder, *folder.parents] if one.is_relative_to(mount) and one.is_dir())
                break


def _reclaimable_bytes(group: Path) -> int:
    """Returns the memory of cached files that the system gives back when it is needed."""
    try:
        lines = (group / "memory.stat").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    fields = dict(line.split(" ", 1) for line in lines)
    return int(fields.get("total_inactive_file", fields.get("inactive_file", "0")))


def _number(*files: Path) -> int | None:
    """Returns the first number of the first file that there is; None: no limit, or no file."""
    for file in files:
        try:
            word = file.read_text(encoding="ascii").split()[0]
        except (OSError, IndexError):
            continue
        return int(word) if word.lstrip("-").isdigit() else None
    return None


def _second_number(file: Path) -> int | None:
    try:
        words = file.read_text(encoding="ascii").split()
    except OSError:
        return None
    return int(words[1]) if len(words) > 1 else None
