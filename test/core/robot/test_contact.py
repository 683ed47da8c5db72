"""The contact law: Hertz at rest, never pulls, loses energy in every impact; the plate ends at its edges."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telesurgery_nodes.core.robot.contact import HuntCrossley, Plate
from telesurgery_nodes.errors import ConfigError

LAW = HuntCrossley(2e5, 15.0)


def test_at_rest_it_is_hertz():
    assert LAW.force(0.001, 0.0) == pytest.approx(2e5 * 0.001**1.5) and LAW.force(0.004, 0.0) == pytest.approx(8.0 * LAW.force(0.001, 0.0))


@given(st.floats(-1.0, 1.0), st.floats(-10.0, 10.0))
def test_never_pulls(depth, speed):
    force = LAW.force(depth, speed)
    assert force >= 0.0 and (force == 0.0 or depth > 0.0)


@pytest.mark.parametrize("speed", [0.01, 0.05, 0.2])
def test_an_impact_gives_back_less_than_it_took(speed):
    depth, v, mass, dt = 0.0, speed, 0.3, 1e-6
    while True:
        v -= LAW.force(depth, v) / mass * dt
        depth += v * dt
        if depth <= 0.0:
            break
    assert 0.2 * speed < -v < speed


def test_not_a_number_stays_one():
    assert math.isnan(LAW.force(0.001, math.nan))


BAD = [(0.0, 1.0, 1.5), (-1.0, 1.0, 1.5), (math.nan, 1.0, 1.5), (1.0, -1.0, 1.5), (1.0, 1.0, 0.9), (1.0, math.inf, 1.5)]


@pytest.mark.parametrize("bad", BAD)
def test_a_law_that_is_none_is_refused(bad):
    with pytest.raises(ConfigError, match="contact"):
        HuntCrossley(*bad)


def test_the_plate():
    plate = Plate((1.0, 2.0, 3.0), (0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (0.1, 0.2))
    assert plate.depth((1.0, 2.0, 2.9)) == pytest.approx(0.1) and plate.depth((1.0, 2.0, 3.1)) == pytest.approx(-0.1)
    for beside in ((1.11, 2.0, 2.9), (0.89, 2.0, 2.9), (1.0, 2.21, 2.9), (1.0, 1.79, 2.9)):
        assert plate.depth(beside) == 0.0
    assert plate.depth((1.09, 2.19, 2.9)) == pytest.approx(0.1)
