"""Loss, runs of loss and duplicates on sequences whose answer is known."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telesurgery_nodes.core.link.loss import KEPT_S, LossMeter, Share


def meter(sequences, period=0.004):
    made = LossMeter()
    for index, sequence in enumerate(sequences):
        made.note(sequence, period * index)
    return made, period * len(sequences)


@pytest.mark.parametrize(
    ("came", "lost", "mean", "longest"),
    [
        ([], 0, 0.0, 0),
        (range(10), 0, 0.0, 0),
        ([0, 1, 3, 4, 8], 4, 2.0, 3),
        ([5, 9], 3, 3.0, 3),
        ([0, 5, 2], 3, 1.5, 2),  # a late one splits its run
        ([0, 5, 1, 4], 2, 2.0, 2),  # or shortens it from either end
        ([0, 2, 1], 0, 0.0, 0),  # or repairs it
        ([0, 3, 6, 1, 2], 2, 2.0, 2),  # also when it is not the newest run
        ([4, 2, 3, 6], 1 - 2, 1.0, 1),  # what came before the first was never counted as missing
    ],
)
def test_runs_of_lost_ones(came, lost, mean, longest):
    made, now = meter(list(came))
    assert (made.lost, *made.bursts(now)) == (lost, mean, longest)


def test_a_run_is_forgotten_with_its_time_and_a_late_one_of_it_harms_nothing():
    made = LossMeter()
    made.note(0, 0.0)
    made.note(4, 1.0)
    assert made.bursts(1.0 + KEPT_S) == (3.0, 3)
    assert made.bursts(1.001 + KEPT_S) == (0.0, 0)
    made.note(2, 7.0)
    assert made.bursts(7.0) == (0.0, 0) and made.lost == 2


@given(st.permutations(list(range(1, 30))), st.sets(st.integers(1, 29)))
def test_whatever_the_order_the_runs_are_what_is_missing_between_first_and_last(order, missing):
    came = [0, *[sequence for sequence in order if sequence not in missing]]
    made, now = meter(came, 0.001)
    gaps = [sequence for sequence in range(max(came)) if sequence in missing]
    starts = [sequence for sequence in gaps if sequence - 1 not in gaps]
    mean, longest = made.bursts(now)
    assert made.lost == len(gaps)
    assert mean == pytest.approx(len(gaps) / len(starts) if starts else 0.0)
    assert longest <= len(gaps) and (longest > 0) == bool(gaps)


def test_bursts_of_a_bursty_line_are_as_long_as_it_makes_them():
    rng, bad, came = random.Random(4), False, []
    for sequence in range(200_000):
        bad = rng.random() >= 1.0 / 8.0 if bad else rng.random() < 0.005
        if not bad:
            came.append(sequence)
    mean, longest = meter(came, 1e-6)[0].bursts(0.2)
    assert mean == pytest.approx(8.0, rel=0.1) and longest > 30


def test_a_share_is_of_the_kept_seconds():
    share = Share()
    assert share.value() == 0.0
    for step in range(100):
        share.add(1.0, float(step < 50), 0.1 * step)
    assert 0.0 <= share.value() <= 0.1
