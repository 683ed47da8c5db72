"""Commands over a jittery path leave at the hand's own timing; nothing goes back, nothing waits for ever."""

import dataclasses
import random

import pytest

from telesurgery_nodes.core.link.clock import UNKNOWN, ClockEstimate
from telesurgery_nodes.core.link.playout import LONGEST_WAIT_S, MOST_WAITING, Playout
from telesurgery_nodes.core.values import MotionCommand, Pedals
from telesurgery_nodes.errors import ConfigError

SKEW = 500.0  # sender's clock minus own
CLOCK = ClockEstimate(SKEW, 0.1, 0.2, 9)
PLAIN = MotionCommand(0, 0.0, 0.0, 1, 1, Pedals(), True, False, True, 0.1, {})


def command(seq, sent):
    return dataclasses.replace(PLAIN, seq=seq, stamp=sent + SKEW)


def replay(playout, arrivals, step=0.001):
    """``arrivals``: (time, seq, sent). Everything served: (seq, sent, time)."""
    served, now, todo = [], min(arrivals)[0], sorted(arrivals)
    while todo or playout._waiting:
        while todo and todo[0][0] <= now:
            at, seq, sent = todo.pop(0)
            playout.push(command(seq, sent), at, CLOCK)
        one = playout.pop(now)
        if one:
            served.append((one.seq, one.command.stamp - SKEW, now))
        now += step
    return served


def test_jitter_and_reordering_become_a_constant_delay():
    rng = random.Random(5)
    playout = Playout(0.15)
    served = replay(playout, [(0.004 * n + rng.uniform(0.1, 0.145), n, 0.004 * n) for n in range(500)])
    assert [seq for seq, *_ in served] == list(range(500))
    assert all(0.149 <= at - sent <= 0.152 for _, sent, at in served)
    assert playout.late == playout.overdue == 0


def test_a_gap_is_followed_by_the_newest_and_late_ones_are_not_replayed():
    playout = Playout(0.12)
    on_time = [(0.004 * n + 0.1, n, 0.004 * n) for n in range(100) if not 20 <= n < 40]
    late = [(0.30, n, 0.004 * n) for n in range(20, 40)]
    served = replay(playout, on_time + late)
    numbers = [seq for seq, *_ in served]
    assert numbers == [n for n in range(100) if not 20 <= n < 40] and playout.late == 20


def test_one_that_is_too_late_but_still_the_newest_is_served_at_once():
    playout = Playout(0.12)
    served = replay(playout, [(0.1, 1, 0.0), (0.3, 2, 0.004), (0.3, 3, 0.008)])
    assert [(seq, round(at, 3)) for seq, _, at in served] == [(1, 0.12), (3, 0.3)] and playout.overdue == 2


def test_a_wrong_clock_cannot_make_it_wait_long_and_an_unknown_one_does_not_delay():
    playout = Playout(0.12)
    playout.push(command(1, 1000.0), 10.0, CLOCK)
    assert playout.pop(10.0 + LONGEST_WAIT_S - 1e-6) is None and playout.pop(10.0 + LONGEST_WAIT_S).seq == 1
    assert playout.cut_short == 1
    playout.push(command(2, 1000.0), 20.0, UNKNOWN)
    assert playout.pop(20.0).due == 20.0


def test_a_stop_forgets_what_waits_and_a_new_sender_begins_anew():
    playout = Playout(0.12)
    for seq in (7, 8):
        playout.push(command(seq, 0.0), 0.1, CLOCK)
    playout.clear()
    assert playout.pop(9.0) is None
    playout.push(command(9, 0.0), 0.1, CLOCK)
    assert playout.pop(0.2).seq == 9
    playout.restart()
    playout.push(command(1, 0.0), 0.1, CLOCK)
    assert playout.pop(0.2).seq == 1


def test_memory_is_bounded_and_keeps_the_newest():
    playout = Playout(0.12)
    for seq in range(3 * MOST_WAITING):
        playout.push(command(seq, 0.0), 0.1, CLOCK)
    assert len(playout._waiting) == MOST_WAITING and playout.pop(1.0).seq == 3 * MOST_WAITING - 1


@pytest.mark.parametrize("delay", [0.0, -1.0, float("nan")])
def test_no_delay_is_not_this_mode(delay):
    with pytest.raises(ConfigError):
        Playout(delay)
