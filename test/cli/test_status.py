"""The live line."""

import io

from telesurgery_nodes.cli.status import LINE_PERIOD, LiveLine, is_following, status_line

STATUS = {
    "state": "FOLLOWING", "following": True, "loop": 0.2471, "picture_age": 0.182, "tracking_error": 0.00031, "cause": "NONE",
    "own_cost_ms": 12.4, "hand_to_eyes_ms": 331.2, "clock": {"estimated_offset_s": 5.0, "bound_ms": 105.2},
    "paths": [{"name": "fibre", "loss": 0.01, "jitter": 0.0031, "rtt": 0.2105}],
}  # fmt: skip


def test_the_line_has_everything():
    line = status_line(STATUS, 12.0)
    for part in (
        "12.0 s", "FOLLOWING", "loop 247 ms own 12 ms", "hand to eyes 331 ms", "clock est. +-105 ms",
        "fibre loss 1.0% jitter 3.1 rtt 210 ms", "picture 182 ms", "error 0.31 mm",
    ):  # fmt: skip
        assert part in line
    assert "NONE" not in line


def test_a_cause_is_shown():
    assert "LINK_LOST" in status_line({**STATUS, "cause": "LINK_LOST"}, 1.0)


def test_what_is_not_measured_is_a_dash():
    line = status_line({"state": "DISABLED", "loop": None, "picture_age": None}, 0.0)
    assert "loop - ms own - ms" in line and "hand to eyes - ms" in line and "clock -" in line
    assert "picture - ms" in line


def test_a_stop_is_shown_with_the_patients_answer_or_that_there_is_none():
    stop = {"latched": True, "count": 1, "confirmed_ms": None, "waiting_ms": 412.3}
    assert "STOP latched, NOT confirmed for 412 ms" in status_line({**STATUS, "stop": stop}, 1.0)
    stop = {"latched": True, "count": 1, "confirmed_ms": 231.0, "waiting_ms": None}
    assert "STOP latched, confirmed by the patient after 231 ms" in status_line({**STATUS, "stop": stop}, 1.0)
    assert "STOP" not in status_line({**STATUS, "stop": {"latched": False}}, 1.0)


def test_before_the_console_speaks():
    assert "waiting" in status_line({}, 0.0)


def test_following():
    assert is_following(STATUS)
    assert not is_following({})
    assert not is_following({"state": "FOLLOWING", "following": False})


def test_a_file_gets_a_line_now_and_then():
    out = io.StringIO()
    line = LiveLine(out)
    for now in (0.0, 1.0, LINE_PERIOD - 0.1, LINE_PERIOD + 0.1):
        line.show(f"at {now}", now)
    assert out.getvalue().splitlines() == ["at 0.0", f"at {LINE_PERIOD + 0.1}"]


def test_a_terminal_is_rewritten_without_rests_of_the_longer_line():
    out = io.StringIO()
    out.isatty = lambda: True
    line = LiveLine(out)
    line.show("a long line", 0.0)
    line.show("short", 1.0)
    line.end()
    assert out.getvalue() == "\ra long line\rshort      \n"


def test_the_alarm_that_the_redundancy_is_lost_is_on_the_line_while_there_is_a_peer():
    spare = {"lost": True, "ready": 1, "of": 2}
    assert "NO REDUNDANCY 1 of 2 paths" in status_line({**STATUS, "redundancy": spare, "connected": True}, 0.0)
    for status in ({"redundancy": spare}, {"redundancy": {**spare, "lost": False}, "connected": True}, {"connected": True}):
        assert "REDUNDANCY" not in status_line({**STATUS, **status}, 0.0)


def test_a_narrow_path_is_named():
    narrow = {**STATUS["paths"][0], "reason": "NARROW"}
    assert "rtt 210 ms NARROW" in status_line({**STATUS, "paths": [narrow]}, 0.0) and "NARROW" not in status_line(STATUS, 0.0)


def test_a_hand_faster_than_its_tool_is_named_while_it_is():
    faster = {"MTMR": {"now": True}, "MTML": {"now": False}}
    line = status_line({**STATUS, "hand_faster": faster}, 0.0)
    assert "HAND FASTER THAN TOOL MTMR" in line and "MTML" not in line and "FASTER" not in status_line(STATUS, 0.0)
