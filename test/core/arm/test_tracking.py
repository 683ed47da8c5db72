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
        assert not seen.update(IDENTITY, wrong, still, 1.0)
        assert not seen.update(IDENTITY, wrong, still, 1.049)
        assert seen.update(IDENTITY, wrong, still, 1.051)


def test_short_error_and_reset() -> None:
    seen = watch()
    assert not seen.update(IDENTITY, at(0.003), still, 1.0)
    assert not seen.update(IDENTITY, at(0.001), still, 1.04)
    assert not seen.update(IDENTITY, at(0.003), still, 1.06)
    seen.reset()
    assert not seen.update(IDENTITY, at(0.003), still, 1.2)


def test_lag_at_speed_is_allowed() -> None:
    seen = watch()
    for tick in range(20):
        assert not seen.update(IDENTITY, at(0.0045), lambda: (0.1, 0.0), tick * 0.01)
