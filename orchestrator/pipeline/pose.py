"""The angle by which a face is turned to one side, estimated from its five points."""

import numpy as np
from numpy.typing import NDArray

from orchestrator.types import Floats

NOSE_DEPTH = 0.43
"""How far the tip of the nose stands before the eyes, in units of the distance between their centres: 27 of 63 mm
in the generic head that poses are commonly solved with (outer corners of the eyes 90 mm apart, 27 mm behind)."""


def yaw_degrees(landmarks: Floats) -> NDArray[np.float64]:
    """Returns the angle of each face, [N]: 0 looks at the camera, 90 to one side, left or right.

    A head that turns by an angle moves the tip of its nose by depth * sin(angle) along the line of the eyes,
    and brings the eyes to distance * cos(angle). So the nose's offset from the middle between the eyes, in units of
    the eyes' distance in the picture, is depth / distance * tan(angle). Tilting the head sideways changes
    nothing; nodding changes little.

    Args:
        landmarks: [N, 5, 2], x and y in pixels in the order of `exporters.signatures.LANDMARKS`.
    """
    points = landmarks.astype(np.float64)
    left_eye, right_eye, nose = points[:, 0], points[:, 1], points[:, 2]
    eyes = right_eye - left_eye  # [N, 2]
    eyes_px = np.hypot(eyes[:, 0], eyes[:, 1])
    offset_px = np.abs(((nose - (left_eye + right_eye) / 2) * eyes).sum(axis=1)) / np.maximum(eyes_px, 1e-9)
    yaw: NDArray[np.float64] = np.degrees(np.arctan2(offset_px, NOSE_DEPTH * eyes_px))
    return yaw
