"""The jaw ghost: no jump, two speeds, counted clamps."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telesurgery_nodes.core.teleop.jaw import GRIPPER_OPEN, JAW_MAX, JAW_MIN, RATE, RATE_CATCHING_UP, JawFollower, jaw_of

TICK = 0.004


def test_gripper_range_maps_to_the_jaw_range():
    assert jaw_of(0.0) == 0.0
    assert jaw_of(GRIPPER_OPEN) == pytest.approx(JAW_MAX)


@settings(max_examples=60, deadline=None)
@given(st.floats(-0.3, 1.3), st.lists(st.floats(-3.0, 3.0), min_size=1, max_size=60))
def test_never_faster_than_the_rate_and_never_outside(jaw, grippers):
    follower, last, slow = JawFollower(), jaw, True
    follower.start(jaw, 0.0)
    assert follower.update(grippers[0], 0.0) == pytest.approx(jaw)
    for index, gripper in enumerate(grippers, start=1):
        now = follower.update(gripper, index * TICK)
        assert abs(now - last) <= (RATE_CATCHING_UP if slow else RATE) * TICK + 1e-12
        slow = slow and now != min(max(jaw_of(gripper), JAW_MIN), JAW_MAX)
        last = now
    assert follower.ghost == last


def test_slow_until_caught_up_and_fast_after():
    follower = JawFollower()
    follower.start(0.0, 0.0)
    assert follower.update(GRIPPER_OPEN, 1.0) == pytest.approx(math.radians(36.0))
    assert follower.update(GRIPPER_OPEN, 3.0) == pytest.approx(JAW_MAX)
    assert follower.update(0.0, 3.05) == pytest.approx(JAW_MAX - math.radians(36.0))
    follower.start(follower.ghost, 3.05)
    assert follower.update(0.0, 3.15) == pytest.approx(JAW_MAX - math.radians(36.0 + 3.6))


def test_a_clock_running_backwards_moves_nothing():
    follower = JawFollower()
    follower.start(0.5, 10.0)
    assert follower.update(0.0, 9.0) == 0.5
    assert follower.update(0.0, 10.0) == 0.5


def test_clamps_are_counted():
    follower = JawFollower()
    follower.start(JAW_MIN, 0.0)
    assert follower.update(-1.0, 1.0) == JAW_MIN
    follower.update(0.1, 2.0)
    assert follower.clamped == 1
