"""The reference between set points."""

from __future__ import annotations

import numpy as np
import pytest

from telesurgery_nodes.core.robot.follower import APPROACH, RAMP, Follower, Limits

LIMITS = Limits(np.array([-1.0, 0.0]), np.array([1.0, 0.2]), np.array([2.0, 0.4]))


def test_reaches_the_set_point_in_one_ramp_at_constant_velocity():
    follower = Follower(LIMITS, np.array([0.0, 0.1]))
    follower.aim(slice(0, 1), [0.004])
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
    follower.aim(slice(1, 2), [0.2])
    assert follower.clamped == 1


def test_reset_forgets_the_set_point_and_stays_inside():
    follower = Follower(LIMITS, np.array([0.0, 0.1]))
    follower.aim(slice(0, 1), [0.5])
    follower.reset(np.array([0.2, 0.2000001]))
    after = follower.advance(0.001)
    assert after.position == pytest.approx([0.2, 0.2]) and not any(after.velocity)


def test_leash_keeps_the_reference_near_a_blocked_joint_and_the_goal_stands():
    follower = Follower(LIMITS, np.array([0.0, 0.1]))
    follower.aim(slice(0, 1), [0.5])
    for _ in range(100):
        follower.leash(np.array([0.0, 0.1]), np.array([0.01, 0.01]))
        reference = follower.advance(0.001)
    assert 0.0 < reference.position[0] <= 0.012 and follower.goal[0] == 0.5


def test_slows_down_before_a_joint_limit_and_never_passes_it():
    follower = Follower(LIMITS, np.array([0.9, 0.1]))
    follower.aim(slice(0, 1), [1.0])
    seen = [follower.advance(0.001) for _ in range(400)]
    assert all(each.velocity[0] <= APPROACH * (1.0 - each.position[0]) / (1.0 - APPROACH * 0.001) + 1e-9 for each in seen)
    assert 0.9999 < seen[-1].position[0] <= 1.0


def in_numpy(follower, goal, left, dt):
    """The law once more, for all joints at once: (position, velocity) after ``dt``."""
    position = np.array(follower._position)
    velocity = (goal - position) / np.maximum(left, dt)
    ahead = APPROACH * np.maximum(LIMITS.upper - position, 0.0)
    behind = APPROACH * np.maximum(position - LIMITS.lower, 0.0)
    velocity = np.minimum(np.maximum(velocity, -np.minimum(LIMITS.velocity, behind)), np.minimum(LIMITS.velocity, ahead))
    return position + velocity * dt, velocity


def test_each_joint_by_itself_is_bit_for_bit_the_law_for_all_at_once():
    random, follower, left = np.random.default_rng(4), Follower(LIMITS, [0.0, 0.1]), np.zeros(2)
    for step in range(3000):
        if step % 7 == 0:
            wanted = random.uniform([-1.5, -0.3], [1.5, 0.5]) if step % 3 else follower.goal + random.normal(size=2) * 1e-4
            follower.aim(slice(0, 2), wanted.tolist())
            left[:] = RAMP
        if step % 50 == 0:  # held back, and beyond the joint limits too
            follower.leash(random.uniform(-1.1, 1.1, 2).tolist(), [0.01, 0.02])
        dt = float(random.choice([0.001, 0.0005, 0.003]))
        position, velocity = in_numpy(follower, follower.goal, left, dt)
        reference, left = follower.advance(dt), np.maximum(left - dt, 0.0)
        assert reference.position == position.tolist() and reference.velocity == velocity.tolist()


def test_what_is_no_number_never_becomes_a_motion():
    follower = Follower(LIMITS, [0.0, 0.1])
    follower.aim(slice(0, 1), [float("nan")])
    assert not np.isfinite(follower.advance(0.001).position[0])
