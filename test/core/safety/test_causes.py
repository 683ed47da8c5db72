"""The table of causes: complete, ordered, and honest on both sides of every limit."""

import math

import pytest

from telesurgery_nodes.core.safety.causes import CAUSES, TIMINGS, Cause, Clear, Tier, limits, tier

RT, SHARED = TIMINGS["realtime"], TIMINGS["shared"]
EPS = 1e-6


def test_every_cause_has_a_row_and_none_forbids_nothing():
    assert set(CAUSES) == set(Cause)
    assert Cause.NONE == 0
    assert tier(Cause.NONE, math.inf, RT) is Tier.CLEAR


@pytest.mark.parametrize("cause", Cause)
@pytest.mark.parametrize("timing", [RT, SHARED])
def test_each_limit_bites_just_above_and_not_at_it(cause, timing):
    hold_after, latch_after = limits(cause, timing)
    if 0.0 < hold_after < math.inf:
        assert tier(cause, hold_after, timing) is Tier.CLEAR
        assert tier(cause, hold_after + EPS, timing) is Tier.HOLD
    if 0.0 < latch_after < math.inf:
        assert tier(cause, latch_after, timing) < CAUSES[cause].forces
        assert tier(cause, latch_after + EPS, timing) is CAUSES[cause].forces


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause is not Cause.NONE])
@pytest.mark.parametrize("nonsense", [math.nan, -1.0, math.inf])
def test_nonsense_counts_as_for_ever(cause, nonsense):
    assert tier(cause, nonsense, RT) >= Tier.NOTE


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (Cause.COMMAND_SILENT, (0.050, 0.150)),
        (Cause.VIDEO_SILENT, (0.150, 0.300)),
        (Cause.ARM_SILENT, (0.060, 0.150)),
        (Cause.PERMIT_LOST, (0.060, 0.150)),
        (Cause.PICTURE_STALE, (math.inf, 0.500)),
        (Cause.ROUND_TRIP, (math.inf, 0.500)),
    ],
)
def test_the_promised_times(cause, expected):
    assert limits(cause, RT) == expected


def test_a_shared_host_gets_looser_times_but_never_an_older_picture():
    assert limits(Cause.COMMAND_SILENT, SHARED) == pytest.approx((0.100, 0.250))
    assert limits(Cause.PICTURE_STALE, SHARED) == limits(Cause.PICTURE_STALE, RT)


def test_faults_need_a_reset_and_nothing_latched_clears_by_itself():
    for cause, row in CAUSES.items():
        if row.forces is Tier.FAULT:
            assert row.clear is Clear.RESET, cause
        if row.forces is Tier.LATCH and row.latch_after < math.inf:
            assert row.clear is not Clear.ITSELF, cause
        assert row.sentence and row.sentence[0].islower()
