"""arm_control in process: starts disabled, homes under a permit, follows, holds without one, echoes stamps."""

from __future__ import annotations

from typing import Any

import pytest

rclpy = pytest.importorskip("rclpy")
pytest.importorskip("xacro")

from sensor_msgs.msg import JointState  # noqa: E402
from std_msgs.msg import Float64MultiArray, String, UInt64MultiArray  # noqa: E402

from telesurgery_nodes.core.arm.states import ArmMode  # noqa: E402
from telesurgery_nodes.core.kinematics.frames import Frame  # noqa: E402
from telesurgery_nodes.core.values import Permit, Phase  # noqa: E402
from telesurgery_nodes.nodes.arm_control import ArmControl  # noqa: E402
from telesurgery_nodes.nodes.arm_ports import pose_msg  # noqa: E402
from telesurgery_nodes.ros.endpoints import offered, requested, row  # noqa: E402
from telesurgery_nodes.ros.messages import arm_from_msg, joint_msg, permit_to_msg, stamp_from  # noqa: E402

ARMS = {"PSM1": 6, "PSM2": 6, "PSM3": 6, "ECM": 4}
START = (0.05, 0.02, 0.11, 0.1, 0.05, -0.05)
ECM_START = (0.0, 0.0, 0.1, 0.0)


class Site:
    """A perfect robot and a watchdog around the node under test."""

    def __init__(self, graph: Any) -> None:
        self.graph = graph
        self.node = graph.make(ArmControl, rate=100.0)
        self.tester = graph.plain()
        self.q = {arm: START if n == 6 else ECM_START for arm, n in ARMS.items()}
        self.permit: Permit | None = None
        self.echo, self.seq = True, 0
        self.resumed: list[str] = []
        self.traces: list[list[float]] = []
        self.reports: list[Any] = []
        self.sent: list[JointState] = []
        self.outs: dict[tuple[str, str], Any] = {}
        self.permits = self.tester.create_publisher(UInt64MultiArray, "safety/permit", offered(row("permit")))
        self.hear("trace", Float64MultiArray, lambda msg: self.traces.append(list(msg.data)))
        self.hear("arm_report", UInt64MultiArray, lambda msg: self.reports.append(arm_from_msg(msg)))
        for arm in ARMS:
            for key, kind in (
                ("robot_measured_js", JointState),
                ("robot_setpoint_js", JointState),
                ("robot_operating_state", String),
                ("arm_state_command", String),
            ):
                self.outs[key, arm] = self.speak(key, kind, arm)
            self.hear("robot_servo_jp", JointState, lambda msg, arm=arm: self.moved(arm, msg), arm)
            self.hear("robot_state_command", String, lambda msg, arm=arm: self.resumed.append(arm), arm)
        self.cp = self.speak("arm_servo_cp", type(pose_msg(Frame((0.0,) * 3, (1.0, 0, 0, 0, 1, 0, 0, 0, 1)), stamp_from(1.0), "")), "PSM1")
        self.tester.create_timer(0.01, self.step)

    def speak(self, key: str, kind: Any, arm: str) -> Any:
        return self.tester.create_publisher(kind, row(key).name.format(arm=arm), offered(row(key)))

    def hear(self, key: str, kind: Any, call: Any, arm: str = "") -> None:
        self.tester.create_subscription(kind, row(key).name.format(arm=arm), call, requested(row(key)))

    def moved(self, arm: str, msg: JointState) -> None:
        self.q[arm] = tuple(msg.position)
        if arm == "PSM1":
            self.sent.append(msg)
        if self.echo:
            self.outs["robot_setpoint_js", arm].publish(msg)

    def step(self) -> None:
        for arm in ARMS:
            self.outs["robot_measured_js", arm].publish(joint_msg((), self.q[arm], stamp=self.tester.get_clock().now().to_msg()))
            self.outs["robot_operating_state", arm].publish(String(data="ENABLED"))
        if self.permit is not None:
            self.seq += 1
            self.permits.publish(permit_to_msg(Permit(7, self.seq, *self.permit_rest())))

    def permit_rest(self) -> tuple[Any, ...]:
        assert self.permit is not None
        return self.permit.motion_epoch, self.permit.phase, self.permit.motion, self.permit.cause

    def allow(self, phase: Phase, motion: bool, epoch: int) -> None:
        self.permit = Permit(7, 0, epoch, phase, motion, 0)

    def arm(self, name: str = "PSM1") -> Any:
        return self.node.arms[name]

    def homed(self) -> None:
        self.allow(Phase.STANDBY, False, 0)
        assert self.graph.spin_until(lambda: self.arm().controller._measured is not None and self.arm().robot_enabled)
        for word in ("enable", "home"):
            self.outs["arm_state_command", "PSM1"].publish(String(data=word))
            assert self.graph.spin_until(lambda: self.arm().controller.mode is ArmMode.ENABLED)
        assert self.graph.spin_until(lambda: self.arm().controller.homed)


@pytest.fixture
def site(graph: Any) -> Site:
    return Site(graph)


def test_starts_disabled_and_sends_nothing(site: Site) -> None:
    site.allow(Phase.FOLLOWING, True, 1)
    assert site.graph.spin_until(lambda: len(site.reports) > 5)
    assert not site.sent and not site.resumed
    assert all(loop.controller.mode is ArmMode.DISABLED for loop in site.node.arms.values())
    assert not site.reports[-1].homed and not site.reports[-1].robot_enabled


def test_homes_only_under_a_live_permit_and_resumes_the_robot(site: Site) -> None:
    assert site.graph.spin_until(lambda: site.arm().controller._measured is not None and site.arm().robot_enabled)
    site.outs["arm_state_command", "PSM1"].publish(String(data="enable"))
    assert site.graph.spin_until(lambda: site.arm().controller.mode is ArmMode.ENABLED)
    site.outs["arm_state_command", "PSM1"].publish(String(data="home"))
    assert site.graph.spin_until(lambda: site.arm().controller.busy)
    site.graph.spin_for(0.2)
    assert site.q["PSM1"] == pytest.approx(START)  # no permit: held
    site.allow(Phase.STANDBY, False, 0)
    assert site.graph.spin_until(lambda: site.arm().controller.homed)
    home = site.arm().controller.config.home
    assert site.graph.spin_until(lambda: site.q["PSM1"] == pytest.approx(home, abs=1e-5))
    assert "PSM1" in site.resumed


def test_follows_copies_the_stamp_and_traces(site: Site) -> None:
    site.homed()
    site.allow(Phase.FOLLOWING, True, 1)
    view = site.node._rcm_views["PSM1"]
    start = site.arm().controller.setpoint_view(view)
    goal = Frame((start.p[0] + 0.004, start.p[1], start.p[2]), start.r)
    wanted: list[tuple[int, int]] = []

    def send() -> None:
        stamp = site.tester.get_clock().now().to_msg()
        wanted.append((stamp.sec, stamp.nanosec))
        site.cp.publish(pose_msg(goal, stamp, "endoscope_view"))

    site.tester.create_timer(0.01, send)
    assert site.graph.spin_until(lambda: abs(site.arm().controller.setpoint_view(view).p[0] - goal.p[0]) < 1e-6)
    assert site.graph.spin_until(lambda: bool(site.traces))
    stamps = {(msg.header.stamp.sec, msg.header.stamp.nanosec) for msg in site.sent}
    assert stamps & set(wanted)
    assert any(abs(site.traces[0][0] - (sec + nano * 1e-9)) < 1e-6 for sec, nano in wanted)
    assert all(0.0 <= value < 1.0 for value in site.traces[0][1:])


def test_a_jump_and_nan_do_not_move(site: Site) -> None:
    site.homed()
    site.allow(Phase.FOLLOWING, True, 1)
    start = site.arm().controller.setpoint_view(site.node._rcm_views["PSM1"])
    before = site.arm().controller.setpoint
    far = Frame((start.p[0] + 0.05, start.p[1], start.p[2]), start.r)
    bad = Frame((float("nan"), 0.0, 0.0), start.r)
    for frame in (far, bad, far, bad):
        site.cp.publish(pose_msg(frame, site.tester.get_clock().now().to_msg(), "endoscope_view"))
        site.graph.spin_for(0.05)
    assert site.arm().controller.setpoint == before
    assert site.arm().gate.refused >= 3 and site.arm().decision.latched
