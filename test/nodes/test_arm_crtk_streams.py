"""CRTK's streams of an arm on a graph, and what is no command: refused with its reason, said, and nothing moves."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

rclpy = pytest.importorskip("rclpy")
pytest.importorskip("xacro")

from geometry_msgs.msg import PoseStamped, TwistStamped  # noqa: E402
from sensor_msgs.msg import JointState  # noqa: E402
from test_arm_control import Site  # noqa: E402
from test_arm_crtk import Client  # noqa: E402
from typed_messages import joint_msg  # noqa: E402

from telesurgery_nodes.core.arm.moves import Refusal  # noqa: E402
from telesurgery_nodes.core.kinematics.frames import IDENTITY, Frame, compose, inverse  # noqa: E402
from telesurgery_nodes.ros.messages import pose_msg, stamp_from  # noqa: E402

STALL = 2.0  # [s]


@pytest.fixture
def client(graph: Any) -> Client:
    return Client(Site(graph))


STREAMED = {
    "servo_jp": lambda site, q, share: joint_msg((), [q[0] + 0.1 * share, *q[1:]]),
    "interpolate_jp": lambda site, q, share: joint_msg((), [q[0] + 0.1 * share, *q[1:]]),
    "servo_jv": lambda site, q, share: JointState(velocity=[0.1 if share < 1.0 else 0.0, *[0.0] * 5]),
    "interpolate_cp": lambda site, q, share: site.turned(q[0] + 0.1 * share),
}  # fmt: skip


def patient(loop: Any) -> None:
    """A machine that stalls ends the leave to move, as it must; that is another test's business."""
    loop.gate.limits = replace(loop.gate.limits, permit_valid=STALL, permit_latch=STALL)
    loop.motors.gate.limits = replace(loop.motors.gate.limits, permit_valid=STALL)


@pytest.mark.parametrize("name", STREAMED)
def test_a_stream_of_50_hz_leads_the_arm_where_it_goes(client: Client, name: str) -> None:
    site, make = client.site, STREAMED[name]
    patient(site.arm())
    site.homed()
    q, arm, view = site.q["PSM1"], site.arm(), site.node._rcm_views["PSM1"]

    def turned(yaw: float) -> PoseStamped:
        return pose_msg(compose(inverse(view), arm.controller.kinematics.forward((yaw, *q[1:]))), stamp_from(1.0), "endoscope_view")

    site.turned = turned  # type: ignore[attr-defined]
    out, sent = site.tester.create_publisher(type(make(site, q, 0.0)), f"PSM1/{name}", 10), []  # type: Any, list[float]
    assert site.graph.spin_until(lambda: out.get_subscription_count() > 0)

    def send() -> None:
        sent.append(min(1.0, len(sent) / 50.0))
        msg = make(site, q, sent[-1])
        msg.header.stamp = site.tester.get_clock().now().to_msg()
        out.publish(msg)

    site.tester.create_timer(0.02, send)
    assert site.graph.spin_until(lambda: len(sent) > 80)
    way = site.q["PSM1"][0] - q[0]
    assert 0.05 < way < 0.2 if name == "servo_jv" else way == pytest.approx(0.1, abs=1e-4)
    assert not client.said, "nothing was refused"


WRONG = {
    "move_jp": (joint_msg((), [math.nan] * 6), Refusal.NOT_NUMBERS),
    "move_jr": (joint_msg((), [0.1] * 5), Refusal.NOT_NUMBERS),
    "servo_jp": (joint_msg((), [0.1] * 7), Refusal.NOT_NUMBERS),
    "servo_jv": (JointState(), Refusal.NOT_NUMBERS),
    "servo_cv": (TwistStamped(), Refusal.WRONG_FRAME),
    "jaw/move_jp": (joint_msg((), [0.1, 0.2]), Refusal.NOT_NUMBERS),
    "move_cp": (pose_msg(Frame((math.nan, 0.0, 0.1), IDENTITY.r), stamp_from(1.0), ""), Refusal.NOT_NUMBERS),
    "interpolate_cp": (PoseStamped(), Refusal.NOT_NUMBERS),
}


def test_what_is_no_command_is_refused_and_said_and_moves_nothing(client: Client) -> None:
    site = client.site
    site.homed()
    before, jaw = site.q["PSM1"], site.arm().controller.jaw_setpoint
    WRONG["servo_cv"][0].header.frame_id = "world"
    for at, (name, (msg, why)) in enumerate(WRONG.items()):
        if isinstance(msg, PoseStamped) and name == "interpolate_cp":
            msg.pose.orientation.w = 0.0  # no rotation
        client.send(name, msg)
        assert client.refused(name, why), name
        assert site.graph.spin_until(lambda at=at: len(client.said) > at), name
    assert site.q["PSM1"] == pytest.approx(before, abs=1e-9) and site.arm().controller.jaw_setpoint == pytest.approx(jaw)
