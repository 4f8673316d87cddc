"""Folders and packs of faces, and pairs, good and bad."""

import io

import numpy as np
import pytest
from PIL import Image

from exporters.errors import TrainingError
from exporters.training.embedder.aligned_faces import load_faces
from exporters.training.embedder.pairs import Pairs, load_pairs


def jpeg(picture):
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=95)
    return stream.getvalue()


@pytest.fixture
def folder(faces_182, tmp_path):
    """Two people with two pictures each, a broken one, a small one, and a text."""
    for place in (0, 1, 8, 9):
        person = tmp_path / str(faces_182.people[place])
        person.mkdir(exist_ok=True)
        (person / f"{place}.jpg").write_bytes(jpeg(faces_182.pictures[place]))
    (person / "broken.jpg").write_bytes(b"\xff\xd8 not a picture")
    Image.new("RGB", (100, 100)).save(person / "small.png")
    (person / "notes.txt").write_text("nothing")
    return tmp_path


def test_a_folder_is_read_and_what_is_skipped_is_counted(folder, faces_182):
    faces = load_faces(folder, chip_px=150)
    assert faces.people.tolist() == ["person 00", "person 00", "person 01", "person 01"]
    assert faces.skipped == 2
    assert np.abs(faces.pictures[2].astype(int) - faces_182.pictures[8]).mean() < 4


def write_pack(file, faces, **changes):
    files = [jpeg(picture) for picture in faces.pictures[:10]]
    arrays = {
        "jpeg": np.frombuffer(b"".join(files), np.uint8),
        "offsets": np.cumsum([0, *map(len, files)]),
        "person": faces.people[:10],
        "in_dev_pairs": faces.people[:10] == "person 01",
    }
    np.savez(file, **(arrays | changes))
    return file


def test_a_pack_is_read_without_people_who_are_scored(faces_182, tmp_path):
    faces = load_faces(write_pack(tmp_path / "pack.npz", faces_182), chip_px=150)
    assert set(faces.people) == {"person 00"}
    assert (len(faces.pictures), faces.left_out) == (8, 2)
    assert np.abs(faces.pictures[7].astype(int) - faces_182.pictures[7]).mean() < 4


def test_who_is_scored_is_said_in_place_of_what_a_pack_marks(faces_182, tmp_path):
    faces = load_faces(write_pack(tmp_path / "pack.npz", faces_182), chip_px=150, scored={"person 00", "person 11"})
    assert set(faces.people) == {"person 01"}
    assert (len(faces.pictures), faces.left_out) == (2, 8)
    assert np.abs(faces.pictures[1].astype(int) - faces_182.pictures[9]).mean() < 4


def test_a_pack_is_read_for_the_people_who_are_scored(faces_182, tmp_path):
    pack = write_pack(tmp_path / "pack.npz", faces_182)
    for scored, name in (({"person 00"}, "person 00"), (None, "person 01")):
        faces = load_faces(pack, chip_px=150, scored=scored, of_scored=True)
        assert set(faces.people) == {name}
        assert len(faces.pictures) + faces.left_out == 10


def test_a_folder_is_read_without_people_who_are_scored(folder):
    faces = load_faces(folder, chip_px=150, scored={"person 01"})
    assert set(faces.people) == {"person 00"}
    assert (faces.skipped, faces.left_out) == (0, 4)


def test_nothing_to_train_with_is_said(faces_182, tmp_path):
    with pytest.raises(TrainingError, match="there is no picture in"):
        load_faces(tmp_path, chip_px=150)
    with pytest.raises(TrainingError, match="absent is neither a folder nor a readable pack"):
        load_faces(tmp_path / "absent", chip_px=150)
    with pytest.raises(
        TrainingError, match=r"all 10 pictures in .*pack.npz are of people who are scored: nobody is left"
    ):
        load_faces(write_pack(tmp_path / "pack.npz", faces_182), chip_px=150, scored=["person 00", "person 01"])
    with pytest.raises(TrainingError, match=r"all 10 pictures in .*pack.npz are of people who are not scored"):
        load_faces(write_pack(tmp_path / "pack.npz", faces_182), chip_px=150, scored=["person 02"], of_scored=True)
    with pytest.raises(TrainingError, match="10 people for 3 pictures"):
        load_faces(write_pack(tmp_path / "torn.npz", faces_182, offsets=np.arange(4)), chip_px=150)
    with pytest.raises(TrainingError, match=r"none of the 8 pictures .* is a readable square of 200 px or more"):
        load_faces(write_pack(tmp_path / "pack.npz", faces_182), chip_px=200)


def test_pairs_are_judged_fold_by_fold():
    """Vectors on a line: one pair too far for its person, one face missed."""
    at = np.array([0.0, 0.1, 5.0, 5.2, 9.0, 9.9, 20.0, 20.1], np.float32)
    pairs = Pairs(
        np.zeros((8, 150, 150, 3), np.uint8),
        first=np.array([0, 2, 4, 0, 6, -1]),
        second=np.array([1, 3, 6, 4, 7, 3]),
        same=np.array([True, True, True, False, True, True]),
        fold=np.array([0, 0, 0, 1, 1, 1]),
        people=np.array(["anna", "ben"]),
    )
    # Fold 0 by the threshold of fold 1, 0.1: right, wrong, wrong; fold 1 by that of fold 0, 11: wrong, right, missed.
    assert pairs.accuracy(lambda _: at[:, None]) == pytest.approx((1 / 3 + 1 / 3) / 2)


def test_a_file_of_other_pairs_is_refused(tmp_path):
    with pytest.raises(TrainingError, match=r"absent.npz is not a readable file of pairs"):
        load_pairs(tmp_path / "absent.npz", chip_px=150)
    nothing = np.zeros(0, int)
    fields = {"first": nothing, "second": nothing, "same": nothing, "fold": nothing, "people": np.zeros(0, str)}
    np.savez(tmp_path / "small.npz", chips=np.zeros((2, 96, 96, 3), np.uint8), **fields)
    with pytest.raises(TrainingError, match=r"chips are \(2, 96, 96, 3\), expected \(N, 150, 150, 3\)"):
        load_pairs(tmp_path / "small.npz", chip_px=150)
