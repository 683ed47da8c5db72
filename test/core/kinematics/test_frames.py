"""Frame arithmetic against transforms3d and against itself."""

from __future__ import annotations

import math

import numpy as np
import pytest
from transforms3d.quaternions import mat2quat

from telesurgery_nodes.core.kinematics import frames

AXES = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


@pytest.mark.parametrize("rpy", [(0.1, 0.2, 0.3), (3.1, 0.0, 0.1), (0.1, 3.1, 0.0), (0.0, 0.1, 3.1), (-2.0, 1.0, -2.5)])
def test_rotations_against_transforms3d(rpy: tuple[float, float, float]) -> None:
    about_x, about_y, about_z = (frames.axis_rotation(axis, angle) for axis, angle in zip(AXES, rpy, strict=True))
    ours, theirs = frames.from_rpy(*rpy), frames.matrix_of(frames.product(about_z, frames.product(about_y, about_x)))
    assert ours == pytest.approx(tuple(theirs.ravel()), abs=1e-14)
    q, wanted = frames.quaternion(ours), mat2quat(theirs)
    assert q == pytest.approx(tuple(wanted if wanted[0] >= 0 else -wanted), abs=1e-12)
    assert frames.from_quaternion(q) == pytest.approx(ours, abs=1e-12)


def test_compose_inverse_and_pose() -> None:
    a = frames.Frame((1.0, 2.0, 3.0), frames.from_rpy(0.4, -0.3, 2.0))
    back = frames.compose(a, frames.inverse(a))
    assert back.p == pytest.approx((0.0, 0.0, 0.0), abs=1e-12) and back.r == pytest.approx(frames.IDENTITY.r, abs=1e-12)
    assert frames.frame_of(frames.pose_of(a)) == a
    assert frames.is_finite(a) and not frames.is_finite(frames.Frame((math.inf, 0.0, 0.0), a.r))
    assert np.allclose(frames.rotate(a.r, (1.0, 0.0, 0.0)), np.array(a.r).reshape(3, 3)[:, 0])


def test_small_angles_are_exact() -> None:
    r = frames.axis_rotation((0.0, 0.0, 1.0), 1e-9)
    assert frames.angle_between(frames.IDENTITY.r, r) == pytest.approx(1e-9, rel=1e-6)
    assert frames.dot((1.0, 2.0, 3.0), (4.0, 5.0, 6.0)) == 32.0
