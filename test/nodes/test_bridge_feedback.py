"""Two bridges over loopback sockets: what a tool feels reaches the surgeon, and the hands only where that is switched on."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from telesurgery_nodes.core.kinematics.frames import IDENTITY
from telesurgery_nodes.core.values import ArmMotion, FeedbackMode
from telesurgery_nodes.session import pick_ports

rclpy = pytest.importorskip("rclpy")

from rclpy.parameter import Parameter  # noqa: E402
from typed_messages import joint_msg, wrench_msg  # noqa: E402

from telesurgery_nodes.nodes.teleop_bridge import TeleopBridge  # noqa: E402
from telesurgery_nodes.ros import messages  # noqa: E402
from telesurgery_nodes.ros.endpoints import message_class, offered, requested, row  # noqa: E402

SITE = "/console_site"


class Wire:
    """Both sides in one ROS domain, the surgeon's in a namespace, or it would hear its own mirror; a tool that is pressed."""

    def __init__(self, graph, identities, **surgeon):
        self.graph, self.node = graph, graph.plain()
        ends = [f"127.0.0.1:{port}" for port in pick_ports(4)]
        given = {"side": "surgeon", "identity": identities["surgeon"], "local": ends[:2], "remote": ends[2:], **surgeon}
        parameters = [Parameter(name, value=value) for name, value in given.items()]
        self.surgeon = graph.add(TeleopBridge(context=graph.context, parameter_overrides=parameters, namespace=SITE))
        self.patient = graph.make(TeleopBridge, side="patient", identity=identities["patient"], local=ends[2:], remote=ends[:2])
        self.force = (-3.0, 0.0, 0.0)
        keys = ("arm_measured_cf", "arm_measured_cp", "jaw_measured_js")
        self.out = {key: self.speak(key, row(key).name.format(arm="PSM1")) for key in keys}
        self.out["feedback_set"] = self.speak("feedback_set", f"{SITE}/{row('feedback_set').name}")
        self.status, self.hands = self.hear("status"), self.hear("master_cf", arm="MTMR")
        self.node.create_timer(0.01, self.step)
        assert graph.spin_until(lambda: self.surgeon.session.established and self.patient.session.established)
        assert graph.spin_until(lambda: self.surgeon.health().round_trip < 1.0), "one that is not known is refused"

    def speak(self, key, name):
        return self.node.create_publisher(message_class(row(key)), name, offered(row(key)))

    def hear(self, key, **fill):
        heard, name = [], f"{SITE}/{row(key).name.format(**fill)}"
        self.node.create_subscription(message_class(row(key)), name, heard.append, requested(row(key)))
        return heard

    def step(self):
        stamp = self.node.get_clock().now().to_msg()
        pose = messages.pose_msg(IDENTITY, stamp, "endoscope_view")
        self.out["arm_measured_cp"].publish(pose)
        self.out["jaw_measured_js"].publish(joint_msg(("PSM1_jaw",), (0.2,), stamp=stamp))
        if self.force is not None:
            self.out["arm_measured_cf"].publish(wrench_msg(self.force, stamp, "endoscope_view"))

    def follow(self, epoch=1):
        """The clutch machine says: follow, hand at rest."""
        teleop, arms = self.surgeon.end._teleop, {"PSM1": ArmMotion(np.zeros(3), np.eye(3), 0.2)}
        update = type(teleop).update

        def following(inputs, now):
            out = update(teleop, inputs, now)
            fields = {name: getattr(out, name) for name in out.__dataclass_fields__}
            return SimpleNamespace(**{**fields, "epoch": epoch, "arms": arms})

        teleop.update = following

    def say(self, mode):
        self.out["feedback_set"].publish(message_class(row("feedback_set"))(data=mode))
        return True

    def words(self):
        return json.loads(self.status[-1].data) if self.status else {}


def test_what_a_tool_feels_is_shown_and_mirrored_and_no_hand_is_pushed(graph, identities):
    wire = Wire(graph, identities)
    wire.follow()
    mirrored = wire.hear("mirror_cf", arm="PSM1")
    assert graph.spin_until(lambda: wire.words().get("force", {}).get("PSM1") == pytest.approx(3.0))
    assert graph.spin_until(lambda: bool(mirrored)) and mirrored[-1].wrench.force.x == pytest.approx(-3.0)
    assert wire.words()["force_most"] == pytest.approx(3.0) and wire.words()["feedback"] == "off" and wire.words()["hand_force"] == {}
    wire.force = None
    assert graph.spin_until(lambda: wire.words()["force"] == {}), "an old force is not shown"
    assert not wire.hands


def test_switched_on_the_hand_is_pushed_back_and_at_once_no_more(graph, identities):
    wire = Wire(graph, identities, feedback="tdpa", feedback_round_trip_ms=1000.0)
    wire.follow()
    # An empty account holds a resting hand with the less the later the ticks come, and on a busy machine they come late.
    assert graph.spin_until(lambda: any(msg.wrench.force.x < -1e-3 for msg in wire.hands))
    assert graph.spin_until(lambda: wire.words()["feedback"] == "on") and wire.hands[-1].header.frame_id == "endoscope_view"
    assert all(msg.wrench.force.x >= -2.0 for msg in wire.hands)
    assert graph.spin_until(lambda: wire.patient.end._command and wire.patient.end._command[0].feedback is FeedbackMode.TDPA)
    assert graph.spin_until(lambda: wire.say("off") and wire.hands[-1].wrench.force.x == 0.0 and wire.words()["feedback"] == "off")
    assert graph.spin_until(lambda: wire.say("loud") and wire.surgeon.counters["bad_feedback_mode"] > 0)


def test_over_a_long_link_the_console_says_why_not(graph, identities):
    wire = Wire(graph, identities, feedback="wave", feedback_round_trip_ms=0.0)
    wire.follow()
    assert graph.spin_until(lambda: "refused: round trip" in wire.words().get("feedback", ""))
    assert not wire.hands and wire.surgeon.end.diagnose()["feedback_refused"] == 1
