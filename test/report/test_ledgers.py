"""The ledgers of a report, from tapes whose stages are known."""

import numpy as np
import pytest

from telesurgery_nodes.report import ledgers, plots, summary, text
from telesurgery_nodes.report.page import page
from telesurgery_nodes.tapes import Tape

EYES = ("pack", "path_up", "wait", "decode")
ROWS = 200


def tape(total, names, excess=0.0):
    t = np.arange(ROWS) * 0.04
    stages = np.stack([np.full(ROWS, 0.01 * (index + 1)) for index in range(len(names))], axis=1)
    return Tape(("t", total, *names), np.column_stack([t, stages.sum(axis=1) + excess, stages]))


@pytest.fixture
def tapes():
    columns = ("t", "a_rtt", "a_offset", "a_bound", "b_rtt", "b_offset", "b_bound")
    link = Tape(columns, np.tile([0.0, 0.2, 7.0, 0.1, 0.22, 7.005, 0.11], (9, 1)))
    return {
        "teleop_bridge_surgeon.ledger": tape("loop", ("pack", "path_up")),
        "stereo_viewer.ledger": tape("age", ("encode", "path_video"), 0.003),
        "teleop_bridge_surgeon.hand_to_eyes": tape("loop", EYES), "teleop_bridge_surgeon.link": link,
        "teleop_bridge_surgeon.stop": Tape(("t", "count", "confirmed_after"), np.array([[1.0, 1.0, 0.231]])),
        "teleop_bridge_patient.stop": Tape(("t", "count", "acted_after"), np.array([[1.0, 1.0, 0.004]])),
    }  # fmt: skip


def test_each_ledger_has_its_total_its_own_cost_and_its_honest_difference(tapes):
    found = ledgers.build(tapes)
    assert list(found) == ["ledger", "picture_ledger", "hand_to_eyes"]
    eyes = found["hand_to_eyes"]
    assert eyes["loop_ms"]["p50"] == pytest.approx(100.0) and list(eyes["stages_ms"]) == list(EYES)
    assert eyes["own_cost_ms"]["p50"] == pytest.approx(50.0), "neither path nor wait"
    assert eyes["difference_ms"]["max"] == pytest.approx(0.0, abs=1e-9)
    assert found["picture_ledger"]["age_ms"]["p50"] == pytest.approx(33.0)
    assert found["picture_ledger"]["difference_ms"]["max"] == pytest.approx(3.0), "3 ms that no stage explains are told"


def test_what_left_no_tape_is_not_measured():
    assert ledgers.build({}) == {"ledger": None, "picture_ledger": None, "hand_to_eyes": None}
    assert plots.ledger_bars({}) is None and plots.ledger({}, 0.0, ledgers.LEDGERS[0]) is None


def test_the_clock_is_told_per_path_with_its_bound_and_the_difference_of_the_paths(tapes):
    paths = summary.paths(tapes)
    assert (paths["a"]["estimated_clock_offset_s"], paths["a"]["clock_bound_ms"]) == (7.0, 100.0)
    assert summary.clock_difference(tapes)["p50"] == pytest.approx(5.0)
    one = Tape(("t", "a_rtt", "a_offset"), np.ones((3, 3)))
    assert summary.clock_difference({"teleop_bridge_surgeon.link": one}) is None


def test_stops_are_told_at_both_ends(tapes):
    found = summary.stops(tapes)
    assert (found["confirmed_ms"]["max"], found["acted_ms"]["max"]) == (pytest.approx(231.0), pytest.approx(4.0))
    assert summary.stops({}) == {"confirmed_ms": None, "acted_ms": None}


def test_page_and_text_show_every_stage_and_every_figure_is_drawn(tapes):
    made = {
        **summary.build(tapes), "ok": True, "why": None, "notes": [], "began": "now", "cpu": {}, "report": "x", "options": {},
        "conditions": {"cores": 2},
    }  # fmt: skip
    words = text.summary_text(made)
    for part in ("hand to eyes, measured", "  stage wait", "picture, |stages - measured|", "other site's clock, estimated", "+- 100.0 ms",
                 "stop, confirmed by the patient after"):  # fmt: skip
        assert part in words
    figures = plots.all_figures(tapes, 0.2)
    drawn = [title for title, figure in figures.items() if figure and "ledger" in title]
    assert len(drawn) == 1 + len(ledgers.LEDGERS)
    html = page(made, figures, [])
    assert html.count("<table>") == 3 and "path_video (not ours)" in html and "<td>3.00</td>" in html
