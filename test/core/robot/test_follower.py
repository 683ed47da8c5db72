"""The reference between set points."""

from __future__ import annotations

import numpy as np
import pytest

from telesurgery_nodes.core.robot.follower import APPROACH, RAMP, Follower, Limits

LIMITS = Limits(np.array([-1.0, 0.0]), np.array([1.0, 0.2]), np.array([2.0, 0.4]))


def test_reaches_the_set_point_in_one_ramp_at_constant_velocity():
    follower = Follower(LIMITS, np.array([0.0, 0.1]))
    follower.aim(0, 0.004)
    seen = [follower.advance(RAMP / 4) for _ in range(5)]
    assert [float(each.position[0]) for each in seen] == pytest.approx([0.001, 0.002, 0.003, 0.004, 0.004])
    assert [float(each.velocity[0]) for each in seen] == pytest.approx([1.0, 1.0, 1.0, 1.0, 0.0])
    assert seen[-1].position[1] == 0.1


def test_never_faster_than_the_limit_and_arrives():
    follower = Follower(LIMITS, np.array([0.0, 0.1]))
    follower.aim(slice(0, 2), np.array([0.9, 0.02]))
    seen = [follower.advance(0.001) for _ in range(600)]
    assert max(abs(each.velocity[0]) for each in seen) == pytest.approx(2.0)
    assert max(abs(each.velocity[1]) for each in seen) == pytest.approx(0.4)
    assert seen[-1].position == pytest.approx([0.9, 0.02])


def test_outside_the_limits_is_clamped_and_counted():
    follower = Follower(LIMITS, np.array([0.0, 0.1]))
    follower.aim(slice(0, 2), np.array([5.0, 0.1]))
    assert follower.clamped == 1 and follower.goal == pytest.approx([1.0, 0.1])
    follower.aim(1, 0.2)
    assert follower.clamped == 1


def test_reset_forgets_the_set_point_and_stays_inside():
    follower = Follower(LIMITS, np.array([0.0, 0.1]))
    follower.aim(0, 0.5)
    follower.reset(np.array([0.2, 0.2000001]))
    after = follower.advance(0.001)
    assert after.position == pytest.approx([0.2, 0.2]) and not after.velocity.any()


def test_leash_keeps_the_reference_near_a_blocked_joint_and_the_goal_stands():
    follower = Follower(LIMITS, np.array([0.0, 0.1]))
    follower.aim(0, 0.5)
    for _ in range(100):
        follower.leash(np.array([0.0, 0.1]), np.array([0.01, 0.01]))
        reference = follower.advance(0.001)
    assert 0.0 < reference.position[0] <= 0.012 and follower.goal[0] == 0.5


def test_slows_down_before_a_joint_limit_and_never_passes_it():
    follower = Follower(LIMITS, np.array([0.9, 0.1]))
    follower.aim(0, 1.0)
    seen = [follower.advance(0.001) for _ in range(400)]
    assert all(each.velocity[0] <= APPROACH * (1.0 - each.position[0]) / (1.0 - APPROACH * 0.001) + 1e-9 for each in seen)
    assert 0.9999 < seen[-1].position[0] <= 1.0
