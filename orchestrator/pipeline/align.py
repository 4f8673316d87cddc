"""Faces turned, scaled and moved to where an embedder expects them, as small square pictures: chips."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from exporters.signatures import LANDMARKS, TEMPLATES
from facegrid.errors import InternalError
from orchestrator.types import Chips, Floats, Image

_MIN_SCALE = 1e-6
"""Pixels of the image for one of the chip, below which the landmarks are one point."""

_MARGIN_PX = 4
"""Pixels around the face that blending and one halving read, in pixels of the halved image."""


def align(image: Image, landmarks: Floats, *, template: str, chip_px: int) -> Chips:
    """Returns each face of an image as a chip, uint8 [N, chip_px, chip_px, 3]; black beyond the image.

    The landmarks come to lie on the template as well as a similarity transform (rotation, one scale, shift;
    never a mirror image) can bring them there. A face of twice the chip's size or more is halved until it is
    smaller, each time with the binomial filter 1-4-6-4-1, and then drawn with linear interpolation; that is
    what dlib does, and what version 1 of the embedder was trained on. A chip does not depend on other faces.

    Args:
        image: RGB uint8 [height, width, 3].
        landmarks: [N, 5, 2], x and y in pixels in the order of `exporters.signatures.LANDMARKS`; the centre of
            the upper left pixel is 0, 0.
        template: A key of `exporters.signatures.TEMPLATES`.
        chip_px: Side of the chips.

    Raises:
        InternalError: Landmarks are not finite numbers, or all in one place: a fault of the network.
    """
    transforms = chip_to_image(landmarks, template=template, chip_px=chip_px)
    chips = np.empty((len(transforms), chip_px, chip_px, 3), np.uint8)
    for chip, transform in zip(chips, transforms, strict=True):
        _draw(image, transform, chip)
    return chips


def chip_to_image(landmarks: Floats, *, template: str, chip_px: int) -> NDArray[np.float64]:
    """Returns matrices [N, 2, 3] that take the pixels of a chip, as x, y, 1, to those of the image.

    Least squares over the five points, measured in the image (Umeyama 1991, for two dimensions): with points as
    complex numbers, the face is a * template + b. Proper rotations are all that a can be, so that landmarks in
    mirrored order give the best rotation and no mirror image.

    Args:
        landmarks: [N, 5, 2], as for `align`.
        template: A key of `exporters.signatures.TEMPLATES`.
        chip_px: Side of the chips.

    Raises:
        InternalError: See `align`.
    """
    corners = np.array(TEMPLATES[template]) * chip_px - 0.5  # in units of the side -> from the first pixel's centre
    points = np.asarray(landmarks, np.float64).reshape(-1, len(LANDMARKS), 2)
    _refuse(points, np.logical_not(np.isfinite(points).all(axis=(1, 2))))
    template_z, face_z = _complex(corners), _complex(points)  # [5], [N, 5]
    centred = template_z - template_z.mean()
    a = face_z @ centred.conj() / (np.abs(centred) ** 2).sum()  # [N]
    b = face_z.mean(axis=1) - a * template_z.mean()
    _refuse(points, np.abs(a) < _MIN_SCALE)
    rows = [np.stack([a.real, -a.imag, b.real], axis=1), np.stack([a.imag, a.real, b.imag], axis=1)]
    return np.stack(rows, axis=1)


def _complex(points: NDArray[np.float64]) -> NDArray[np.complex128]:
    z: NDArray[np.complex128] = points[..., 0] + 1j * points[..., 1]
    return z


def _refuse(points: NDArray[np.float64], bad: NDArray[np.bool_]) -> None:
    for index in np.flatnonzero(bad):
        raise InternalError(f"face {index} cannot be aligned: its landmarks are {points[index].round(1).tolist()}")


def _draw(image: Image, transform: NDArray[np.float64], chip: Chips) -> None:
    """Draws one face into `chip` [S, S, 3]."""
    scale = math.hypot(transform[0, 0], transform[1, 0])  # pixels of the image for one of the chip
    halvings = max(0, math.floor(math.log2(scale)))
    part, corner = _part(image, transform, len(chip), halvings)
    if not part.size:
        chip[:] = 0
        return
    for _ in range(halvings):
        part = cv2.pyrDown(part)  # pixel i of the half lies on pixel 2 * i of the whole
    to_part = transform.copy()
    to_part[:, 2] -= corner
    cv2.warpAffine(
        part,
        to_part / 2**halvings,
        (len(chip), len(chip)),
        dst=chip,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(0, 0, 0),
    )


def _part(
    image: Image, transform: NDArray[np.float64], chip_px: int, halvings: int
) -> tuple[Image, NDArray[np.float64]]:
    """Returns the part of the image that a chip is drawn from, with a margin, and where it begins (x, y).

    It begins at a multiple of the last halving's step, so that halving it gives the pixels of the halved image.
    It is empty where the whole chip lies beyond the image.
    """
    step = 2**halvings
    end = chip_px - 1
    corners = transform @ np.array([[0, end, 0, end], [0, 0, end, end], [1, 1, 1, 1]])  # [2, 4]
    height, width = image.shape[:2]
    size = np.array([width, height])
    low = np.clip(np.floor(corners.min(axis=1) / step) - _MARGIN_PX, 0, np.ceil(size / step)) * step
    high = np.clip((np.ceil(corners.max(axis=1) / step) + _MARGIN_PX) * step, 0, size)
    (left, top), (right, bottom) = low.astype(int), high.astype(int)
    return image[top:bottom, left:right], low
