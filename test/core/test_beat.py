"""The clock of a control loop: regular alone, at once when knocked at, never faster on average than its period allows."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telesurgery_nodes.core.beat import EARLY, LATE, LEAST, LONGEST_REST, REST, Beat
from telesurgery_nodes.errors import ConfigError

PERIOD = 0.004
FINE = 1e-9


def ticks(knocks, until, cost=0.0, period=PERIOD, stall=None):
    """Times of the ticks of a loop that sleeps exactly as long as it is told, or until a knock. ``stall`` (at, length)."""
    beat, now, found = Beat(period, 0.0), 0.0, []
    waiting = sorted(knocks)
    while now < until:
        wait = beat.wait(now)
        if wait > 0.0:
            knock = waiting[0] if waiting else math.inf
            if knock <= now + wait:
                waiting.pop(0)
                beat.knock()
                now = max(now, knock)
            else:
                now += wait
            continue
        beat.begin(now)
        found.append(now)
        now += cost
        if stall and now >= stall[0]:
            now, stall = now + stall[1], None
        beat.end(now)
    return found


def gaps(times):
    return [b - a for a, b in itertools.pairwise(times)]


def test_alone_it_ticks_every_period():
    assert ticks([], 1.0) == pytest.approx([PERIOD * n for n in range(1, 250)], abs=FINE)


@pytest.mark.parametrize("source", [0.00385, 0.0039, 0.004, 0.0041, 0.005])
def test_a_steady_source_is_served_at_once(source):
    knocks = [0.001 + source * n for n in range(200)]
    found = ticks(knocks, 0.75)
    late = [min(t - k for t in found if t >= k - FINE) for k in knocks[50:150]]  # by then it has come into step
    assert max(late) <= FINE


@given(st.lists(st.floats(-0.25, 0.25), min_size=100, max_size=100), st.floats(0.0, 0.004))
def test_a_jittering_source_is_served_sooner_than_by_looking(jitter, phase):
    knocks = [0.02 + phase + PERIOD * n + PERIOD * share * 0.5 for n, share in enumerate(jitter)]
    found = ticks(knocks, 0.45)
    late = sorted(min(t - k for t in found if t >= k - FINE) for k in knocks[30:])
    assert late[50] <= FINE and max(late) <= 0.5 * PERIOD


@given(st.floats(0.0002, 0.0035))
def test_a_fast_source_does_not_make_the_loop_fast(source):
    found = ticks([source * n for n in range(int(2.0 / source))], 1.5)
    assert len(found) <= 1.5 / (LEAST * PERIOD) + 2
    assert min(gaps(found)) >= (LEAST - 2.0 * EARLY) * PERIOD - FINE


@given(st.lists(st.floats(0.0, 0.4), max_size=200))
def test_whatever_knocks_the_loop_ticks(knocks):
    found = ticks(knocks, 0.5)
    assert max(gaps([0.0, *found])) <= LATE * PERIOD + FINE
    assert len(found) <= 0.5 / (LEAST * PERIOD) + 2


def test_a_source_that_stops_is_waited_for_once():
    found = ticks([0.001 + PERIOD * n for n in range(50)], 0.4)
    after = [t for t in found if t > 0.001 + PERIOD * 49]
    assert after[0] - (0.001 + PERIOD * 49) == pytest.approx(LATE * PERIOD)
    assert gaps(after) == pytest.approx([PERIOD] * (len(after) - 1), abs=FINE)


def test_what_a_stall_cost_is_not_made_up_for():
    found = ticks([], 1.0, stall=(0.2, 0.3))
    after = [t for t in found if t > 0.45]
    assert min(gaps(after)) >= LONGEST_REST * PERIOD - FINE
    assert sum(gap < 0.9 * PERIOD for gap in gaps(after)) <= 1


def test_long_ticks_leave_time_for_the_rest():
    found = ticks([0.001 * n for n in range(1000)], 1.0, cost=2.0 * PERIOD)
    assert min(gaps(found)) >= (2.0 + LONGEST_REST) * PERIOD - FINE


@given(st.floats(0.0, 0.6))
def test_behind_a_short_tick_a_sample_waits_for_its_share_of_the_time(share):
    beat, cost = Beat(PERIOD, 0.0), share * PERIOD
    beat.begin(PERIOD)
    beat.end(PERIOD + cost)
    beat.knock()
    later = PERIOD + cost + min(REST * cost, LONGEST_REST * PERIOD)
    allowed = PERIOD * (2.0 * LEAST - EARLY)  # by the mean rate, two periods after its making
    assert PERIOD + cost + beat.wait(PERIOD + cost) == pytest.approx(max(later, allowed), abs=FINE)


@pytest.mark.parametrize("period", [0.0, -1.0, math.nan, math.inf])
def test_a_period_must_be_one(period):
    with pytest.raises(ConfigError, match="period"):
        Beat(period, 0.0)
