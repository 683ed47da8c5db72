"""The report names every reason that held an arm back, and says so when none did."""

import numpy as np

from telesurgery_nodes.core.kinematics.reasons import REASONS, Limit
from telesurgery_nodes.nodes.arm_loop import columns
from telesurgery_nodes.report.summary import limits
from telesurgery_nodes.report.text import _limit_rows
from telesurgery_nodes.tapes import Tape


def tapes(flags):
    names = columns(6)
    rows = np.zeros((len(flags), len(names)))
    rows[:, names.index("t")] = np.arange(len(flags)) * 0.016
    rows[:, names.index("limit_flags")] = flags
    return {"arm_control.arm_PSM1": Tape(names, rows)}


def test_each_reason_with_its_share_how_often_and_its_sentence():
    both = int(Limit.TIP_SPEED | Limit.TROCAR)
    found = limits(tapes([0, both, both, 0, int(Limit.TIP_SPEED)] + [0] * 5))["PSM1"]
    assert found["tip_speed"] == {"percent": 30.0, "began": 2, "kind": "slow-down", "sentence": REASONS[Limit.TIP_SPEED].sentence}
    assert found["trocar"]["percent"] == 20.0 and len(found) == 2
    words = _limit_rows({"limits": {"PSM1": found}})
    assert words[0] == ("PSM1 slow-down", "the tip is at its speed limit (30.0 % of the time, 2 times)")


def test_nothing_is_said_to_be_nothing_and_no_tape_says_nothing():
    assert _limit_rows({"limits": limits(tapes([0] * 5))}) == [("PSM1 clamps, slow-downs, refusals", "none")]
    assert limits({}) == {} and _limit_rows({}) == []
