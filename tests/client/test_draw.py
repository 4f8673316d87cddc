import numpy as np
import pytest
from PIL import Image

from facegrid.answers.faces import BoundingBox, Face, Landmarks, Point
from facegrid.media.draw import draw_faces, draw_file


def face(x_min: float, y_min: float, x_max: float, y_max: float, score: float = 0.9) -> Face:
    def at(right: float, down: float) -> Point:
        return Point(x_min + right * (x_max - x_min), y_min + down * (y_max - y_min))

    marks = Landmarks(at(0.3, 0.4), at(0.7, 0.4), at(0.5, 0.6), at(0.35, 0.8), at(0.65, 0.8))
    return Face(BoundingBox(x_min, y_min, x_max, y_max), score, marks)


def changed(before: Image.Image, after: Image.Image) -> np.ndarray:
    """The bounding box of what differs: x_min, y_min, x_max, y_max."""
    y, x = np.nonzero((np.asarray(before.convert("RGB")) != np.asarray(after)).any(axis=2))
    return np.array([x.min(), y.min(), x.max(), y.max()])


def test_marks_lie_on_the_edges_and_points_of_the_face():
    grey = Image.new("RGB", (400, 300), (128, 128, 128))
    drawn = draw_faces(grey, [face(100, 120, 200, 250)])
    assert grey.getpixel((100, 180)) == (128, 128, 128), "the picture given is not touched"
    for on_edge in ((100, 180), (200, 180), (150, 250)):
        assert drawn.getpixel(on_edge) == (0, 229, 168)
    for point in ((130, 172), (170, 172), (150, 198), (135, 224), (165, 224)):
        assert drawn.getpixel(point) == (255, 196, 46)
    assert drawn.getpixel((150, 150)) == (128, 128, 128), "between the marks the face is to be seen"
    x_min, y_min, x_max, y_max = changed(grey, drawn)
    assert 95 <= x_min <= 100
    assert 200 <= x_max <= 205
    assert 250 <= y_max <= 255
    assert 90 <= y_min < 115, "the score stands above the box"


def test_a_score_without_room_above_moves_into_the_box():
    grey = Image.new("RGB", (400, 300), (128, 128, 128))
    drawn = np.asarray(draw_faces(grey, [face(100, 0, 200, 120)]))
    assert (drawn[4:9, 104:114] != 128).any(axis=2).all()


def test_a_score_wider_than_its_face_is_left_out():
    grey = Image.new("RGB", (400, 300), (128, 128, 128))
    x_min, y_min, x_max, y_max = changed(grey, draw_faces(grey, [face(100, 100, 112, 114)]))
    assert x_min >= 98
    assert y_min >= 98
    assert x_max <= 114
    assert y_max <= 116


def test_lines_grow_with_the_picture_and_stay_thin_on_small_faces():
    def line_px(size: int, box: tuple[int, int, int, int]) -> int:
        drawn = np.asarray(draw_faces(Image.new("RGB", (size, size)), [face(*box)]))
        row = drawn[(box[1] + box[3]) // 2, : (box[0] + box[2]) // 2]
        return int((row == (0, 229, 168)).all(axis=1).sum())

    assert line_px(400, (100, 100, 300, 300)) < line_px(4000, (1000, 1000, 3000, 3000))
    assert line_px(4000, (1000, 1000, 1024, 1024)) <= 2


@pytest.mark.parametrize("size", [(1, 1), (2, 300), (20000, 10), (11, 11)])
@pytest.mark.parametrize(
    "box", [(0, 0, 0, 0), (0, 0, 1, 1), (-50, -50, 30000, 500), (500, 500, 600, 600), (-9, -9, -2, -2), (3, 3, 3, 9)]
)
def test_any_size_and_any_box_can_be_drawn(size, box):
    picture = Image.new("RGB", size)
    assert draw_faces(picture, [face(*box)]).size == size


def test_nothing_found_is_the_picture_itself():
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8))
    assert draw_faces(picture, []).tobytes() == picture.tobytes()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr", "I;16", "I", "F"])
def test_any_mode_becomes_rgb(mode):
    assert draw_faces(Image.new(mode, (40, 30)), [face(5, 5, 20, 25)]).mode == "RGB"


def test_sixteen_bits_become_eight():
    grey = Image.fromarray(np.full((30, 40), 0x8012, np.uint16))
    assert draw_faces(grey, []).getpixel((0, 0)) == (128, 128, 128)


@pytest.mark.parametrize("suffix", [".jpg", ".JPEG", ".png", ".webp"])
def test_a_file_is_written_in_the_format_of_its_name(tmp_path, suffix):
    Image.new("RGB", (60, 40), (200, 30, 30)).save(tmp_path / "in.png")
    draw_file(tmp_path / "in.png", [face(10, 10, 30, 35)], tmp_path / f"out{suffix}")
    with Image.open(tmp_path / f"out{suffix}") as out:
        assert out.format == {".jpg": "JPEG", ".JPEG": "JPEG", ".png": "PNG", ".webp": "WEBP"}[suffix]
        assert out.size == (60, 40)


def test_a_file_is_drawn_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned; upright is 40 wide and 60 high
    Image.new("RGB", (60, 40)).save(tmp_path / "turned.jpg", exif=exif)
    draw_file(tmp_path / "turned.jpg", [face(5, 5, 35, 55)], tmp_path / "out.jpg")
    with Image.open(tmp_path / "out.jpg") as out:
        assert out.size == (40, 60)
        assert 0x0112 not in out.getexif(), "else a viewer would turn it once more"


def test_a_file_that_is_no_picture_is_an_os_error(tmp_path):
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(OSError, match="cannot identify"):
        draw_file(tmp_path / "text.jpg", [], tmp_path / "out.jpg")


def test_what_is_drawn_on_is_what_the_service_sees(tmp_path):
    """Transparent pixels, and files that are read although something about them is wrong."""
    pixels = np.random.default_rng(0).integers(0, 256, (48, 64, 4), np.uint8)
    pixels[:, :32, 3], pixels[:, 32:, 3] = 0, 255
    Image.fromarray(pixels).save(tmp_path / "in.png")
    Image.fromarray(pixels[..., :3]).save(tmp_path / "in.jpg")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "in.jpg").read_bytes()[:-2])
    draw_file(tmp_path / "in.png", [], tmp_path / "out.png")
    draw_file(tmp_path / "cut.jpg", [], tmp_path / "whole.png")
    drawn = np.asarray(Image.open(tmp_path / "out.png"))
    assert (drawn[:, :32] == 255).all()
    np.testing.assert_array_equal(drawn[:, 32:], pixels[:, 32:, :3])
    np.testing.assert_array_equal(Image.open(tmp_path / "whole.png"), Image.open(tmp_path / "in.jpg"))


def test_a_copy_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    Image.new("RGB", (60, 40)).save(tmp_path / "in.png")
    (tmp_path / "out").mkdir()
    with pytest.raises(ValueError, match="unknown file extension"):
        draw_file(tmp_path / "in.png", [], tmp_path / "out" / "a.nonsense")
    assert list((tmp_path / "out").iterdir()) == []


def test_names_beyond_ascii_are_drawn():
    picture = Image.new("RGB", (400, 400), (90, 90, 90))
    drawn = [
        draw_faces(picture, [face(100, 100, 300, 330)], [name]).tobytes() for name in ("Josè", "José", "Jos\u00ea")
    ]
    assert drawn[0] != drawn[1], "letters that differ look different"


def test_labels_take_the_place_of_scores_and_shrink_to_the_face():
    picture = Image.new("RGB", (400, 400), (90, 90, 90))
    found = [face(100, 100, 300, 330)]
    scored, named, longer = (draw_faces(picture, found, labels) for labels in (None, ["Ann"], ["Ann Elizabeth Smith"]))
    assert len({image.tobytes() for image in (scored, named, longer)}) == 3
    changed = np.asarray(longer) != np.asarray(picture)
    rows, columns = np.nonzero(changed.any(axis=2)[:95])  # above the box
    assert len(rows) > 0
    assert columns.max() - columns.min() <= 1.25 * 200


def test_a_face_without_a_label_is_a_mistake():
    with pytest.raises(ValueError, match="argument 2"):
        draw_faces(Image.new("RGB", (40, 30)), [face(5, 5, 20, 25)], [])
