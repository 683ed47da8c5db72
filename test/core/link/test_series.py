"""Medians, likeness and rise on series whose answer is known."""

import math
import random

import pytest

from telesurgery_nodes.core.link.series import FEWEST_BINS, likeness, medians, rise


def series(value, seconds=FEWEST_BINS, begin=10.0, rate=20):
    return [(begin + step / rate, value(begin + step / rate)) for step in range(round(seconds * rate))]


def noisy(seed, common=None, drift=0.0):
    """Half a second's worth of queue that differs from second to second, on a steady line that may drift."""
    rng = random.Random(seed)
    own = [rng.uniform(0.0, 0.005) for _ in range(1000)]
    return series(lambda at: 0.1 + drift * at + (common or own)[int(at)] + 0.1 * own[int(at)])


def test_medians_are_by_second_and_a_wild_one_does_not_move_them():
    samples = [(0.1, 1.0), (0.5, 2.0), (0.9, 900.0), (1.0, 5.0), (-0.1, 7.0)]
    assert medians(samples) == {0: 2.0, 1: 5.0, -1: 7.0}


def test_independent_lines_do_not_look_alike_and_one_line_does():
    rng = random.Random(0)
    common = [rng.uniform(0.0, 0.005) for _ in range(1000)]
    assert abs(likeness(noisy(1), noisy(2)).r) < 0.4
    same = likeness(noisy(1, common), noisy(2, common))
    assert same.r > 0.95 and same.bins == FEWEST_BINS and 0.0005 < same.moved < 0.003


def test_a_drift_of_both_is_no_likeness():
    """Two clocks, two slowly filling routes: taken away before they are compared."""
    assert abs(likeness(noisy(1, drift=1e-3), noisy(2, drift=2e-3)).r) < 0.4
    assert abs(likeness(noisy(1, drift=1e-3), noisy(2)).r) < 0.4


def test_only_common_seconds_count_and_few_say_nothing():
    late = [(at + 20.0, trip) for at, trip in noisy(2)]
    found = likeness(noisy(1), late)
    assert found.bins == FEWEST_BINS - 20 and math.isnan(found.r)
    assert likeness([], []).bins == 0


def test_round_trips_that_stand_still_say_nothing():
    still = series(lambda at: 0.1)
    found = likeness(still, noisy(1))
    assert found.bins == FEWEST_BINS and math.isnan(found.r) and found.moved == pytest.approx(0.0, abs=1e-9)


def test_how_much_a_load_raised_the_median_against_chance():
    idle = [0.1 + 0.001 * (step % 5) for step in range(100)]
    risen, chance = rise(idle, [trip + 0.004 for trip in idle])
    assert (risen, chance) == (pytest.approx(0.004), pytest.approx(0.001))
    assert rise(idle, idle)[0] == 0.0
    assert all(math.isnan(value) for pair in (rise([], idle), rise(idle, [])) for value in pair)
