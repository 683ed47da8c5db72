"""A picture from camera message to viewer's answer through two bridges in two domains: every stage is there and they add up."""

import math
from array import array

import pytest

from telesurgery_nodes.core.link.ledger_picture import BRIDGE_STAGES, EYE_STAGES, PICTURE_STAGES, InForce
from telesurgery_nodes.core.video.marks import SENT, read_marks, write_marks
from telesurgery_nodes.session import pick_ports
from telesurgery_nodes.tapes import read_tape

rclpy = pytest.importorskip("rclpy")

from conftest import Graph  # noqa: E402

from telesurgery_nodes.nodes.teleop_bridge import TeleopBridge  # noqa: E402
from telesurgery_nodes.ros.endpoints import message_class, offered, requested, row  # noqa: E402
from telesurgery_nodes.ros.messages import floats_msg, seconds, stamp_from  # noqa: E402
from telesurgery_nodes.ros.pictures import packed_msg  # noqa: E402

CODED = bytes(range(256)) * 20  # five fragments


@pytest.fixture
def other_graph():
    made = Graph()
    yield made
    made.close()


class Pair:
    """Patient in one domain, surgeon in the other, a camera there and a viewer here."""

    def __init__(self, here, there, folder, identities):
        ends = [f"127.0.0.1:{port}" for port in pick_ports(4)]
        self.here, self.there = here, there
        near = {"side": "surgeon", "local": ends[:2], "remote": ends[2:], "identity": identities["surgeon"]}
        self.surgeon = here.make(TeleopBridge, **near, tape_dir=str(folder))
        self.patient = there.make(TeleopBridge, side="patient", local=ends[2:], remote=ends[:2], identity=identities["patient"])
        self.got = []
        self.viewer = here.plain("viewer")
        video, trace = row("video"), row("picture_trace")
        self.viewer.create_subscription(message_class(video), video.name, self.got.append, requested(video))
        self.trace = self.viewer.create_publisher(message_class(trace), trace.name, offered(trace))
        self.camera = there.plain("camera").create_publisher(message_class(video), video.name, offered(video))
        assert self.until(lambda: self.surgeon.session.clock(self.surgeon.now()).samples > 0 and self.patient.session.established)
        assert self.until(lambda: self.camera.get_subscription_count() == 1 and self.trace.get_subscription_count() == 1)

    def until(self, condition, timeout=10.0):
        return self.here.spin_until(lambda: self.there.spin_until(lambda: False, 0.005) or condition(), timeout)

    def show(self, age=0.020, mark=None):
        """One picture captured ``age`` ago; the message that comes out here."""
        now, before = self.patient.ros_now(), len(self.got)
        text = write_marks("h264", True, {"camera": 0.012, "encode": age - 0.012, SENT: now}) if mark is None else mark
        self.camera.publish(packed_msg(CODED, text, stamp_from(now - age), "x"))
        assert self.until(lambda: len(self.got) > before)
        return self.got[-1]


@pytest.fixture
def pair(graph, other_graph, tmp_path, identities):
    return Pair(graph, other_graph, tmp_path, identities)


def test_every_stage_is_measured_and_they_add_up_to_the_age(pair):
    msg = pair.show()
    marks = read_marks(msg.format)
    assert bytes(msg.data) == CODED and (marks.codec, marks.key, marks.broken) == ("h264", True, False)
    assert set(marks.times) == {*BRIDGE_STAGES, SENT}
    assert (marks.times["camera"], marks.times["encode"]) == pytest.approx((0.012, 0.008), abs=1e-6)
    assert marks.times["pace"] >= 0.8 * 0.9 * 0.04 - 0.001, "four fifths of the spread lie before the last of five"
    age = marks.times[SENT] - seconds(msg.header.stamp)
    assert sum(marks.times[name] for name in BRIDGE_STAGES) == pytest.approx(age, abs=2e-3)


@pytest.mark.parametrize(("mark", "counted"), [("h264; sbs; key", 0), ("h264; sbs; key; camera=soon", 1)])
def test_what_the_camera_did_not_say_stays_unknown(pair, mark, counted):
    times = read_marks(pair.show(mark=mark).format).times
    assert set(times) == {"pace", "path_video", "join", SENT} and pair.patient.counters["broken_marks"] == counted


def test_the_viewers_answer_closes_hand_to_eyes(pair, tmp_path):
    pictures = pair.surgeon.end._pictures
    for _ in range(2):
        msg = pair.show()
        stamp = seconds(msg.header.stamp)
        captured = pictures._captured[round(stamp * 1e6)]
        if len(pair.got) == 2:
            with pair.surgeon.lock:
                sample = pair.surgeon.now() - 0.3
                pictures.loop_closed(InForce(7, sample, captured - 0.004, (0.01,) * 8))
        age = pair.surgeon.ros_now() - stamp
        pair.trace.publish(floats_msg((stamp, age, *(0.01,) * len(PICTURE_STAGES))))
        shown_at = pair.surgeon.now()
        assert pair.until(lambda: len(pictures._eyes._pictures) == len(pair.got))
    entry, stages = pictures.newest(pair.surgeon.now())
    assert dict(zip(EYE_STAGES, entry.stages, strict=True))["wait"] == pytest.approx(0.004, abs=1e-6)
    assert entry.loop == pytest.approx(shown_at - sample, abs=0.02) and stages["decode"] == pytest.approx(0.01)
    pair.surgeon.close()
    tape = read_tape(tmp_path / "teleop_bridge.hand_to_eyes.tape")
    assert tuple(tape.columns) == ("t", "loop", *EYE_STAGES) and tape.rows[0][1] == pytest.approx(entry.loop)


@pytest.mark.parametrize(
    ("values", "counter"),
    [((), "bad_picture_trace"), ((1.0, math.nan, *(0.01,) * 9), "bad_picture_trace"), ((1.0, 0.1, *(0.01,) * 9), "foreign_picture_trace")],
)
def test_an_answer_that_is_none_is_counted(pair, values, counter):
    pair.trace.publish(floats_msg(values))
    assert pair.until(lambda: pair.surgeon.counters[counter] == 1)


def test_unknown_stages_are_not_shown_as_the_present_ones(pair):
    msg = pair.show()
    pair.trace.publish(floats_msg((seconds(msg.header.stamp), 0.1, *(math.nan,) * len(PICTURE_STAGES))))
    pictures = pair.surgeon.end._pictures
    assert pair.until(lambda: len(pictures._eyes._pictures) == 1)
    assert pictures.newest(pair.surgeon.now()) == (None, {}) and isinstance(msg.data, array)
