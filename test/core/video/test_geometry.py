"""Laws of the stereo geometry."""

import math

import numpy as np
import pytest

from telesurgery_nodes.core.video import geometry as g
from telesurgery_nodes.errors import ConfigError


def test_disparity_law_and_rows_agree():
    model = g.StereoGeometry(640, 480)
    points = np.array([[0.01, -0.02, 0.1], [0.0, 0.0, 0.2]])
    left, right = (g.project(projection, points) for projection in (model.left_projection, model.right_projection))
    assert left[:, 0] - right[:, 0] == pytest.approx(model.focal * model.baseline / points[:, 2])
    assert left[:, 1] == pytest.approx(right[:, 1])
    assert model.right_projection[0, 3] == pytest.approx(-model.focal * model.baseline)


def test_the_field_of_view_ends_at_the_picture_edge():
    model = g.StereoGeometry(640, 480, math.radians(60))
    edge = np.array([[0.0, math.tan(math.radians(30)), 1.0]])
    assert g.project(model.left_projection, edge)[0] == pytest.approx([319.5, 479.5])


def test_pack_and_split_are_inverse():
    left, right = np.zeros((4, 6, 3), np.uint8), np.ones((4, 6, 3), np.uint8)
    packed = g.pack_side_by_side(left, right)
    assert packed.shape == (4, 12, 3) and packed.flags.c_contiguous
    again = g.split_side_by_side(packed)
    assert (again[0] == left).all() and (again[1] == right).all()


@pytest.mark.parametrize("args", [(641, 480), (640, 0), (640, 480, 0.0), (640, 480, math.nan), (640, 480, 1.0, -1.0)])
def test_nonsense_is_refused(args):
    with pytest.raises(ConfigError):
        g.StereoGeometry(*args)


def test_unequal_eyes_and_odd_pictures_are_refused():
    with pytest.raises(ConfigError):
        g.pack_side_by_side(np.zeros((4, 6, 3), np.uint8), np.zeros((4, 8, 3), np.uint8))
    with pytest.raises(ConfigError):
        g.split_side_by_side(np.zeros((4, 7, 3), np.uint8))
