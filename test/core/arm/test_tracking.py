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
