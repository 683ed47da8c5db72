"""The report names hands that were faster than their tools, and says so when none was."""

import numpy as np
import pytest

from telesurgery_nodes.core.teleop.table import State
from telesurgery_nodes.nodes.bridge_pace import PACE_COLUMNS
from telesurgery_nodes.report import paces
from telesurgery_nodes.report.page import page
from telesurgery_nodes.report.summary import build
from telesurgery_nodes.report.text import NOT_MEASURED
from telesurgery_nodes.tapes import Tape

HEAD = ("t", "state")


def tapes(rows, names=PACE_COLUMNS):
    return {"teleop_bridge_surgeon.state": Tape((*HEAD, *names), np.array(rows, dtype=float))}


def told(made):
    return dict(paces.text_rows({"hand_faster": paces.build(made)}, NOT_MEASURED))


def test_length_and_shares_of_the_time_following():
    rows = [[n, State.FOLLOWING if n < 50 else State.CLUTCHED, 0, 0, 0, min(n, 10), min(n, 5), 0.001 * min(n, 10)] for n in range(100)]
    assert paces.build(tapes(rows))["MTMR"] == pytest.approx({"slipped_mm": 10.0, "slipped_percent": 20.0, "turned_late_percent": 10.0})
    assert told(tapes(rows)) == {
        "MTML faster than its tool": "never",
        "MTMR faster than its tool": "the tool slipped 10.0 mm in 20.00 % of the time following, turned late in 10.00 %",
    }


def test_a_session_that_never_followed_and_a_tape_of_an_older_version():
    assert told(tapes([[0.0, State.ALIGNING, *[0.0] * 6]]))["MTML faster than its tool"] == "never"
    for old in ({}, tapes([[0.0, State.FOLLOWING]], names=())):
        assert set(told(old).values()) == {NOT_MEASURED}
    assert paces.text_rows({}, NOT_MEASURED) == [], "a summary of an older version"


def test_it_stands_on_the_page_of_the_session():
    made = tapes([[0.0, State.FOLLOWING, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0025]])
    about = {"ok": True, "why": None, "notes": [], "began": "now", "cpu": {}, "report": "x", "options": {}, "conditions": {"cores": 2}}
    assert "the tool slipped 2.5 mm in 100.00 % of the time following" in page({**build(made), **about}, {}, [])
