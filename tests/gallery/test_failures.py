"""What a bad disk, folder or file is answered with; what was acknowledged stays."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from facegrid.errors import GalleryUnavailable
from orchestrator.gallery.lock import FolderLock
from orchestrator.gallery.types import NewFace

REPOSITORY = Path(__file__).resolve().parents[2]

FILL = """
import asyncio, resource, signal, sys
import numpy as np
from facegrid.errors import GalleryUnavailable
from orchestrator.gallery.gallery import Gallery
from orchestrator.gallery.types import EmbedderVersion, NewFace

async def main():
    gallery = Gallery(sys.argv[1])
    rng = np.random.default_rng(1)
    embedder = EmbedderVersion("test_net", 1, 16)
    def face(size):
        return NewFace(vector=rng.normal(size=16).astype("f4"), score=0.9, face_px=99.0, chip=rng.bytes(size))
    await gallery.enroll("Ann", [face(1000)], embedder)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    try:
        await gallery.enroll("Bob", [face(1_000_000)], embedder)
    except GalleryUnavailable as err:
        print(err.message)
    await gallery.enroll("Cid", [face(1000)], embedder)
    await gallery.close()

asyncio.run(main())
"""


def test_a_write_that_does_not_fit_is_refused_and_the_gallery_lives_on(opened, folder):
    result = subprocess.run(
        [sys.executable, "-c", FILL, str(folder)], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert result.stdout == (
        "the gallery cannot be written: a file would grow beyond this process's limit (ulimit -f); raise it, "
        "what was acknowledged is kept\n"
    )

    async def look(gallery):
        assert [subject.name for subject in (await gallery.subjects()).subjects] == ["Ann", "Cid"]

    opened(look)


@pytest.mark.skipif(os.geteuid() != 0 or not Path("/proc/mounts").exists(), reason="only root can mount a small disk")
def test_a_full_disk_is_said_and_what_was_acknowledged_is_kept(opened, embedder, new_face, rng, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", disk], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    acknowledged = []
    try:

        async def fill(gallery):
            for n in range(100):
                face = new_face(rng.normal(size=16), rng.bytes(100_000))
                await gallery.enroll(f"person {n:03d}", [face], embedder)
                acknowledged.append(f"person {n:03d}")

        with pytest.raises(GalleryUnavailable, match="its disk is full; make room, what was acknowledged is kept"):
            opened(fill, disk / "gallery")

        async def look(gallery):
            found = {subject.name for subject in (await gallery.subjects(page_size=1_000)).subjects}
            assert found >= set(acknowledged)
            (match,) = await gallery.search(np.zeros((1, 16)), embedder)
            assert match.best

        opened(look, disk / "gallery")
        assert len(acknowledged) > 3
    finally:
        subprocess.run(["umount", disk], check=True)


AS_NOBODY = """
import asyncio, os, sys
import lance, numpy as np
from facegrid.errors import GalleryUnavailable
from orchestrator.gallery.gallery import Gallery
from orchestrator.gallery.types import EmbedderVersion, NewFace

async def main():
    os.setuid(65534)  # with everything loaded: nobody may not be allowed to read that
    gallery = Gallery(sys.argv[1])
    embedder = EmbedderVersion("test_net", 1, 16)
    for call in (
        gallery.enroll("Eve", [NewFace(vector=np.zeros(16), score=1, face_px=99)], embedder),
        gallery.subjects(),
    ):
        try:
            await call
        except GalleryUnavailable as err:
            print(err.message)
    await gallery.close()

asyncio.run(main())
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody without rights")
def test_a_folder_without_rights_is_said_with_what_to_do(opened, embedder, new_face, folder):
    async def enrol(gallery):
        await gallery.enroll("Ann", [new_face(np.ones(16))], embedder)

    opened(enrol)
    folder.chmod(0)
    result = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(folder)], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    lines = result.stdout.splitlines()
    assert len(lines) == 2
    for line in lines:
        assert "has no right to it; give that user read and write rights" in line
        assert str(folder) not in line


def test_a_path_through_a_file_is_said(opened, embedder, new_face, tmp_path):
    (tmp_path / "file").write_text("x")

    async def enrol(gallery):
        await gallery.enroll("Ann", [new_face(np.ones(16))], embedder)

    with pytest.raises(GalleryUnavailable, match="a part of its path is a file; choose a folder"):
        opened(enrol, tmp_path / "file" / "gallery")


def damage(path):
    path.write_bytes(b"no such format" * 20)


@pytest.fixture(params=[damage, Path.unlink])
def harm(request):
    return request.param


@pytest.mark.parametrize("files", ["faces-*/data/*.lance", "faces-*/_versions/*.manifest", "embedders.lance/data/*"])
def test_a_damaged_gallery_is_not_taken_for_an_empty_one(opened, embedder, folder, files, harm):
    async def enrol(gallery):
        await gallery.enroll("Ann", [NewFace(vector=np.ones(16), score=0.9, face_px=99)], embedder)

    opened(enrol)
    for path in list(folder.glob(files)):
        harm(path)

    async def look(gallery):
        await gallery.search(np.ones((1, 16)), embedder)

    with pytest.raises(GalleryUnavailable, match=r"restore .* from a backup") as caught:
        opened(look)
    assert str(folder) not in caught.value.message
    with pytest.raises(GalleryUnavailable):
        opened(enrol)


def test_a_lock_ends_with_its_holder(tmp_path):
    code = "import sys, time; from pathlib import Path; from orchestrator.gallery.lock import FolderLock\n"
    code += "with FolderLock(Path(sys.argv[1])).hold(5): print('held', flush=True); time.sleep(600)"
    command = [sys.executable, "-c", code, str(tmp_path / ".lock")]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        lock = FolderLock(tmp_path / ".lock")
        with pytest.raises(GalleryUnavailable, match=r"for 0\.1 s; try again"), lock.hold(0.1):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with lock.hold(5), lock.attempt() as again:
            assert not again
