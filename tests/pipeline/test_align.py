import cv2
import dlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.signatures import EMBEDDERS, FIVE_POINTS, LANDMARKS, TEMPLATES
from facegrid.errors import InternalError
from orchestrator.pipeline.align import align, chip_to_image
from orchestrator.pipeline.decode import ImageLimits, decode

SIDE = 150
TEMPLATE = np.array(TEMPLATES[FIVE_POINTS]) * SIDE - 0.5
RNG = np.random.default_rng(11)


def transforms(landmarks):
    return chip_to_image(landmarks, template=FIVE_POINTS, chip_px=SIDE)


def chips(image, landmarks):
    return align(image, np.asarray(landmarks, np.float32), template=FIVE_POINTS, chip_px=SIDE)


def placed(*, scale=1.0, degrees=0.0, shift=(0.0, 0.0), points=TEMPLATE):
    """Points turned and scaled about the origin, then shifted."""
    angle = np.deg2rad(degrees)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return scale * points @ rotation.T + shift


def smooth_picture(side=400):
    """A picture without details that sampling could lose: waves of 60 to 100 px."""
    y, x = np.mgrid[:side, :side]
    waves = [np.sin(x / 11 + phase) + np.cos(y / 14 - phase) + np.sin((x + y) / 17) for phase in range(3)]
    return (np.stack(waves, axis=-1) * 40 + 128).astype(np.uint8)


def least_squares(points):
    """The reference: the four numbers of a similarity by NumPy's solver, one face at a time."""
    rows, wanted = [], []
    for (u, v), (x, y) in zip(TEMPLATE, points, strict=True):
        rows += [[u, -v, 1, 0], [v, u, 0, 1]]
        wanted += [x, y]
    (a, b, c, d), *_ = np.linalg.lstsq(np.array(rows), np.array(wanted), rcond=None)
    return [[a, -b, c], [b, a, d]]


def umeyama(points):
    """Umeyama 1991, equations 38 to 42, with the sign that excludes mirror images."""
    source, target = TEMPLATE - TEMPLATE.mean(axis=0), points - points.mean(axis=0)
    u, d, vt = np.linalg.svd(target.T @ source / 5)
    sign = np.diag([1, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    scaled = (np.trace(np.diag(d) @ sign) / (source**2).sum(axis=1).mean()) * u @ sign @ vt
    return np.column_stack([scaled, points.mean(axis=0) - scaled @ TEMPLATE.mean(axis=0)])


@pytest.mark.parametrize("mirrored", [False, True])
def test_transforms_are_the_least_squares_of_each_face(mirrored):
    faces = np.stack([placed(scale=s, degrees=40 * s, shift=(90 * s, -30)) for s in (0.2, 1, 3.7)])
    faces = faces + RNG.normal(0, 3, faces.shape)
    if mirrored:
        faces = faces * [-1, 1]  # where the best fit would be a mirror image, the best rotation is wanted
    found = transforms(faces)
    assert found.shape == (3, 2, 3)
    for transform, points in zip(found, faces, strict=True):
        np.testing.assert_allclose(transform, least_squares(points), atol=1e-9)
        np.testing.assert_allclose(transform, umeyama(points), atol=1e-9)
        assert np.linalg.det(transform[:, :2]) > 0


@settings(max_examples=60, deadline=None)
@given(
    scale=st.floats(0.05, 20),
    degrees=st.floats(-180, 180),
    shift=st.tuples(st.floats(-5000, 5000), st.floats(-5000, 5000)),
)
def test_moving_a_face_moves_its_chip_along(scale, degrees, shift):
    face = TEMPLATE + np.array([[1, 0], [-2, 1], [0.5, 3], [0, -1], [2, 2]])
    (before,) = transforms(face)
    (after,) = transforms(placed(scale=scale, degrees=degrees, shift=shift, points=face))
    pixels = np.array([[0, 0], [149, 0], [20, 130.0]])
    expected = placed(scale=scale, degrees=degrees, shift=shift, points=pixels @ before[:, :2].T + before[:, 2])
    np.testing.assert_allclose(pixels @ after[:, :2].T + after[:, 2], expected, atol=1e-6 * (scale + 1))


def test_a_face_that_lies_on_the_template_is_copied():
    picture = RNG.integers(0, 256, (170, 180, 3), np.uint8)
    (chip,) = chips(picture, [placed(shift=(12, 7))])
    np.testing.assert_array_equal(chip, picture[7:157, 12:162])


@pytest.mark.parametrize("quarter_turns", range(4))
def test_a_turned_picture_gives_the_same_chip(quarter_turns):
    picture = RNG.integers(0, 256, (200, 200, 3), np.uint8)
    points = placed(shift=(20, 30))
    turned = placed(degrees=-90 * quarter_turns, points=points - 99.5) + 99.5  # rot90 turns against the clock
    np.testing.assert_allclose(chips(np.rot90(picture, quarter_turns), [turned]), chips(picture, [points]), atol=1)


@pytest.mark.parametrize("scale", [0.5, 1.3, 1.9, 2.0, 3.9, 4.1, 8.0])
def test_a_larger_picture_of_the_same_gives_the_same_chip(scale):
    small = smooth_picture()
    size = round(400 * scale)
    large = cv2.resize(small, (size, size), interpolation=cv2.INTER_CUBIC)
    points = placed(degrees=10, shift=(140, 110))
    ratio = size / 400
    on_large = (points + 0.5) * ratio - 0.5  # resize keeps edges, not centres, in place
    error = np.abs(chips(large, [on_large]).astype(int) - chips(small, [points]))
    assert error.mean() < 1.5
    assert error.max() <= 8


@pytest.mark.parametrize("scale", [2.5, 5, 9])
def test_details_finer_than_the_chip_are_averaged_and_not_sampled(scale):
    side = round(160 * scale)
    checks = (np.indices((side, side)).sum(axis=0) % 2 * 255).astype(np.uint8)  # every other pixel white
    (chip,) = chips(np.dstack([checks] * 3), [placed(scale=scale, degrees=5, shift=(20 * scale, 5))])
    inside = chip[40:110, 40:110].astype(int)
    assert abs(inside.mean() - 127.5) < 2
    assert inside.std() < 12  # sampling without averaging gives 127


@pytest.mark.parametrize("scale", [0.6, 0.95, 1.05, 1.8, 2.2, 3.7, 4.5])
def test_chips_are_nearly_dlibs(samples, scale):
    limits = ImageLimits(max_image_bytes=10**7, max_image_px=10**7, max_image_side_px=10**4)
    picture = np.ascontiguousarray(decode((samples / "obama3.jpg").read_bytes(), limits))
    points = placed(scale=scale, degrees=-12, shift=(500, 300)) + RNG.normal(0, scale, (5, 2))
    (transform,) = transforms(points)
    reach = 149 / 2 * np.hypot(transform[0, 0], transform[1, 0])  # from the middle of the chip to its last pixel
    x, y = transform @ [74.5, 74.5, 1]
    square = dlib.drectangle(x - reach, y - reach, x + reach, y + reach)
    angle = float(np.arctan2(transform[1, 0], transform[0, 0]))
    truth = dlib.extract_image_chip(picture, dlib.chip_details(square, dlib.chip_dims(150, 150), angle))
    error = chips(picture, [points])[0].astype(int) - truth
    if scale < 2:
        assert 0 <= error.min() <= error.max() <= 1  # dlib rounds down where OpenCV rounds
    else:
        assert np.abs(error).mean() < 4  # dlib places its halves half a pixel off, and not alike in x and y


def test_what_lies_beyond_the_picture_is_black():
    white = np.full((150, 150, 3), 255, np.uint8)
    (chip,) = chips(white, [placed(shift=(100, 0))])
    assert (chip[:, :49] == 255).all()
    assert (chip[:, 51:] == 0).all()


@pytest.mark.parametrize("shift", [(5000, 0), (-5000, -5000), (0, 5000)])
@pytest.mark.parametrize("scale", [1, 3, 40])
def test_a_face_wholly_beyond_the_picture_is_black(shift, scale):
    white = np.full((60, 80, 3), 255, np.uint8)
    assert not chips(white, [placed(scale=scale, shift=np.multiply(shift, scale))]).any()


def test_a_face_far_larger_than_the_picture_is_drawn():
    tiny = np.full((12, 13, 3), 200, np.uint8)
    (chip,) = chips(tiny, [placed(scale=1000, shift=(-70_000, -70_000))])
    assert chip.shape == (150, 150, 3)
    assert chip.max() <= 200


def test_a_chip_does_not_depend_on_the_others():
    picture = RNG.integers(0, 256, (700, 900, 3), np.uint8)
    faces = [placed(scale=s, degrees=90 * s, shift=(300, 200 + 30 * s)) for s in (0.3, 1, 2.4, 4.4)]
    together = chips(picture, faces)
    for face, chip in zip(faces, together, strict=True):
        np.testing.assert_array_equal(chips(picture, [face])[0], chip)


def test_a_part_is_halved_as_the_whole_picture_is():
    picture = RNG.integers(0, 256, (903, 1101, 3), np.uint8)
    face = placed(scale=4.4, degrees=17, shift=(333.3, 111.1))
    quarter = cv2.pyrDown(cv2.pyrDown(picture))
    (transform,) = transforms(face)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    whole = cv2.warpAffine(quarter, transform / 4, (150, 150), flags=flags)
    np.testing.assert_allclose(chips(picture, [face])[0].astype(int), whole, atol=1)


def test_no_face_gives_no_chip():
    found = chips(np.zeros((20, 20, 3), np.uint8), np.empty((0, 5, 2)))
    assert (found.shape, found.dtype) == ((0, 150, 150, 3), np.uint8)


@pytest.mark.parametrize(
    "points",
    [np.full((5, 2), 30.0), np.full((5, 2), np.nan), np.full((5, 2), np.inf), TEMPLATE * [1, np.nan], TEMPLATE * 1e-9],
)
def test_landmarks_that_are_no_face_are_an_error_with_their_number(points):
    with pytest.raises(InternalError, match=r"face 1 cannot be aligned: its landmarks are \[\["):
        chips(np.zeros((20, 20, 3), np.uint8), [TEMPLATE, points])


def test_every_embedder_names_a_template_of_every_landmark():
    for embedder in EMBEDDERS.values():
        assert np.array(TEMPLATES[embedder.template]).shape == (len(LANDMARKS), 2)
