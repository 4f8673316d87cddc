"""Yaw, against heads of three dimensions that are turned and projected."""

import numpy as np
import pytest

from orchestrator.pipeline.pose import NOSE_DEPTH, yaw_degrees

# Left eye, right eye, nose, corners of the mouth, in units of the distance between the eyes; z to the camera.
HEAD = np.array(
    [[-0.5, 0, 0], [0.5, 0, 0], [0, 0.55, NOSE_DEPTH], [-0.4, 1, 0.1], [0.4, 1, 0.1]],
)


def seen(yaw=0.0, roll=0.0, size_px=60.0, at=(200.0, 120.0)):
    """The points of a head turned about its vertical axis and tilted, as a distant camera sees them."""
    y, r = np.radians([yaw, roll])
    turned = HEAD @ np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]]).T
    tilted = turned[:, :2] @ np.array([[np.cos(r), np.sin(r)], [-np.sin(r), np.cos(r)]])
    return (tilted * size_px + at)[None].astype(np.float32)


@pytest.mark.parametrize("yaw", [0, 10, 30, 45, 60, 80])
@pytest.mark.parametrize("roll", [0, 25, -90])
def test_the_angle_is_that_of_a_turned_head_whatever_its_tilt_size_and_side(yaw, roll):
    for side in (yaw, -yaw):
        for size_px in (20.0, 400.0):
            assert yaw_degrees(seen(side, roll, size_px))[0] == pytest.approx(yaw, abs=0.05)


def test_eyes_behind_each_other_are_a_profile():
    assert yaw_degrees(np.zeros((1, 5, 2), np.float32)).shape == (1,)
    points = seen(89.9)
    assert yaw_degrees(points)[0] > 89


def test_no_face_has_no_angle():
    assert yaw_degrees(np.empty((0, 5, 2), np.float32)).shape == (0,)
