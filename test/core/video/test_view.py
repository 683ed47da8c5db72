"""What an eye sees: nothing visible is left out, and backs are left out only where none can show."""

import numpy as np
import pytest

from telesurgery_nodes.core.kinematics.frames import IDENTITY, Frame, axis_rotation
from telesurgery_nodes.core.values import Pose
from telesurgery_nodes.core.video import meshes as m
from telesurgery_nodes.core.video import view as v
from telesurgery_nodes.core.video.geometry import StereoGeometry, project

MODEL = StereoGeometry(320, 240)
GREY = (0.5, 0.5, 0.5)
LEFT, RIGHT = (Pose(np.array([x, 0.0, 0.0]), np.eye(3)) for x in (0.0, MODEL.baseline))
FORWARD = np.eye(3)
SIDEWAYS = np.array([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]])  # lays a cylinder along x


def shaft(x, y, z, rotation=FORWARD):
    return m.cylinder(0.004, 0.3, GREY).moved(rotation, np.array([x, y, z]))


def in_left(mesh):
    return v.in_view(mesh, [LEFT], MODEL)


def seen(mesh, eye=LEFT):
    return v.seen_by(mesh, mesh.colors, eye, MODEL)


@pytest.mark.parametrize("seed", range(20))
def test_every_triangle_with_a_point_in_the_picture_stays(seed):
    rng = np.random.default_rng(seed)
    corners = rng.uniform([-0.1, -0.1, -0.1], [0.1, 0.1, 0.3], (300, 3))
    mesh = m.Mesh(corners, corners, corners, np.arange(300, dtype=np.int32).reshape(-1, 3))
    kept = {tuple(place) for place in in_left(mesh).vertices.round(12).tolist()}
    weights = rng.dirichlet((1, 1, 1), 400)
    for triangle in mesh.triangles:
        inside = weights @ corners[triangle]
        inside = inside[inside[:, 2] >= v.NEAR]
        u, w = project(MODEL.left_projection, inside).T
        if ((u > -0.5) & (u < MODEL.width - 0.5) & (w > -0.5) & (w < MODEL.height - 0.5)).any():
            assert tuple(corners[triangle[0]].round(12).tolist()) in kept
    assert 0 < len(kept) < 300


def test_what_only_the_other_eye_sees_stays():
    mesh = m.sphere(0.001, GREY).moved(np.eye(3), np.array([MODEL.baseline + 0.0620, 0.0, 0.1]))
    assert not len(in_left(mesh).triangles)
    both = v.in_view(mesh, [LEFT, RIGHT], MODEL)
    assert len(both.triangles) and seen(both) is None and seen(both, RIGHT) is not None


@pytest.mark.parametrize(
    ("mesh", "closed"),
    [
        (shaft(0.0, 0.0, 0.3), True),  # wholly behind the near plane
        (shaft(0.02, 0.0, 0.1), True),  # goes through the near plane, but far to the right of the picture
        (shaft(0.004, 0.0, 0.1), False),  # the cut is in the picture: one looks into the shaft
        (shaft(0.0, 0.0, 0.1), False),  # the eye is in the shaft
        (m.box((1.0, 1.0, 1.0), GREY), False),  # the eye is in a box whose rim at the cut is beside the picture all around
        (shaft(0.0, 0.0, 0.0, SIDEWAYS), False),  # the same across
        (m.tissue(0.1).moved(np.eye(3), np.array([0.0, 0.0, 0.1])), False),
    ],
)
def test_backs_may_be_left_out_where_no_hole_shows_them(mesh, closed):
    assert in_left(mesh).closed is closed


@pytest.mark.parametrize("x", [-0.05, 0.0, 0.03, 0.046])
def test_the_rectangle_holds_all_that_is_seen(x):
    ball = m.sphere(0.004, GREY).moved(np.eye(3), np.array([x, 0.01, 0.1]))
    roi = seen(ball).roi
    pixels = project(MODEL.left_projection, ball.vertices)
    low, high = np.clip(pixels.min(axis=0), 0, None), np.clip(pixels.max(axis=0), None, [MODEL.width - 1, MODEL.height - 1])
    assert roi.x0 <= low[0] and roi.y0 <= low[1] and roi.x1 > high[0] and roi.y1 > high[1]
    assert roi.x0 >= max(0, low[0] - 5) and roi.x1 <= min(MODEL.width, high[0] + 6)
    assert roi.slices == (slice(roi.y0, roi.y1), slice(roi.x0, roi.x1))


@pytest.mark.parametrize("place", [(0, 0, -0.1), (0.2, 0, 0.1), (-0.2, 0, 0.1), (0, 0.2, 0.1), (0, -0.2, 0.1)])
def test_what_is_behind_or_beside_is_not_seen(place):
    ball = m.sphere(0.004, GREY).moved(np.eye(3), np.array(place, dtype=float))
    assert seen(ball) is None
    assert not len(in_left(ball).triangles) and seen(in_left(ball)) is None


def test_an_eye_turns():
    right = Pose(np.zeros(3), np.array(axis_rotation((0.0, 1.0, 0.0), np.pi / 2)).reshape(3, 3))
    ball = m.sphere(0.004, GREY).moved(np.eye(3), np.array([0.1, 0.0, 0.0]))
    roi = seen(ball, right).roi
    assert (roi.x0 + roi.x1) / 2 == pytest.approx(MODEL.width / 2, abs=1) and (roi.y0 + roi.y1) / 2 == pytest.approx(
        MODEL.height / 2, abs=1
    )
    assert len(v.in_view(ball, [right], MODEL).triangles) == len(ball.triangles)


def test_what_looks_the_same():
    assert v.looks_same(IDENTITY, Frame((v.STILL_DISTANCE / 2, 0.0, 0.0), IDENTITY.r))
    assert not v.looks_same(IDENTITY, Frame((0.0, 0.0, -2 * v.STILL_DISTANCE), IDENTITY.r))
    assert v.looks_same(IDENTITY, Frame(IDENTITY.p, axis_rotation((0.0, 0.0, 1.0), v.STILL_ANGLE / 2)))
    assert not v.looks_same(IDENTITY, Frame(IDENTITY.p, axis_rotation((1.0, 0.0, 0.0), 2 * v.STILL_ANGLE)))
