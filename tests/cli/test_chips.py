"""`facegrid chips` against a service whose embedder keeps what it is given."""

import numpy as np
import pytest
from PIL import Image

import facegrid as client_package
from orchestrator.settings import Settings
from tests.cli.recognition_host import FIND, write_picture
from tests.support.doubles import FunctionPredictor, embedder, onet, rnet
from tests.support.hosts import running_host
from tests.support.plain_pnet import pnet


@pytest.fixture
def embedded():
    """The chips that the service's embedder was given, [N, S, S, 3] for each call."""
    return []


@pytest.fixture
def service(embedded, monkeypatch):
    def keeping(chips, signature):
        embedded.append(chips)
        return embedder(chips, signature)

    networks = {"pnet": pnet, "rnet": rnet, "onet": onet, "embedder": keeping}
    with running_host(Settings(), FunctionPredictor(networks)) as target:
        monkeypatch.setenv("FACEGRID_TARGET", target)
        with client_package.connect(target) as client:
            yield client


@pytest.fixture
def people(tmp_path):
    folder = tmp_path / "people"
    for seed, name in enumerate(("anna/1.png", "anna/2.png", "ben/1.webp", "ben/notes.txt")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("txt"):
            (folder / name).write_text("not a picture")
        else:
            write_picture(folder / name, seed, side_px=60)
    return folder


def test_the_largest_face_of_each_picture_is_cut_as_the_embedder_is_given_it(
    facegrid, service, embedded, people, tmp_path
):
    faces = tmp_path / "faces"
    result = facegrid("chips", people, faces, *FIND)
    assert (result.code, result.err) == (0, "")
    assert result.out == f"3 faces in {faces}; 0 pictures without a face or unreadable\n"
    assert not embedded
    for name in ("anna/1.png", "anna/2.png", "ben/1.webp"):
        found = service.embed(people / name, pnet_threshold=0, rnet_threshold=0, onet_threshold=0)
        assert len(found) > 1, "else there is nothing to choose"
        areas = [one.face.box.width * one.face.box.height for one in found]
        (chips,) = embedded[-1:]
        with Image.open(faces / name.replace("webp", "png")) as cut:
            np.testing.assert_array_equal(np.asarray(cut), chips[int(np.argmax(areas))])


def test_pictures_without_a_face_or_unreadable_are_counted(facegrid, service, people, tmp_path):
    (people / "ben" / "2.jpg").write_text("not a picture")
    Image.new("RGB", (60, 60)).save(people / "ben" / "3.png")  # black scores less
    result = facegrid("chips", people, tmp_path / "faces", *FIND[:4], "--onet-threshold", 0.45)
    assert result.code == 0
    assert result.out.endswith("; 2 pictures without a face or unreadable\n")
    assert result.err == f"facegrid: {people / 'ben' / '2.jpg'}: not a JPEG, PNG or WebP file (13 bytes)\n"
    assert not (tmp_path / "faces" / "ben" / "3.png").exists()


def test_a_folder_without_people_is_wrong_usage(facegrid, tmp_path):
    result = facegrid("chips", tmp_path, tmp_path / "faces")
    assert result.code == 2
    assert result.err.startswith("facegrid: no picture (.jpg, .jpeg, ")
    assert result.err.endswith(f") in {tmp_path}/PERSON/\n")
    assert not (tmp_path / "faces").exists()
