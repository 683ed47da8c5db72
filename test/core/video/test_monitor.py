"""Timelines of the picture monitor."""

import math

import pytest

from telesurgery_nodes.core.video.legend import LEGEND, legend
from telesurgery_nodes.core.video.monitor import PictureLimits, PictureMonitor, PictureReport, PictureSeen, PictureState

S = PictureState


def test_nothing_seen_is_no_signal_with_infinite_age():
    assert PictureMonitor().update(None, 5.0) == PictureReport(S.NO_SIGNAL, math.inf)


@pytest.mark.parametrize(
    ("silence", "state"),
    [(0.0, S.LIVE), (0.19, S.LIVE), (0.21, S.LATE), (0.39, S.LATE), (0.41, S.STALE), (1.89, S.STALE), (1.91, S.NO_SIGNAL)],
)
def test_age_grows_in_silence_through_the_table(silence, state):
    monitor = PictureMonitor()
    monitor.update(PictureSeen(1, 0.1), 10.0)
    report = monitor.update(None, 10.0 + silence)
    assert report.state is state and report.age == pytest.approx(0.1 + silence)


def test_frozen_by_three_identical_ids_and_back_with_a_new_one():
    monitor = PictureMonitor()
    states = [monitor.update(PictureSeen(frame_id, 0.1), 10.0 + number * 0.04).state for number, frame_id in enumerate([1, 2, 2, 2, 2, 3])]
    assert states == [S.LIVE, S.LIVE, S.LIVE, S.FROZEN, S.FROZEN, S.LIVE]


def test_a_repeated_picture_ages_like_silence():
    monitor = PictureMonitor(PictureLimits(frozen_repeats=10**6))
    for number in range(20):
        report = monitor.update(PictureSeen(7, 0.1), number * 0.04)
    assert report.state is S.STALE and report.age == pytest.approx(0.1 + 19 * 0.04)


def test_frozen_never_reports_a_usable_age():
    monitor = PictureMonitor()
    for _ in range(3):
        report = monitor.update(PictureSeen(7, 0.0), 0.0)
    assert math.isinf(report.age)


@pytest.mark.parametrize("age", [math.nan, math.inf, -0.051, -1e9])
def test_impossible_stamps_are_not_trusted(age):
    monitor = PictureMonitor()
    assert monitor.update(PictureSeen(1, age), 1.0).state is S.NO_SIGNAL
    assert monitor.impossible_stamps == 1


def test_small_clock_error_counts_as_zero():
    assert PictureMonitor().update(PictureSeen(1, -0.01), 1.0) == PictureReport(S.LIVE, 0.0)


def test_every_state_has_a_sentence():
    assert set(LEGEND) == set(S)
    assert "123 ms" in legend(PictureReport(S.LIVE, 0.1234))[0]
    assert "--" in legend(PictureReport(S.FROZEN, math.inf))[0]
