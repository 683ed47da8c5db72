"""The view targets stand in: live until something follows, then the one it began in; and none may begin in one that moves."""

import math

from telesurgery_nodes.core.arm.held_view import KEEP_M, KEEP_RAD, SETTLE, STEP_M, STEP_RAD, HeldView
from telesurgery_nodes.core.kinematics.frames import IDENTITY, Frame, axis_rotation
from telesurgery_nodes.core.link.view_watch import MOVED_M, MOVED_RAD

MOVED, FURTHER = Frame((0.1, 0.0, 0.0), IDENTITY.r), Frame((0.2, 0.0, 0.0), IDENTITY.r)


def turned(radians, metres=0.0):
    return Frame((metres, 0.0, 0.0), axis_rotation((0.0, 1.0, 0.0), radians))


def test_held_while_following_and_live_again_after():
    view = HeldView()
    assert view.update(None, False, 0.0) is None and not view.settled
    assert view.update(IDENTITY, True, 0.0) is IDENTITY, "there was none to hold yet"
    assert view.update(MOVED, True, 0.1) is IDENTITY and view.update(None, True, 0.2) is IDENTITY and view.settled
    assert view.update(MOVED, False, 0.3) is MOVED and view.update(FURTHER, True, 0.4) is MOVED
    assert view.update(None, False, 0.5) is None, "a view that is not known is none"


def test_a_hold_in_between_keeps_the_very_same_view_unless_the_camera_moved():
    view = HeldView()
    view.update(IDENTITY, False, 0.0)
    assert view.update(turned(0.9 * KEEP_RAD, 0.9 * KEEP_M), False, 0.1) is IDENTITY
    other = turned(1.1 * KEEP_RAD)
    assert view.update(other, False, 0.2) is other
    deeper = turned(1.1 * KEEP_RAD, 1.1 * KEEP_M)
    assert view.update(deeper, False, 0.3) is deeper


def test_the_bridge_ends_an_epoch_before_this_takes_another_view_and_nothing_begins_meanwhile():
    assert MOVED_M < KEEP_M and MOVED_RAD < KEEP_RAD and STEP_M < KEEP_M and STEP_RAD < KEEP_RAD


def test_nothing_begins_in_a_view_that_has_just_moved_and_noise_is_no_motion():
    view = HeldView()
    view.update(IDENTITY, False, 0.0)
    assert not view.settled
    for tick in range(20):
        view.update(turned(1e-5 * (-1) ** tick, 1e-6 * (-1) ** tick), False, SETTLE + 0.02 * tick)
        assert view.settled
    for number, moved in enumerate((MOVED, Frame(MOVED.p, turned(math.radians(0.11)).r)), 1):
        start = 10.0 * number
        view.update(moved, False, start)
        assert not view.settled
        view.update(moved, False, start + 0.9 * SETTLE)
        assert not view.settled
        view.update(moved, False, start + 1.01 * SETTLE)
        assert view.settled
