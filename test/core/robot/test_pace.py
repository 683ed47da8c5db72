"""Simulated time keeps up with the clock."""

from __future__ import annotations

import pytest

from telesurgery_nodes.core.robot.pace import Pace
from telesurgery_nodes.errors import ConfigError


def test_makes_every_step_once_whatever_the_jitter():
    pace = Pace(0.001, 0.004)
    times = [5.0, 5.0041, 5.0079, 5.0125, 5.016, 5.020]
    assert sum(pace.update(now).steps for now in times) == 20
    assert pace.update(5.020).missed == 0 and pace.update(5.020).factor == pytest.approx(1.0)


def test_a_late_tick_is_caught_up_and_counted():
    pace = Pace(0.001, 0.004)
    pace.update(0.0)
    due = pace.update(0.02)
    assert (due.steps, due.missed, due.dropped) == (20, 4, 0.0)


def test_a_very_late_tick_drops_time_and_says_so():
    pace = Pace(0.001, 0.004)
    pace.update(0.0)
    due = pace.update(1.0)
    assert due.steps == 100 and due.dropped == pytest.approx(0.9) and due.factor == pytest.approx(0.1)
    assert pace.update(1.004).steps == 4


def test_a_clock_that_goes_back_owes_nothing():
    pace = Pace(0.001, 0.004)
    pace.update(10.0)
    assert pace.update(9.0).steps == 0


@pytest.mark.parametrize("step, tick", [(0.0, 0.004), (0.005, 0.004), (0.001, 0.2), (float("nan"), 0.004)])
def test_refuses_a_pace_it_cannot_keep(step, tick):
    with pytest.raises(ConfigError, match="pace"):
        Pace(step, tick)
