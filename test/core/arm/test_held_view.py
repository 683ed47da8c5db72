"""The view targets stand in: live until something follows, then the one it began in; and none may begin in one that moves."""

import math

from telesurgery_nodes.core.arm.held_view import SETTLE, HeldView
from telesurgery_nodes.core.kinematics.frames import IDENTITY, Frame, axis_rotation

MOVED, FURTHER = Frame((0.1, 0.0, 0.0), IDENTITY.r), Frame((0.2, 0.0, 0.0), IDENTITY.r)


def test_held_while_following_and_live_again_after():
    view = HeldView()
    assert view.update(None, False, 0.0) is None and not view.settled
    assert view.update(IDENTITY, True, 0.0) is IDENTITY, "there was none to hold yet"
    assert view.update(MOVED, True, 0.1) is IDENTITY and view.update(None, True, 0.2) is IDENTITY and view.settled
    assert view.update(MOVED, False, 0.3) is MOVED and view.update(FURTHER, True, 0.4) is MOVED


def test_nothing_begins_in_a_view_that_has_just_moved_and_noise_is_no_motion():
    view = HeldView()
    view.update(IDENTITY, False, 0.0)
    assert not view.settled
    for tick in range(20):
        noise = Frame((1e-6 * (-1) ** tick, 0.0, 0.0), axis_rotation((1.0, 0.0, 0.0), 1e-5 * (-1) ** tick))
        view.update(noise, False, SETTLE + 0.02 * tick)
        assert view.settled
    for moved in (MOVED, Frame(MOVED.p, axis_rotation((0.0, 1.0, 0.0), math.radians(0.2)))):
        view.update(moved, False, 1.0)
        assert not view.settled
        view.update(moved, False, 1.0 + 0.9 * SETTLE)
        assert not view.settled
        view.update(moved, False, 1.0 + 1.01 * SETTLE)
        assert view.settled
