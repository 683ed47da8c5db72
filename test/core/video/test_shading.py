"""Light and the near plane."""

import numpy as np
import pytest

from telesurgery_nodes.core.video import meshes as m
from telesurgery_nodes.core.video.shading import clip_near, lit


def test_what_faces_the_lamp_and_is_near_is_brighter():
    flat = m.Mesh(np.zeros((2, 3)), np.array([[0.0, 0, 1], [0, 1, 0]]), np.full((2, 3), 0.3), np.zeros((0, 3), np.int32))
    near, far = (lit(flat, np.array([0.0, 0.0, distance])) for distance in (0.05, 0.3))
    assert (near[0] > near[1]).all() and (near > far).all()
    assert near.min() >= 0.0 and near.max() <= 1.0


def area(points, triangles):
    a, b, c = (points[triangles[:, i]] for i in range(3))
    return np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2


@pytest.mark.parametrize("seed", range(10))
def test_clipping_keeps_exactly_the_part_behind_the_plane(seed):
    """A unit square tilted through the plane z = near: the rest is its area behind that plane."""
    near = np.random.default_rng(seed).uniform(0.05, 0.95)
    points = np.array([[0.0, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 1]])
    cut, colors, triangles = clip_near(points, np.repeat(points[:, 2:], 3, axis=1), np.array([[0, 1, 2], [0, 2, 3]], np.int32), near)
    assert area(cut, triangles) == pytest.approx(1.0 - near)
    used = np.unique(triangles)
    assert (cut[used, 2] >= near - 1e-12).all()
    assert colors[used, 0] == pytest.approx(cut[used, 2]), "colours are cut with the corners"


def test_nothing_crossing_is_left_alone():
    points = np.array([[0.0, 0, 1], [1, 0, 1], [0, 1, 1], [0, 0, -1], [1, 0, -1], [0, 1, -1]])
    cut, _, triangles = clip_near(points, points, np.array([[0, 1, 2], [3, 4, 5]], np.int32), 0.1)
    assert cut is points and triangles.tolist() == [[0, 1, 2]]
