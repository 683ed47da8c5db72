"""Laws of the limiter: never faster than allowed in speed, acceleration or jerk, always able to stop in range, nothing silent."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telesurgery_nodes.core.kinematics.limits import JointLimits
from telesurgery_nodes.core.kinematics.reasons import Limit
from telesurgery_nodes.core.kinematics.stepper import StepLimiter
from telesurgery_nodes.errors import ConfigError

LIMITS = JointLimits((-1.0, 0.0), (1.0, 0.3), (2.0, 0.2), (20.0, 4.0), (0.1, 0.01), (4000.0, 800.0))
DT = 0.004
EXACT = 1.0 + 1e-6  # what differences of rounded positions leave of a bound
GOALS = st.tuples(st.floats(-1.0, 1.0), st.floats(0.0, 0.3))
TICKS = st.lists(st.tuples(st.one_of(st.none(), GOALS), st.floats(1e-3, 0.02), st.floats(0.1, 1.0)), min_size=1, max_size=150)


class Watch:
    """Divided differences of the set points, which the mean value theorem bounds by the limits of the continuous motion."""

    def __init__(self, limiter: StepLimiter) -> None:
        self.limiter, self.limits, self.now = limiter, limiter.limits, 0.0
        self.past: list[tuple[float, tuple[float, ...]]] = [(0.0, limiter.position)]

    def check(self, dt: float) -> None:
        self.now += dt
        self.past = [*self.past[-3:], (self.now, self.limiter.position)]
        assert self.limits.inside(self.limiter.position) and self.limits.inside(self.limiter.lead)
        bounds = (self.limits.velocity, self.limits.acceleration, self.limits.jerk)
        for order, bound in enumerate(bounds, 1):
            if len(self.past) > order:
                found = math.factorial(order)
                for joint, most in enumerate(bound):
                    assert abs(found * self._divided(self.past[-order - 1 :], joint)) <= most * EXACT + 1e-9 / dt**order * 1e-4

    def _divided(self, points: list, joint: int) -> float:
        if len(points) == 1:
            return points[0][1][joint]
        return (self._divided(points[1:], joint) - self._divided(points[:-1], joint)) / (points[-1][0] - points[0][0])


def stop_in_range(limiter: StepLimiter) -> int:
    """Brakes to rest; a hold is always granted, in range, and the path along a line."""
    before, ticks = limiter.lead_velocity, 0
    while not limiter.resting:
        limiter.brake(DT)
        ticks += 1
        assert limiter.limits.inside(limiter.position)
        assert limiter.lead_velocity[0] * before[1] == pytest.approx(limiter.lead_velocity[1] * before[0], abs=1e-12)
    return ticks


@settings(max_examples=150, deadline=None)
@given(GOALS, TICKS)
def test_no_input_breaks_a_limit(start: tuple[float, float], ticks: list) -> None:
    limiter = StepLimiter(LIMITS)
    limiter.reset(start)
    watch = Watch(limiter)
    for goal, dt, speed in ticks:
        limiter.brake(dt) if goal is None else limiter.step(goal, dt, speed)
        watch.check(dt)
    longest = max(v / a for v, a in zip(LIMITS.velocity, LIMITS.acceleration, strict=True)) + LIMITS.rise_time
    assert stop_in_range(limiter) <= math.ceil(longest / DT) + 1


def test_a_long_walk_of_hostile_targets_breaks_no_limit() -> None:
    """The same with a short memory and every way to end a tick, long enough to get into corners that a short list does not."""
    rnd, limiter = random.Random(4), StepLimiter(LIMITS)
    limiter.reset((0.0, 0.1))
    watch, goal = Watch(limiter), (1.0, 0.3)
    for _ in range(20_000):
        if rnd.random() < 0.1:
            goal = tuple(rnd.choice((low, high, rnd.uniform(low, high))) for low, high in zip(LIMITS.lower, LIMITS.upper, strict=True))
        dt = rnd.choice((1e-3, DT, DT, 0.02, rnd.uniform(1e-3, 0.02)))
        limiter.brake(dt) if rnd.random() < 0.02 else limiter.step(goal, dt, rnd.choice((1.0, 1.0, 0.2)))
        watch.check(dt)
    stop_in_range(limiter)


def test_a_far_goal_is_reached_straight_and_without_overshoot() -> None:
    limiter, goal, start = StepLimiter(LIMITS), (0.9, 0.25), (-0.5, 0.05)
    limiter.reset(start)
    reasons = Limit.NONE
    for _ in range(600):
        reasons |= limiter.step(goal, DT)
        along = (limiter.position[0] - start[0]) / 1.4
        assert limiter.position[1] - start[1] == pytest.approx(0.2 * along, abs=1e-12)
        assert along <= 1.0 + 1e-9
    assert limiter.position == pytest.approx(goal, abs=1e-6) and limiter.resting
    assert Limit.VELOCITY in reasons and Limit.ACCELERATION in reasons and Limit.JERK in reasons


def test_at_rest_the_set_point_is_the_very_same_tuple() -> None:
    limiter = StepLimiter(LIMITS)
    limiter.reset((0.0, 0.1))
    for _ in range(200):
        limiter.step((0.1, 0.15), DT)
    before = limiter.position
    limiter.step((0.1, 0.15), DT)
    assert limiter.position is before


def test_a_goal_turned_back_at_the_edge_does_not_cross_it() -> None:
    limiter = StepLimiter(LIMITS)
    limiter.reset((0.0, 0.29))
    for tick in range(400):
        limiter.step((0.99 if tick % 60 < 40 else -0.99, 0.3), DT)
        assert LIMITS.inside(limiter.position)


def test_a_joint_that_turns_round_within_a_tick_may_not_turn_outside() -> None:
    limiter = StepLimiter(LIMITS)
    limiter.reset((0.999, 0.1))
    limiter.lead_velocity = (0.2, 0.0)  # stops on 1.0 at 20 per s2
    assert limiter._can_stop((-0.2, 0.0), 0.02)
    assert not limiter._can_stop((-0.15, 0.0), 0.02), "ends at 0.9995, but by way of 1.0001"


def test_stopping_is_reported() -> None:
    limiter, seen = StepLimiter(JointLimits(*[*_columns()[:4], (0.0, 0.0), _columns()[5]])), Limit.NONE
    limiter.reset((0.9, 0.1))
    limiter.lead_velocity = (2.0, 0.0)  # as left by an earlier step; stops within 0.1
    for _ in range(30):
        seen |= limiter.step((1.0, 0.3), DT)
        assert LIMITS.inside(limiter.position)
    assert Limit.STOPPING in seen


def _columns() -> list[tuple[float, ...]]:
    return [LIMITS.lower, LIMITS.upper, LIMITS.velocity, LIMITS.acceleration, LIMITS.margin, LIMITS.jerk]


def test_the_soft_margin_slows_towards_the_end_only_and_the_end_is_reached() -> None:
    limiter, fastest, reasons = StepLimiter(LIMITS), 0.0, Limit.NONE
    limiter.reset((0.8, 0.1))
    for _ in range(1000):
        reasons |= limiter.step((1.0, 0.1), DT)
        if limiter.position[0] > 0.99:  # 0.63 by the acceleration alone
            fastest = max(fastest, limiter.velocity[0])
    assert Limit.SOFT_MARGIN in reasons and fastest <= 0.5
    assert limiter.position[0] == pytest.approx(1.0, abs=1e-6)
    assert Limit.SOFT_MARGIN not in limiter.step((0.0, 0.1), DT)
    assert LIMITS.margin_share((1.0, 0.1), (-2.0, 0.0)) == 1.0 and LIMITS.margin_share((1.0, 0.1), (2.0, 0.0)) < 0.1


def test_a_law_scales_the_whole_step_and_every_law_that_bites_is_told() -> None:
    laws = (lambda _q, v: (min(1.0, 0.1 / max(abs(v[0]), 1e-12)), Limit.TIP_SPEED), lambda _q, v: (0.99, Limit.FORCE))
    limiter = StepLimiter(LIMITS, laws)
    limiter.reset((0.0, 0.1))
    reasons = Limit.NONE
    for _ in range(50):
        reasons |= limiter.step((1.0, 0.2), DT)
    assert Limit.TIP_SPEED in reasons and Limit.FORCE in reasons and limiter.velocity == pytest.approx((0.1, 0.01), rel=1e-6)


@pytest.mark.parametrize("share", [0.0, -1.0, math.nan])
def test_a_ceiling_of_nothing_brakes(share: float) -> None:
    limiter = StepLimiter(LIMITS)
    limiter.reset((0.0, 0.1))
    for _ in range(20):
        limiter.step((0.9, 0.2), DT)
    for _ in range(40):
        assert Limit.COLLISION in limiter.step((0.9, 0.2), DT, ceiling=(share, Limit.COLLISION))
    assert limiter.resting


def test_outside_the_range_it_only_comes_back() -> None:
    limiter = StepLimiter(LIMITS)
    limiter.reset((1.2, 0.1))
    last = 1.2
    for _ in range(200):
        limiter.step((0.5, 0.1), DT)
        assert limiter.position[0] <= last
        last = limiter.position[0]
    assert last == pytest.approx(0.5, abs=1e-6)


def circle(q: tuple[float, ...], v: tuple[float, ...], dt: float) -> tuple[float, ...]:
    """Carry on the circle of radius 0.2 around (0, 0): no speed along the radius but what brings an error back."""
    radius = math.hypot(*q)
    nx, ny = q[0] / radius, q[1] / radius
    out = v[0] * nx + v[1] * ny + (radius - 0.2) / dt
    return (v[0] - out * nx, v[1] - out * ny)


def test_carry_keeps_a_surface_while_moving_turning_and_braking() -> None:
    limits = JointLimits((-1.0, -1.0), (1.0, 1.0), (0.5, 0.5), (20.0, 20.0), (0.0, 0.0), (4000.0, 4000.0))
    found = {}
    for carry in (circle, None):
        limiter = StepLimiter(limits, (), carry)
        limiter.reset((0.2, 0.0))
        worst, way = 0.0, 1.0
        for tick in range(600):
            x, y = limiter.lead
            way = -way if tick % 150 == 100 else way
            if tick % 150 < 120:  # a goal along the tangent, as a follower on a surface gives it
                limiter.step((x - 0.5 * way * y, y + 0.5 * way * x), DT)
            else:
                limiter.brake(DT)
            worst = max(worst, abs(math.hypot(*limiter.position) - 0.2))
        found[carry] = worst
    assert found[circle] < 1e-4 and found[None] > 20.0 * found[circle]


def test_a_carry_that_gives_no_number_is_not_taken() -> None:
    limiter = StepLimiter(LIMITS, (), lambda _q, v, _dt: (math.nan,) * len(v))
    limiter.reset((0.0, 0.1))
    for _ in range(50):
        limiter.step((0.5, 0.2), DT)
    limiter.brake(DT)
    assert all(map(math.isfinite, limiter.position)) and limiter.position[0] > 0.0


def test_reset_wants_finite_joints() -> None:
    for bad in ((0.0,), (math.nan, 0.0)):
        with pytest.raises(ConfigError, match="finite"):
            StepLimiter(LIMITS).reset(bad)


def test_standing_is_the_same_short_cut_or_not() -> None:
    """A jaw that has arrived skips its tick; one with a law that allows everything, which must be asked, does not: the same bits."""
    chance = random.Random(3)
    jaw = JointLimits((-0.2,), (1.5,), (3.0,), (40.0,), (0.05,), (2000.0,))
    one, other = StepLimiter(jaw), StepLimiter(jaw, (lambda q, v: (1.0, Limit.NONE),))
    for limiter in (one, other):
        limiter.reset((0.1,))
    goal, stood = (0.1,), 0
    for number in range(2000):
        if number % 90 == 0:
            goal = (chance.uniform(-0.2, 1.5),)
        ceiling = (0.5, Limit.FORCE) if number % 7 == 0 else (1.0, Limit.NONE)
        dt = chance.choice((0.004, 0.004, 0.01))
        stood += one.resting
        assert one.step(goal, dt, ceiling=ceiling) == other.step(goal, dt, ceiling=ceiling)
        assert (one.position, one.velocity, one.lead, one.time, one.resting) == (
            other.position, other.velocity, other.lead, other.time, other.resting,
        )  # fmt: skip
    assert stood > 200
