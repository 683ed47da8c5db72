"""A hand faster than its tool is on the console's status, in /diagnostics and on the tape; the parameters reach the clutch machine."""

import json

import pytest

from telesurgery_nodes.core.teleop.clutch import Teleop
from telesurgery_nodes.core.teleop.tool_pace import SPEED, TURN, PaceCounts, PaceLimits
from telesurgery_nodes.nodes.bridge_pace import PACE_COLUMNS, PaceWords
from telesurgery_nodes.session import pick_ports
from telesurgery_nodes.tapes import read_tape

NEVER, FAST = PaceCounts(), PaceCounts(7, 3, 0.0125)


def test_words_row_and_columns_say_the_same_of_the_same_hand():
    words, paces = PaceWords(), {"MTML": NEVER, "MTMR": FAST}
    assert dict(zip(PACE_COLUMNS, words.row(paces), strict=True)) == {
        "MTML_slips": 0.0, "MTML_lags": 0.0, "MTML_slipped": 0.0, "MTMR_slips": 7.0, "MTMR_lags": 3.0, "MTMR_slipped": 0.0125,
    }  # fmt: skip
    assert words.diagnose(paces) == {
        "MTML_slips": 0, "MTML_lags": 0, "MTML_slipped_mm": 0.0, "MTMR_slips": 7, "MTMR_lags": 3, "MTMR_slipped_mm": 12.5,
    }  # fmt: skip
    assert words.status(paces)["hand_faster"]["MTMR"] == {"now": True, "slips": 7, "lags": 3, "slipped_mm": 12.5}


def test_now_is_since_the_console_was_last_told():
    words, said = PaceWords(), []
    for had in (NEVER, FAST, FAST, PaceCounts(7, 4, 0.0125)):
        said.append(words.status({"MTMR": had})["hand_faster"]["MTMR"]["now"])
    assert said == [False, True, False, True]


@pytest.fixture
def bridge(graph, identities, tmp_path):
    pytest.importorskip("rclpy")
    from telesurgery_nodes.nodes.teleop_bridge import TeleopBridge

    ends = [f"127.0.0.1:{port}" for port in pick_ports(4)]
    given = {"local": ends[:2], "remote": ends[2:], "identity": identities["surgeon"], "tape_dir": str(tmp_path)}
    return lambda **more: graph.make(TeleopBridge, side="surgeon", **given, **more)


def test_the_bridge_tells_console_diagnostics_and_tape(graph, bridge, monkeypatch, tmp_path):
    from telesurgery_nodes.ros.endpoints import message_class, requested, row

    node, heard, channel = bridge(), [], row("status")
    listener = graph.plain()
    listener.create_subscription(message_class(channel), channel.name, lambda msg: heard.append(json.loads(msg.data)), requested(channel))
    assert graph.spin_until(lambda: heard and heard[-1]["hand_faster"]["MTMR"] == {"now": False, "slips": 0, "lags": 0, "slipped_mm": 0.0})
    monkeypatch.setattr(Teleop, "paces", {"MTML": NEVER, "MTMR": FAST})
    assert graph.spin_until(lambda: any(said["hand_faster"]["MTMR"]["now"] and said["hand_faster"]["MTMR"]["slips"] == 7 for said in heard))
    assert not any(said["hand_faster"]["MTML"]["now"] for said in heard)
    assert node.diagnose()["MTMR_slipped_mm"] == 12.5 and node.diagnose()["MTML_slips"] == 0
    node.close()
    tape = read_tape(next(tmp_path.glob("*.state.tape")))
    assert tape["MTMR_slipped"][0] == 0.0 and tape["MTMR_slipped"][-1] == 0.0125 and not tape["MTML_lags"].any()


@pytest.mark.parametrize(
    ("given", "wanted"), [({}, PaceLimits(SPEED, TURN)), ({"tool_speed": 0.02, "tool_turn": 0.6}, PaceLimits(0.02, 0.6))]
)
def test_the_parameters_are_in_force_for_each_hand(bridge, given, wanted):
    paces = bridge(**given).end._teleop._motion.paces
    assert {pace._limits for pace in paces.values()} == {wanted} and len(paces) == 2
