"""What the report says of the collision guard's tape."""

from __future__ import annotations

import numpy as np
import pytest

from telesurgery_nodes.report.summary import collision
from telesurgery_nodes.report.text import _collision_rows
from telesurgery_nodes.tapes import Tape

COLUMNS = ("t", "distance_m", "margin_m", "slow", "stop", "unknown", "d_PSM1/PSM2", "d_PSM1/vessel")
NAN = np.nan
ROWS = np.array([
    [0.0, NAN, NAN, 0, 0, 1, NAN, NAN],
    [1.0, 0.030, 0.005, 0, 0, 0, 0.040, 0.030],
    [1.1, 0.012, 0.005, 3, 0, 0, 0.012, 0.020],
    [1.2, 0.009, 0.001, 7, 2, 0, 0.014, 0.009],
])  # fmt: skip


def test_the_smallest_clearance_counts_and_unknown_time_is_told() -> None:
    found = collision({"arm_control.collision": Tape(COLUMNS, ROWS)})
    assert found["clearance_mm"] == pytest.approx(7.0) and found["distance_mm"] == pytest.approx(12.0)
    assert (found["slow"], found["stop"]) == (7, 2) and found["unknown_s"] == pytest.approx(1.0)
    assert found["groups_mm"] == pytest.approx({"PSM1/PSM2": 12.0, "PSM1/vessel": 9.0})
    text = dict(_collision_rows({"collision": found}))
    assert "7.0 mm" in text["collision, smallest distance"] and "PSM1/vessel 9.0 mm" in text["collision, smallest distance"]
    assert "7 steps slowed, 2 refused" in text["collision guard"]


def test_without_a_tape_nothing_is_claimed() -> None:
    assert _collision_rows({"collision": collision({})}) == [("collision", "not measured")]
    only_unknown = collision({"arm_control.collision": Tape(COLUMNS, ROWS[:1])})
    assert only_unknown["clearance_mm"] is None and only_unknown["groups_mm"] == {}
    assert "not measured" in _collision_rows({"collision": only_unknown})[0][1]
