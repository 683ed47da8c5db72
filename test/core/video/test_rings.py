"""Rings: where they are put, and when they count as resting."""

import numpy as np
import pytest

from telesurgery_nodes.core.kinematics.frames import IDENTITY, Frame
from telesurgery_nodes.core.video.rings import RING_COLORS, ring_frame, ring_mesh, settled
from telesurgery_nodes.core.video.view import STILL_DISTANCE

TURNED = (0.0, 0.0, 0.0, 3.0, 3.0, 0.0, 0.0)  # a quarter about x, the quaternion not of unit length


@pytest.mark.parametrize(("pose", "size"), [((1, 2, 3, 1, 0, 0, 0), (0.0166, 0.0166, 0.0036)), (TURNED, (0.0166, 0.0036, 0.0166))])
def test_rings_lie_where_they_are_put(pose, size):
    mesh = ring_mesh(0, ring_frame(pose), 0.0065, 0.0018)
    assert np.ptp(mesh.vertices, axis=0) == pytest.approx(size, rel=0.06)
    assert mesh.vertices.mean(axis=0) == pytest.approx(pose[:3], abs=1e-3)
    assert mesh.closed


def test_rings_are_coloured_in_turn():
    colors = [tuple(ring_mesh(number, IDENTITY, 0.0065, 0.0018).colors[0]) for number in range(len(RING_COLORS) + 1)]
    assert colors == [*RING_COLORS, RING_COLORS[0]]


def at(*places):
    return tuple(Frame((x, 0.0, 0.0), IDENTITY.r) for x in places)


def test_what_trembles_stays_where_it_was_drawn():
    drawn = at(0.0, 0.1)
    for step in range(1, 50):
        wanted = at(STILL_DISTANCE / 2 * (-1) ** step, 0.1)
        assert settled(drawn, wanted) == drawn


def test_what_creeps_is_followed_in_steps_too_small_to_see():
    drawn = at(0.0)
    for step in range(200):
        (place,) = wanted = at(step * STILL_DISTANCE / 10)
        drawn = settled(drawn, wanted)
        assert abs(drawn[0].p[0] - place.p[0]) < STILL_DISTANCE
    assert drawn != at(0.0)


def test_what_moves_and_what_is_new_is_where_it_should_be():
    assert settled(at(0.0, 1.0), at(0.0, 2.0)) == at(0.0, 2.0)
    assert settled(at(0.0), at(0.0, 2.0)) == at(0.0, 2.0)
    assert settled(at(0.0, 1.0), at(5.0)) == at(5.0)
    assert settled((), ()) == ()
