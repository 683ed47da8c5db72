"""The view targets stand in: live until something follows, then the one it began in."""

from telesurgery_nodes.core.arm.held_view import HeldView
from telesurgery_nodes.core.kinematics.frames import IDENTITY, Frame

MOVED, FURTHER = Frame((0.1, 0.0, 0.0), IDENTITY.r), Frame((0.2, 0.0, 0.0), IDENTITY.r)


def test_held_while_following_and_live_again_after():
    view = HeldView()
    assert view.update(None, False) is None
    assert view.update(IDENTITY, True) is IDENTITY, "there was none to hold yet"
    assert view.update(MOVED, True) is IDENTITY and view.update(None, True) is IDENTITY
    assert view.update(MOVED, False) is MOVED and view.update(FURTHER, True) is MOVED
