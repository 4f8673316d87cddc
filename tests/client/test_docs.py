import re
from pathlib import Path

import pytest
from PIL import Image

import facegrid
from facegrid.answers.faces import DetectOptions
from facegrid.answers.gallery import EnrollOptions
from facegrid.answers.people import IdentifyOptions, VerifyOptions
from facegrid.client import aio as async_client
from facegrid.client import calls
from facegrid.client import sync as client
from tests.client.framed_faces import people_host, portrait

PAGE = (Path(__file__).parents[2] / "docs" / "client.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    with people_host(tmp_path_factory.mktemp("people")) as address, facegrid.connect(address) as connected:
        connected.identify(portrait(1))  # the first call is slow, and the page has time limits
        yield address


@pytest.mark.parametrize("number", range(len(SNIPPETS)))
def test_a_snippet_of_the_page_runs(target, monkeypatch, tmp_path, number, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(calls, "TIMEOUT_GRACE_S", 60.0)  # the page's own limits are of a machine that is not busy
    Path("holiday").mkdir()
    for name, quality in (("photo.jpg", 95), ("selfie.jpg", 90), ("holiday/1.jpg", 85)):
        Image.fromarray(portrait(1)).save(name, quality=quality)
    for module in (client, async_client):
        connect = "connect" if module is client else "connect_async"
        monkeypatch.setattr(getattr(module, connect), "__defaults__", (target,))
    code = SNIPPETS[number].replace("127.0.0.1:9000", target)
    exec(compile(code, f"docs/client.md, snippet {number + 1}", "exec"), {"__name__": "snippet"})
    assert capsys.readouterr().out or Path("faces.jpg").exists()


def test_the_page_names_every_option():
    for options in (DetectOptions, EnrollOptions, VerifyOptions, IdentifyOptions):
        for name in options.__annotations__:
            assert f"`{name}`" in PAGE


def test_the_page_names_every_method():
    methods = [name for name in vars(client.Client) if not name.startswith("_")]
    assert len(methods) > 10
    for name in methods:
        assert re.search(rf"\b{name}\b", PAGE), name
