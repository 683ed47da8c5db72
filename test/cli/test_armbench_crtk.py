"""Bench part crtk: the bridges talk to each other, and a bar without samples is not measured."""

from __future__ import annotations

import numpy as np
import pytest

from telesurgery_nodes.cli.armbench.crtk import FEWEST, LEDGER, STAGES, bars, latencies, without_emulator
from telesurgery_nodes.core.link.ledger import STAGES as LEDGER_STAGES
from telesurgery_nodes.session import SessionOptions, layout
from telesurgery_nodes.tapes import Tape


def test_the_bridges_are_each_others_far_end_and_the_emulator_is_gone():
    made = {process.name: process for process in without_emulator(layout(SessionOptions()))}
    assert "link_emulator" not in made and len(made) > 5
    surgeon, patient = made["teleop_bridge_surgeon"].params, made["teleop_bridge_patient"].params
    assert surgeon["remote"] == patient["local"] and patient["remote"] == surgeon["local"]


def tape(**columns):
    return Tape(tuple(columns), np.stack(list(columns.values()), axis=1))


def test_only_the_stages_up_to_the_set_point_count_and_only_while_following():
    n = 10
    stages = {name: np.full(n, 5.0 if name == "robot" else 0.001) for name in LEDGER_STAGES}
    _, total = latencies({LEDGER: tape(t=np.arange(n, dtype=float), loop=np.full(n, 1.0), **stages)}, 2.0, 5.0)
    assert total == pytest.approx([len(STAGES) * 0.001] * 4)
    assert set(STAGES) < set(LEDGER_STAGES) and not {"robot", "hop_out", "path_down"} & set(STAGES)
    assert latencies({}, 0.0, 1.0)[1].size == 0


def test_the_bar_is_the_p99_in_ms_and_few_samples_are_none():
    slow = np.full(1000, 0.004)
    slow[:20] = 0.011
    assert bars(slow)[0].holds is False and bars(slow)[0].value == pytest.approx(11.0)
    assert bars(np.full(1000, 0.004))[0].holds is True
    assert bars(np.full(FEWEST - 1, 0.004))[0].holds is None
