"""Laws of the limiter: never faster than allowed, always able to stop in range, straight braking, nothing silent."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telesurgery_nodes.core.kinematics.limits import JointLimits, Limit, StepLimiter
from telesurgery_nodes.errors import ConfigError

LIMITS = JointLimits((-1.0, 0.0), (1.0, 0.3), (2.0, 0.2), (20.0, 4.0), (0.1, 0.01))
DT = 0.004
GOALS = st.tuples(st.floats(-1.0, 1.0), st.floats(0.0, 0.3))
TICKS = st.lists(st.tuples(st.one_of(st.none(), GOALS), st.floats(1e-4, 0.02), st.floats(0.1, 1.0)), min_size=1, max_size=150)


@settings(max_examples=150, deadline=None)
@given(GOALS, TICKS)
def test_no_input_breaks_a_limit(start: tuple[float, float], ticks: list) -> None:
    limiter = StepLimiter(LIMITS)
    limiter.reset(start)
    for goal, dt, speed in ticks:
        q, v = limiter.position, limiter.velocity
        limiter.brake(dt) if goal is None else limiter.step(goal, dt, speed)
        for i in range(2):
            assert abs(limiter.position[i] - q[i]) <= LIMITS.velocity[i] * dt * (1 + 1e-9)
            assert abs(limiter.velocity[i] - v[i]) <= LIMITS.acceleration[i] * dt * (1 + 1e-9)
        assert LIMITS.inside(limiter.position)
    before, moving = limiter.velocity, 0
    while not limiter.resting:  # a hold is always granted, in range, along the path
        limiter.brake(DT)
        moving += 1
        assert LIMITS.inside(limiter.position)
        assert limiter.velocity[0] * before[1] == pytest.approx(limiter.velocity[1] * before[0], abs=1e-12)
    assert moving <= math.ceil(max(v / a for v, a in zip(LIMITS.velocity, LIMITS.acceleration, strict=True)) / DT) + 1


def test_a_far_goal_is_reached_straight_and_without_overshoot() -> None:
    limiter, goal, start = StepLimiter(LIMITS), (0.9, 0.25), (-0.5, 0.05)
    limiter.reset(start)
    reasons = Limit.NONE
    for _ in range(600):
        reasons |= limiter.step(goal, DT)
        along = (limiter.position[0] - start[0]) / 1.4
        assert limiter.position[1] - start[1] == pytest.approx(0.2 * along, abs=1e-12)
        assert along <= 1.0 + 1e-9
    assert limiter.position == pytest.approx(goal, abs=1e-6)
    assert Limit.VELOCITY in reasons and Limit.ACCELERATION in reasons


def test_a_goal_turned_back_at_the_edge_does_not_cross_it() -> None:
    limiter = StepLimiter(LIMITS)
    limiter.reset((0.0, 0.29))
    for tick in range(400):
        limiter.step((0.99 if tick % 60 < 40 else -0.99, 0.3), DT)
        assert LIMITS.inside(limiter.position)


def test_stopping_is_reported() -> None:
    limiter, seen = StepLimiter(LIMITS), Limit.NONE
    limiter.reset((0.0, 0.1))
    limiter.velocity = (2.0, 0.0)  # as left by an earlier step; stops within 0.1
    limiter.position = (0.9, 0.1)
    for _ in range(30):
        seen |= limiter.step((1.0, 0.3), DT)
        assert LIMITS.inside(limiter.position)
    assert Limit.STOPPING in seen


def test_tip_speed_scales_the_whole_step() -> None:
    limiter = StepLimiter(LIMITS, lambda _q, v: min(1.0, 0.1 / max(abs(v[0]), 1e-12)))
    limiter.reset((0.0, 0.1))
    reasons = Limit.NONE
    for _ in range(50):
        reasons |= limiter.step((1.0, 0.2), DT)
    assert Limit.TIP_SPEED in reasons and limiter.velocity == pytest.approx((0.1, 0.01), rel=1e-6)


def test_outside_the_range_it_only_comes_back() -> None:
    limiter = StepLimiter(LIMITS)
    limiter.reset((1.2, 0.1))
    last = 1.2
    for _ in range(200):
        limiter.step((0.5, 0.1), DT)
        assert limiter.position[0] <= last
        last = limiter.position[0]
    assert last == pytest.approx(0.5, abs=1e-6)


def test_clamp_reports() -> None:
    assert LIMITS.clamp((0.0, 0.1)) == ((0.0, 0.1), Limit.NONE)
    assert LIMITS.clamp((2.0, 0.1)) == ((1.0, 0.1), Limit.POSITION | Limit.SOFT_MARGIN)
    assert LIMITS.soft((0.95, 0.1)) is Limit.SOFT_MARGIN


@pytest.mark.parametrize("column", range(5))
def test_bad_limits_are_refused(column: int) -> None:
    rows = [(-1.0,), (1.0,), (2.0,), (20.0,), (0.1,)]
    short = [*rows[:column], (*rows[column], 1.0), *rows[column + 1 :]]
    with pytest.raises(ConfigError):
        JointLimits(*short)
    with pytest.raises(ConfigError):
        JointLimits(*[*rows[:column], (math.nan,), *rows[column + 1 :]])


def test_reset_wants_finite_joints() -> None:
    for bad in ((0.0,), (math.nan, 0.0)):
        with pytest.raises(ConfigError, match="finite"):
            StepLimiter(LIMITS).reset(bad)
