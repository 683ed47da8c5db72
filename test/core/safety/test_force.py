"""How severe a force is, and which steps go against it: both sides of every limit."""

import math
from dataclasses import FrozenInstanceError

import pytest

from telesurgery_nodes.core.safety.force import ALONG, Force, ForceLimits, Push, push, pushes

LIMITS = ForceLimits(warn=3.0, stop=5.0, age=0.15)


@pytest.mark.parametrize(
    ("newton", "state"), [(0.0, Push.FREE), (3.0, Push.FREE), (3.0001, Push.WARN), (5.0, Push.WARN), (5.0001, Push.STOP), (1e6, Push.STOP)]
)
def test_each_limit_from_both_sides(newton, state):
    for direction in ((1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.6, -0.8)):
        assert push(Force(tuple(newton * x for x in direction), 0.0), LIMITS) is state


@pytest.mark.parametrize("age", [-1e-9, 0.1500001, math.inf, math.nan])
def test_an_old_or_impossible_age_is_unknown(age):
    assert push(Force((0.0, 0.0, 0.0), age), LIMITS) is Push.UNKNOWN
    assert push(Force((0.0, 0.0, 0.0), 0.15), LIMITS) is Push.FREE


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_force_that_is_not_a_number_is_unknown(bad):
    for axis in range(3):
        vector = tuple(bad if axis == index else 0.0 for index in range(3))
        assert push(Force(vector, 0.0), LIMITS) is Push.UNKNOWN
        assert push(Force(vector, 0.0), LIMITS.unrequired()) is Push.UNKNOWN, "measured, and wrong: not the same as not measured"


def test_no_force_at_all_is_unknown_only_where_it_is_required():
    assert push(None, LIMITS) is Push.UNKNOWN
    assert push(None, LIMITS.unrequired()) is Push.FREE
    assert LIMITS.unrequired() == ForceLimits(3.0, 5.0, 0.15, False)


def test_only_a_step_against_the_force_pushes():
    force = Force((0.0, 0.0, 4.0), 0.0)
    assert pushes((0.0, 0.0, -1e-6), force) and pushes((0.01, 0.0, -2.0 * ALONG), force)
    assert not pushes((0.0, 0.0, 1e-6), force) and not pushes((0.01, 0.01, 0.0), force) and not pushes((0.0, 0.0, -ALONG), force)
    assert pushes((math.nan, 0.0, 0.0), force)


@pytest.mark.parametrize("value", [LIMITS, Force((0.0, 0.0, 0.0), 0.0)])
def test_values_are_frozen(value):
    with pytest.raises(FrozenInstanceError):
        value.age = 1.0
