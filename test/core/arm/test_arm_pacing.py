"""Telemetry keeps its mean rate whatever the ticks do; fake time."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from telesurgery_nodes.core.arm.pacing import Pacer


def times(period: float, tick: float, jitter: float, seconds: float = 20.0, seed: int = 1) -> list[float]:
    pacer, chance = Pacer(), random.Random(seed)
    ticks = (number * tick + chance.uniform(0.0, jitter) for number in range(int(seconds / tick)))
    return [now for now in ticks if pacer.due(period, now)]


@pytest.mark.parametrize(("rate", "tick"), [(62.5, 0.004), (50.0, 0.02), (50.0, 0.004), (25.0, 0.004)])
@pytest.mark.parametrize("jitter", [0.0, 0.0015, 0.002])
def test_the_mean_rate_is_the_one_asked_for(rate, tick, jitter):
    found = times(1.0 / rate, tick, jitter)
    assert len(found) / 20.0 == pytest.approx(rate, rel=0.02)
    assert max(b - a for a, b in pairwise(found)) <= 1.0 / rate + tick + jitter


def test_what_was_missed_is_not_made_up_for():
    pacer = Pacer()
    assert pacer.due(0.02, 0.0) and pacer.due(0.02, 1.0)
    assert not pacer.due(0.02, 1.004)


def test_a_shorter_period_counts_at_once():
    pacer = Pacer()
    assert pacer.due(1.0, 0.0)
    assert not pacer.due(0.016, 0.004)
    assert pacer.due(0.016, 0.020)


@pytest.mark.parametrize(("rate", "tick"), [(62.5, 0.004), (62.5, 0.01), (62.5, 0.002)])
@pytest.mark.parametrize("jitter", [0.0, 0.001])
def test_one_that_comes_later_has_the_same_rate_and_meets_the_other_less_often(rate, tick, jitter):
    one, later, chance = Pacer(), Pacer(0.5), random.Random(2)
    ticks = [number * tick + chance.uniform(0.0, jitter) for number in range(int(20.0 / tick))]
    both = [(one.due(1.0 / rate, now), later.due(1.0 / rate, now)) for now in ticks]
    found = [now for now, (_, due) in zip(ticks, both, strict=True) if due]
    assert both[0] == (True, True), "the first is not waited for"
    assert len(found) / 20.0 == pytest.approx(rate, rel=0.02)
    assert max(b - a for a, b in pairwise(found[1:])) <= 1.0 / rate + tick + jitter
    together = sum(first and second for first, second in both) / len(ticks)
    assert together <= 0.005 if tick * rate < 0.5 else together < 0.7 * (tick * rate) ** 2 + 0.01
