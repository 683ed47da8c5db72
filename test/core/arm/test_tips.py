"""A tip is computed once for the joints at hand, and never told for others."""

from __future__ import annotations

import math

import pytest

from telesurgery_nodes.core.arm.tips import Tips
from telesurgery_nodes.core.kinematics.frames import IDENTITY_ROTATION, Frame


class Counted:
    """Kinematics that count."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, ...]] = []

    def forward(self, q: tuple[float, ...]) -> Frame:
        self.asked.append(q)
        return Frame((q[0], 0.0, 0.0), IDENTITY_ROTATION)


def joints(x: float) -> tuple[float, ...]:
    return (x,)


def test_set_points_that_change_do_not_push_out_what_is_measured() -> None:
    counted = Counted()
    tips, measured = Tips(counted.forward), joints(-1.0)
    for number in range(5):
        setpoint = joints(float(number))
        for _ in range(3):
            assert tips.of(setpoint).p[0] == float(number) and tips.of(measured).p[0] == -1.0
    assert counted.asked.count((-1.0,)) == 1 and len(counted.asked) == 6


def test_others_are_computed_anew_and_equal_ones_are_not() -> None:
    counted = Counted()
    tips = Tips(counted.forward)
    assert [tips.of(joints(x)).p[0] for x in (1.0, 1.0, 2.0, 3.0, 1.0)] == [1.0, 1.0, 2.0, 3.0, 1.0]
    assert counted.asked == [(1.0,), (2.0,), (3.0,), (1.0,)]


def test_what_is_no_number_is_like_nothing_else() -> None:
    counted = Counted()
    tips, nan = Tips(counted.forward), float("nan")
    for _ in range(2):
        assert math.isnan(tips.of((nan + 1.0,)).p[0])
    assert len(counted.asked) == 2


def test_what_fails_is_asked_for_again() -> None:
    def broken(q: tuple[float, ...]) -> Frame:
        raise ValueError

    tips, one = Tips(broken), joints(1.0)
    for _ in range(2):
        with pytest.raises(ValueError):
            tips.of(one)
