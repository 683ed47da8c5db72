"""Delay and scale: the law, and that jitter never makes it swing."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telesurgery_nodes.core.teleop.adaptive_scale import DEADBAND, HOLD_DOWN, HOLD_UP, LAW, AdaptiveScale, factor_of


@pytest.mark.parametrize(
    ("round_trip", "factor"),
    [(0.0, 1.0), (0.2, 1.0), (0.25, 0.8), (0.3, 0.6), (0.4, 0.5), (0.5, 0.4), (2.0, 0.4), (math.inf, 0.4), (math.nan, 0.4), (-1.0, 0.4)],
)
def test_the_law(round_trip, factor):
    assert factor_of(round_trip) == pytest.approx(factor)


@settings(max_examples=100, deadline=None)
@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_longer_is_never_larger(one, other):
    assert one > other or factor_of(one) >= factor_of(other)


def run(scale, round_trip, seconds, start):
    now = start
    while now < start + seconds:
        scale.update(round_trip, now)
        now += 0.1
    return now


def test_unknown_is_the_smallest_until_the_first_round_trip():
    scale = AdaptiveScale()
    assert scale.update(math.inf, 0.0) == scale.factor == LAW[-1][1]
    assert scale.update(0.1, 0.1) == 1.0


def test_down_soon_up_late_and_to_the_mildest_wish():
    scale = AdaptiveScale()
    now = run(scale, 0.1, 1.0, 0.0)
    now = run(scale, 0.3, HOLD_DOWN * 0.9, now)
    assert scale.factor == 1.0
    now = run(scale, 0.4, HOLD_DOWN, now)
    assert scale.factor == pytest.approx(0.6), "the mildest of the wishes that lasted"
    now = run(scale, 0.4, HOLD_DOWN * 1.2, now)
    assert scale.factor == pytest.approx(0.5)
    now = run(scale, 0.1, HOLD_UP * 0.9, now)
    assert scale.factor == pytest.approx(0.5)
    run(scale, 0.1, HOLD_UP * 0.2, now)
    assert scale.factor == 1.0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.05, 0.6), min_size=20, max_size=200))
def test_jitter_changes_it_at_most_once_a_hold_time(trips):
    scale, changes, before = AdaptiveScale(), [], None
    for tick, trip in enumerate(trips):
        factor = scale.update(trip, tick * 0.1)
        if before is not None and factor != before:
            changes.append(tick * 0.1)
            assert abs(factor - before) > DEADBAND
        before = factor
    assert all(b - a >= HOLD_DOWN - 1e-9 for a, b in pairwise(changes))
