import cv2
import numpy as np
import pytest

from orchestrator.pipeline.boxes import overlaps
from orchestrator.pipeline.follow import follow, to_grey
from tests.pipeline.video_world import texture

BOX = np.array([[200, 140, 280, 240]], np.float32)


def warped(
    image: np.ndarray, *, scale: float = 1, shift: tuple[float, float] = (0, 0)
) -> tuple[np.ndarray, np.ndarray]:
    """The image scaled about the box's centre and shifted, and where the box is then."""
    centre = (BOX[0, :2] + BOX[0, 2:]) / 2
    matrix = np.array([[scale, 0, 0], [0, scale, 0]], np.float32)
    matrix[:, 2] = centre + shift - scale * centre
    moved = cv2.warpAffine(image, matrix, (image.shape[1], image.shape[0]), borderMode=cv2.BORDER_REFLECT)
    corners = BOX.reshape(2, 2) @ matrix[:, :2].T + matrix[:, 2]
    return moved, corners.reshape(1, 4)


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return texture(1, 360, 480)


@pytest.mark.parametrize("shift", [(0, 0), (0.5, -0.25), (12, 5), (-40, 25)])
@pytest.mark.parametrize("scale", [0.8, 1, 1.25])
def test_a_box_moves_and_grows_as_the_picture_does(image, shift, scale):
    after, truth = warped(image, scale=scale, shift=shift)
    found = follow(to_grey(image), to_grey(after), BOX)
    assert found.sound.all()
    np.testing.assert_allclose(found.boxes, truth, atol=1.5)


def test_boxes_do_not_depend_on_their_company(image):
    after, _ = warped(image, shift=(6, 3))
    boxes = np.array([BOX[0], [20, 20, 60, 70], [400, 250, 440, 300]], np.float32)
    together = follow(to_grey(image), to_grey(after), boxes).boxes
    alone = [follow(to_grey(image), to_grey(after), box[None]).boxes[0] for box in boxes]
    np.testing.assert_allclose(together, alone, atol=1e-3)


def test_a_large_frame_is_followed_at_a_smaller_size_with_the_same_result(image):
    large = cv2.resize(image, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    after, _ = warped(image, shift=(8, -4))
    large_after = cv2.resize(after, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    grey = to_grey(large)
    assert grey.pixels.size <= 640 * 480 * 1.01
    found = follow(grey, to_grey(large_after), BOX * 4)
    np.testing.assert_allclose(found.boxes, BOX * 4 + np.array([32, -16, 32, -16]), atol=4)


@pytest.mark.parametrize("after", ["another picture", "black", "face covered"])
def test_a_box_whose_content_is_gone_is_lost_and_stays_where_it_was(image, after):
    changed = {
        "another picture": texture(2, 360, 480),
        "black": np.zeros_like(image),
        "face covered": image.copy(),
    }[after]
    if after == "face covered":
        changed[130:250, 190:290] = texture(3, 120, 100)
    found = follow(to_grey(image), to_grey(changed), BOX)
    assert not found.sound.any()
    np.testing.assert_array_equal(found.boxes, BOX)


def test_half_a_face_covered_is_still_followed(image):
    after, truth = warped(image, shift=(5, 0))
    after[140:172, 200:290] = texture(3, 32, 90)
    found = follow(to_grey(image), to_grey(after), BOX)
    assert found.sound.all()
    assert overlaps(found.boxes, truth.astype(np.float32), "union")[0, 0] > 0.8


def test_no_boxes(image):
    found = follow(to_grey(image), to_grey(image), np.empty((0, 4), np.float32))
    assert (found.boxes.shape, found.sound.shape) == ((0, 4), (0,))


def test_a_box_beyond_the_frame_is_lost_or_stays(image):
    outside = np.array([[-500, -500, -400, -400]], np.float32)
    assert not follow(to_grey(image), to_grey(image), outside).sound.any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (12, 12), (3000, 2)])
def test_frames_of_any_shape(shape):
    frame = to_grey(texture(4, *shape))
    found = follow(frame, frame, np.array([[0, 0, shape[1], shape[0]]], np.float32))
    assert found.boxes.shape == (1, 4)
    assert np.isfinite(found.boxes).all()
