"""A lasting error is a fault; a short one, and the motors' lag at speed, are not."""

from __future__ import annotations

import math

from telesurgery_nodes.core.arm.tracking import TrackingWatch
from telesurgery_nodes.core.kinematics.frames import IDENTITY, Frame, from_rpy


def watch() -> TrackingWatch:
    return TrackingWatch(0.002, 0.05, 0.05, 0.03)


def at(x: float, turn: float = 0.0) -> Frame:
    return Frame((x, 0.0, 0.0), from_rpy(turn, 0.0, 0.0))


def still() -> tuple[float, float]:
    return 0.0, 0.0


def test_lasting_position_or_rotation_error() -> None:
    for wrong in (at(0.003), at(0.0, 0.06), at(math.nan)):
        seen = watch()
        assert not seen.update(IDENTITY, wrong, 0.0, still, 1.0)
        assert not seen.update(IDENTITY, wrong, 0.0, still, 1.049)
        assert seen.update(IDENTITY, wrong, 0.0, still, 1.051)


def test_short_error_and_reset() -> None:
    seen = watch()
    assert not seen.update(IDENTITY, at(0.003), 0.0, still, 1.0)
    assert not seen.update(IDENTITY, at(0.001), 0.0, still, 1.04)
    assert not seen.update(IDENTITY, at(0.003), 0.0, still, 1.06)
    seen.reset()
    assert not seen.update(IDENTITY, at(0.003), 0.0, still, 1.2)


def test_lag_at_speed_is_allowed() -> None:
    seen = watch()
    for tick in range(20):
        assert not seen.update(IDENTITY, at(0.0045), 0.0, lambda: (0.1, 0.0), tick * 0.01)


def test_a_measurement_that_comes_late_shows_where_the_arm_was() -> None:
    """10 mm behind at 100 mm/s: the way of 80 ms is no error where the measurement is as old, and one where it is not."""
    for age, fault in ((0.08, False), (0.0, True), (-1.0, True), (math.nan, True)):
        seen = watch()
        assert [seen.update(IDENTITY, at(0.01), age, lambda: (0.1, 0.0), tick * 0.01) for tick in range(8)][-1] is fault


def played(measured, until: float = 0.6, age: float = 0.08) -> float | None:
    """When the fault comes, of a set point that goes at 0.1 m/s and 1 rad/s until 0.3 s and then stands. ``measured(t)``: path position."""
    seen, wanted, way = watch(), IDENTITY, -1.0
    for tick in range(int(until / 0.01)):
        now = tick * 0.01
        if min(now, 0.3) != way:
            way = min(now, 0.3)
            wanted = at(0.1 * way, way)  # one that stands is the same frame again, as tips.py gives it
        speed = (0.1, 1.0) if now < 0.3 else (0.0, 0.0)
        there = measured(now)
        if seen.update(wanted, at(0.1 * there, there), age, lambda speed=speed: speed, now):
            return now
    return None


def test_an_arm_that_follows_is_behind_a_set_point_that_has_just_stopped() -> None:
    """Lag and age make 0.11 s, and the arm is 11 mm and 6.3 deg behind: for so long after the stop it may be, and 50 ms more."""
    assert played(lambda now: max(0.0, min(now, 0.41) - 0.11)) is None


def test_an_arm_that_is_held_is_told_while_it_moves_and_after_it_stopped() -> None:
    assert played(lambda now: 0.0) < 0.3
    held = played(lambda now: max(0.0, min(now, 0.28) - 0.11))  # it stops 24 mm before where it should
    assert 0.3 < held <= 0.3 + 0.11 + 0.05 + 0.02


def test_what_the_set_point_came_long_ago_is_no_excuse() -> None:
    seen = watch()
    for tick in range(50):
        seen.update(at(0.001 * tick), at(0.001 * tick), 0.0, still, 0.01 * tick)
    seen.update(at(0.05), at(0.04), 0.0, still, 0.5)
    assert seen.update(at(0.05), at(0.04), 0.0, still, 0.6)
    assert len(seen._path) <= 52
    seen.update(at(0.05), at(0.05), 0.0, still, 9.0)
    assert len(seen._path) <= 2


def test_a_reset_forgets_the_way() -> None:
    seen = watch()
    seen.update(at(0.0), at(0.0), 0.0, still, 1.0)
    seen.reset()
    assert not seen.update(at(0.02), at(0.017), 0.0, still, 1.001)
    assert seen.update(at(0.02), at(0.017), 0.0, still, 1.052)


def test_of_a_long_tick_only_what_is_within_the_lag_counts() -> None:
    seen, there = watch(), at(0.01)
    seen.update(at(0.0), at(0.0), 0.0, still, 1.0)
    assert not seen.update(there, at(0.004), 0.0, still, 1.1)  # 30 of 100 ms: 3 mm and the 2 that are always allowed, and it is 6 behind
    assert seen.update(there, at(0.004), 0.0, still, 1.16)


def test_a_measurement_that_stays_away_is_no_evidence_against_the_arm() -> None:
    seen = watch()
    for tick in range(15):  # the same one, older and older
        assert not seen.update(at(0.01), at(0.0), 0.01 * tick, still, 1.0 + 0.01 * tick)
    assert not seen.update(at(0.01), at(0.0095), 0.0, still, 1.15)
    assert not seen.update(at(0.01), at(0.0), 0.0, still, 1.16)
    assert not seen.update(at(0.01), at(0.0), 0.06, still, 1.22)
    assert seen.update(at(0.01), at(0.0), 0.0, still, 1.23)
