"""The commands of the documents succeed, one after the other, as a user types them."""

import re
import shlex

import numpy as np
import pytest
from PIL import Image

from facegrid.cli.main import main
from tests.support.paths import REPOSITORY

av = pytest.importorskip("av")

PAGES = ("README.md", "docs/client.md", "docs/video.md", "docs/gallery.md", "docs/generate.md", "docs/operations.md")
ELSEWHERE = (
    r"facegrid (export|up|down|status|rollout|promote|rollback|plan)\b|facegrid video (0|rtsp://)"
    r"|make |python |--gallery /srv"
)
"""Commands that start, stop or change a service, or need a camera or minutes: other tests run them."""
SHORTER = ["--duration-s", "2", "--warm-up-s", "0"]
"""Appended to `facegrid bench`, which measures for three quarters of a minute on the page: the last value counts."""


PARTS = re.DOTALL | re.MULTILINE


def commands(page):
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    blocks = re.findall(
        r"^```(?:sh)?\n(.*?)^```", re.sub(r"^```(?!sh$)\w+\n.*?^```\n", "", text, flags=PARTS), flags=PARTS
    )
    lines = "\n".join(blocks).splitlines()
    lines = [line.split("#")[0].strip().removeprefix(".venv/bin/") for line in lines]
    return [line for line in lines if line.startswith("facegrid ") and not re.search(ELSEWHERE, line)]


@pytest.fixture
def folder(tmp_path, samples, monkeypatch):
    """A working directory with the files that the commands name: the samples and a short video."""
    (tmp_path / "samples").symlink_to(samples)
    picture = Image.open(samples / "obama.jpg").convert("RGB").resize((456, 568))
    with av.open(str(tmp_path / "party.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, "yuv420p"
        for _ in range(6):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")))
        container.mux(stream.encode(None))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def service(client, target, model_server, gallery_folder, monkeypatch):
    """The environment names a service that knows one person."""
    monkeypatch.setenv("FACEGRID_TARGET", target)
    monkeypatch.setenv("FACEGRID_MODEL_SERVERS", model_server)
    monkeypatch.setenv("FACEGRID_GALLERY", str(gallery_folder))
    client.enroll("Grace Hopper", REPOSITORY / "samples" / "grace_hopper.jpg")
    yield
    for subject in list(client.subjects()):
        client.delete_subject(subject.name)


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_succeed_in_their_order(page, folder, capsys):
    found = commands(page)
    assert found
    for command in found:
        shorter = SHORTER if command.startswith("facegrid bench") else []
        assert main([*shlex.split(command)[1:], *shorter]) == 0, (command, capsys.readouterr().err)
    written = [word for line in found for word in re.findall(r"--(?:draw|timeline|out|plot) (\S+)", line)]
    assert all((folder / name).exists() for name in written)


def test_the_readmes_python_finds_the_face(target, monkeypatch, capsys):
    monkeypatch.chdir(REPOSITORY)
    (code,) = re.findall(r"```python\n(.*?)```", (REPOSITORY / "README.md").read_text(), re.DOTALL)
    exec(compile(code.replace("127.0.0.1:9000", target), "README.md", "exec"), {"__name__": "readme"})
    (line,) = capsys.readouterr().out.splitlines()
    assert float(line.split()[0]) > 0.95
    assert "Box" in line
