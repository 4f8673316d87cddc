"""`facegrid gallery` on the files of a gallery."""

import asyncio
import json
import socketserver
import threading
from contextlib import contextmanager

import cv2
import numpy as np
import pytest

from exporters.signatures import EMBEDDERS
from facegrid.cli.main import main
from orchestrator.app.host_files import STATUS_SOCKET
from orchestrator.app.state import StackState, StateFolder
from orchestrator.gallery.gallery import Gallery
from orchestrator.gallery.types import EmbedderVersion, NewFace


@pytest.fixture
def gallery(tmp_path, monkeypatch):
    """The folder of a gallery with one face; it is the one in FACEGRID_GALLERY."""
    folder = tmp_path / "gallery"
    _, chip = cv2.imencode(".png", np.full((150, 150, 3), 7, np.uint8))

    async def enrol():
        opened = Gallery(str(folder))
        face = NewFace(vector=np.ones(16), score=0.9, face_px=99, chip=bytes(chip))
        await opened.enroll("Ann", [face], EmbedderVersion("test_net", 7, 16))
        await opened.close()

    asyncio.run(enrol())
    monkeypatch.setenv("FACEGRID_GALLERY", str(folder))
    return folder


def test_stats_of_nobody(tmp_path, capsys):
    assert main(["gallery", "stats", "--gallery", str(tmp_path / "none")]) == 0
    assert capsys.readouterr().out == "nobody is enrolled\n"


def test_stats_say_how_much_there_is(gallery, capsys):
    assert main(["gallery", "stats"]) == 0
    assert "test_net version 7" in capsys.readouterr().out
    assert main(["gallery", "stats", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {
            "embedder": {"name": "test_net", "version": 7, "dimension": 16},
            "state": "active",
            "faces": 1,
            "chips": 1,
            "unindexed": 1,
            "files": 1,
        }
    ]


def test_out_and_in_again(gallery, tmp_path, capsys):
    file, copy = tmp_path / "people.parquet", tmp_path / "copy"
    assert main(["gallery", "export", str(file)]) == 0
    assert "1 faces written" in capsys.readouterr().err
    assert main(["gallery", "import", str(file), "--gallery", str(copy)]) == 0
    assert main(["gallery", "import", str(file), "--gallery", str(copy)]) == 0
    assert capsys.readouterr().err.splitlines() == [
        "1 faces added, 0 were there already",
        "0 faces added, 1 were there already",
    ]
    file.write_bytes(b"x")
    assert main(["gallery", "import", str(file), "--gallery", str(copy)]) == 1
    assert "is not a Parquet file, or it is damaged; nothing was imported" in capsys.readouterr().err


def test_tidy_removes_old_versions(gallery):
    assert main(["gallery", "tidy"]) == 0
    assert len(list(gallery.glob("faces-*/_versions/*.manifest"))) == 1


def test_a_version_that_there_is_not_is_refused(gallery, capsys):
    assert main(["gallery", "reembed", "--version", "99", "--model-server", "127.0.0.1:1"]) == 1
    assert "there is no embedder version 99, allowed are 1" in capsys.readouterr().err


def test_a_model_server_that_is_not_there_leaves_the_gallery_as_it_is(gallery, capsys):
    assert main(["gallery", "reembed", "--version", "1", "--model-server", "127.0.0.1:1"]) == 1
    assert "embedder" in capsys.readouterr().err
    assert main(["gallery", "stats", "--json"]) == 0
    states = {v["embedder"]["name"]: v["state"] for v in json.loads(capsys.readouterr().out)}
    assert states == {"test_net": "active", EMBEDDERS[1].network: "building"}


@contextmanager
def serve_host(run_dir, servers):
    """Answers what the serve host of a stack with these model servers does."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            self.rfile.readline()
            self.wfile.write(json.dumps({"servers": servers}).encode())

    with socketserver.ThreadingUnixStreamServer(str(run_dir / STATUS_SOCKET), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield
        server.shutdown()
        thread.join()


def test_model_servers_that_ray_runs_are_asked_for_at_the_stack(gallery, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FACEGRID_MODEL_SERVERS", "ray")
    monkeypatch.setenv("FACEGRID_STATE_DIR", str(tmp_path))
    reembed = ["gallery", "reembed", "--version", "1"]
    assert main(reembed) == 2
    assert "--model-server" in capsys.readouterr().err

    folder = StateFolder(tmp_path)
    run_dir = folder.make_run_dir({})
    state = StackState(
        run_dir=run_dir,
        port=9000,
        ingress="python",
        orchestrators="1",
        servers="2",
        models_dir=tmp_path,
        started_at_s=0.0,
    )
    folder.save(state)
    servers = [{"address": "127.0.0.1:1", "versions": {"pnet": [1]}}, {"address": "127.0.0.1:2", "versions": {}}]
    with serve_host(run_dir, servers):
        assert main(reembed) == 2
        assert "facegrid rollout embedder --version 1" in capsys.readouterr().err
        servers.append({"address": f"unix:{tmp_path}/absent", "versions": {"embedder": [1]}})
        assert main(reembed) == 1  # it is asked, and cannot be reached
        assert "no server of model embedder version 1 can be reached" in capsys.readouterr().err
    folder.clear(folder.load())


def test_every_command_explains_itself(capsys):
    for command in ("stats", "export", "import", "tidy", "reembed"):
        assert main(["gallery", command, "--help"]) == 0
        out = capsys.readouterr().out
        assert "--gallery" in out
        assert f"Examples:\n    facegrid gallery {command}" in out
