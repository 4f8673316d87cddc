"""embed, verify, enroll, identify and subjects, as they are typed."""

import json

import numpy as np
import pytest
from PIL import Image

import facegrid as client_package
from tests.cli.recognition_host import FIND, FIND_FOR_ENROLMENT, recognition_host, write_picture


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    with recognition_host(tmp_path_factory.mktemp("host")) as address:
        yield address


@pytest.fixture
def service(host, monkeypatch):
    monkeypatch.setenv("FACEGRID_TARGET", host)
    with client_package.connect(host) as client:
        yield client
        for subject in list(client.subjects()):
            client.delete_subject(subject.name)


@pytest.fixture
def pictures(tmp_path):
    (tmp_path / "in").mkdir()
    return [write_picture(tmp_path / "in" / f"{name}.png", seed) for seed, name in enumerate("abc")]


@pytest.fixture
def enrolled(facegrid, service, pictures):
    """Ann is on the first picture, Bob on the second."""
    for name, picture in zip(("Ann", "Bob"), pictures, strict=False):
        assert facegrid("enroll", name, picture, *FIND_FOR_ENROLMENT).code == 0


def test_embed_gives_the_clients_vectors(facegrid, service, pictures):
    result = facegrid("embed", *pictures, *FIND, "--json")
    assert result.code == 0
    for line in result.lines:
        (face,) = line["faces"]
        (expected,) = service.embed(line["file"], pnet_threshold=0, rnet_threshold=0, onet_threshold=0)
        np.testing.assert_allclose(face["vector"], expected.vector, atol=1e-5)
        assert (face["model"], face["version"], face["metric"]) == ("dlib_resnet", 1, "euclidean, raw")
    table = facegrid("embed", pictures[0], *FIND)
    assert table.out.splitlines()[1].split()[1:4] == ["1", "dlib_resnet", "1"]


def test_verify_says_it_in_a_sentence_and_as_json(facegrid, service, pictures):
    same = facegrid("verify", pictures[0], pictures[0], *FIND)
    assert same.code == 0
    assert same.out.startswith("same person: distance 0.0000, threshold 0.")
    far = facegrid("verify", pictures[0], pictures[1], *FIND, "--threshold", 0)
    assert far.out.startswith("different people: distance ")
    (line,) = facegrid("verify", pictures[0], pictures[1], *FIND, "--target-false-match-rate", 0.001, "--json").lines
    assert line["false_match_rate"] == pytest.approx(0.001, rel=1e-6)
    assert line["same"] == (line["distance"] <= line["threshold"])
    assert line["metric"] == "euclidean, raw"


def test_verify_refuses_two_ways_to_draw_the_line_and_a_picture_without_the_face(facegrid, service, pictures):
    both = facegrid("verify", *pictures[:2], "--threshold", 1, "--target-false-match-rate", 0.1)
    assert (both.code, both.err) == (2, "facegrid: --threshold and --target-false-match-rate exclude each other\n")
    none = facegrid("verify", *pictures[:2], *FIND, "--second-face", 3)
    assert none.code == 1
    assert none.err == "facegrid: second picture: face_index is 3, 1 faces were found in the picture\n"
    assert facegrid("verify", pictures[0], pictures[0].parent / "none.png").code == 1


def test_enroll_says_what_became_of_each_picture(facegrid, service, pictures):
    result = facegrid("enroll", "Ann", *pictures[:2], pictures[0].parent / "none.png", *FIND_FOR_ENROLMENT)
    assert result.code == 1
    assert len(result.out.splitlines()) == 1 + 3
    assert "none.png: No such file or directory" in result.err
    again = facegrid("enroll", "Ann", pictures[0], *FIND_FOR_ENROLMENT, "--json")
    assert again.code == 1
    assert again.lines[0]["error"]["reason"] == "ALREADY_ENROLLED"
    added = facegrid("enroll", "Ann", pictures[2], *FIND_FOR_ENROLMENT, "--json").lines[0]
    assert (added["subject"], service.subject("Ann").faces[-1].id) == ("Ann", added["id"])
    small = facegrid("enroll", "Ann", pictures[0], *FIND, "--min-score", 0)
    assert small.code == 1
    assert "at least 40 are needed" in small.err


def test_identify_names_the_people_of_each_file(facegrid, service, pictures, enrolled):
    table = facegrid("identify", *pictures, *FIND, "--threshold", 0.01)
    assert table.code == 0
    rows = [line.split(maxsplit=2) for line in table.out.splitlines()[1:]]
    assert [row[1] for row in rows] == ["1", "1", "1"]
    assert [row[2].rsplit(maxsplit=1)[0] for row in rows] == ["Ann (0.00)", "Bob (0.00)", "1 unknown"]
    (line,) = facegrid("identify", pictures[1], *FIND, "--top-k", 1, "--threshold", 0.01, "--json").lines
    (face,) = line["faces"]
    assert (face["subject"], face["distance"]) == ("Bob", pytest.approx(0, abs=1e-3))
    assert [near["subject"] for near in face["candidates"]] == ["Bob"]
    assert face["margin"] > 0
    assert (line["threshold"], line["width"], line["height"]) == (0.01, 20, 20)


def test_identify_draws_names(facegrid, service, pictures, enrolled, tmp_path):
    out = tmp_path / "out"
    assert facegrid("identify", pictures[0].parent, *FIND, "--draw", out).code == 0
    assert sorted(path.name for path in out.iterdir()) == ["a.png", "b.png", "c.png"]
    with Image.open(out / "a.png") as left, Image.open(pictures[0]) as right:
        assert left.size == right.size
        assert left.tobytes() != right.tobytes()


def test_identify_refuses_two_ways_to_draw_the_line(facegrid, service, pictures):
    assert facegrid("identify", *pictures, "--threshold", 1, "--target-false-positive-rate", 0.1).code == 2


def test_subjects_are_listed_shown_and_deleted(facegrid, service, enrolled):
    assert [line.split()[:2] for line in facegrid("subjects", "list").out.splitlines()[1:]] == [
        ["Ann", "1"],
        ["Bob", "1"],
    ]
    assert [line["subject"] for line in facegrid("subjects", "list", "--json").lines] == ["Ann", "Bob"]
    (shown,) = facegrid("subjects", "show", "Bob", "--json").lines
    assert (shown["faces"], shown["kept"][0]["model"], shown["kept"][0]["has_chip"]) == (1, "dlib_resnet", True)
    assert "dlib_resnet 1" in facegrid("subjects", "show", "Bob").out
    assert facegrid("subjects", "delete", "Ann").out == "erased Ann: 1 vectors, 1 chips\n"
    (erased,) = facegrid("subjects", "delete", "Bob", "--json").lines
    assert erased == {"subject": "Bob", "vectors": 1, "chips": 1, "pending": False}
    assert facegrid("subjects", "list", "--json").lines == []


def test_subjects_of_whom_nothing_is_known(facegrid, service):
    for action in ("show", "delete"):
        result = facegrid("subjects", action, "Nobody")
        assert (result.code, result.out) == (1, "")
        assert "'Nobody'" in result.err
    assert facegrid("subjects", "list").code == 0


@pytest.mark.parametrize("argv", [["list", "Ann"], ["show"], ["delete"], ["rename", "Ann"]])
def test_subjects_used_wrongly(facegrid, service, argv):
    assert facegrid("subjects", *argv).code == 2


@pytest.mark.parametrize("command", ["embed", "verify", "enroll", "identify", "subjects"])
def test_help_has_examples_and_exit_codes(facegrid, command):
    result = facegrid(command, "--help")
    assert result.code == 0
    assert "Examples:" in result.out
    assert f"facegrid {command}" in result.out
    assert "Exit code:" in result.out


def test_json_keeps_names_of_any_script(facegrid, service, pictures):
    facegrid("enroll", "Zoë 王", pictures[0], *FIND_FOR_ENROLMENT)
    result = facegrid("subjects", "list", "--json")
    assert "Zoë 王" in result.out
    assert json.loads(result.out)["subject"] == "Zoë 王"
