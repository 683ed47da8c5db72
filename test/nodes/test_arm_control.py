"""arm_control in process: starts disabled, homes under a permit, follows, holds without one, echoes stamps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

rclpy = pytest.importorskip("rclpy")
pytest.importorskip("xacro")

from geometry_msgs.msg import WrenchStamped  # noqa: E402
from sensor_msgs.msg import JointState  # noqa: E402
from std_msgs.msg import Empty, Float64MultiArray, String, UInt64MultiArray  # noqa: E402
from typed_messages import joint_msg, wrench_msg  # noqa: E402

from telesurgery_nodes.core.arm.states import ArmMode  # noqa: E402
from telesurgery_nodes.core.kinematics.frames import IDENTITY, Frame, axis_rotation, compose, inverse, product  # noqa: E402
from telesurgery_nodes.core.kinematics.limits import Limit  # noqa: E402
from telesurgery_nodes.core.safety.force import Push  # noqa: E402
from telesurgery_nodes.core.values import INSTRUMENTS, Permit, Phase  # noqa: E402
from telesurgery_nodes.nodes.arm_control import ArmControl  # noqa: E402
from telesurgery_nodes.ros.endpoints import offered, requested, row  # noqa: E402
from telesurgery_nodes.ros.messages import arm_from_msg, permit_to_msg, pose_msg, stamp_from  # noqa: E402

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
        self.force: tuple[float, float, float] | None = (0.0, 0.0, 0.0)  # on every instrument, frame of the remote centre
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
            if arm in INSTRUMENTS:
                self.outs["robot_measured_cf", arm] = self.speak("robot_measured_cf", WrenchStamped, arm)
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
        if self.force is not None:
            for arm in INSTRUMENTS:
                self.outs["robot_measured_cf", arm].publish(wrench_msg(self.force, self.tester.get_clock().now().to_msg(), f"{arm}_rcm"))
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

    def homed(self, name: str = "PSM1") -> None:
        self.allow(Phase.STANDBY, False, 0)
        arm = self.arm(name)
        assert self.graph.spin_until(lambda: arm.controller._measured is not None and arm.robot_enabled)
        modes = {"disable": ArmMode.DISABLED, "enable": ArmMode.ENABLED}
        steps = [(word, lambda mode=mode: arm.controller.mode is mode) for word, mode in modes.items()]
        steps += [("home", lambda: arm.controller.homed)]
        # Anew where a busy machine was in the way: refused while joints are old, or a robot measured too late to be on its set points.
        assert any(all(self.told(name, *step) for step in steps) for _ in range(3))

    def told(self, name: str, word: str, done: Any) -> bool:
        self.outs["arm_state_command", name].publish(String(data=word))
        return self.graph.spin_until(done, 8.0)

    def follow(self, name: str, frame: str, goal: Any) -> None:
        """servo_cp of one arm at 100 Hz from now on; ``goal()`` a frame."""
        out = self.speak("arm_servo_cp", type(pose_msg(IDENTITY, stamp_from(1.0), "")), name)
        self.tester.create_timer(0.01, lambda: out.publish(pose_msg(goal(), self.tester.get_clock().now().to_msg(), frame)))


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


def test_another_kind_of_arm_by_parameters(graph: Any) -> None:
    pytest.importorskip("pink")
    node = graph.make(ArmControl, urdf="urdf/serial_cart.urdf.xacro", psm1="serial7")
    serial = node.arms["PSM1"]
    assert serial.port.joint_names == [f"PSM1_joint{number}" for number in range(1, 8)] and not serial.port.has_jaw
    assert serial.assembly.base == "PSM1_base" and node.arms["PSM2"].assembly.base == "PSM2_rcm"
    assert node.diagnose()["PSM1_limits"] == "nothing"


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


def turned_camera(start: Frame, radians: float) -> Frame:
    """Panned about the remote centre."""
    turn = product(start.r, axis_rotation((1.0, 0.0, 0.0), radians))
    depth = sum(p * z for p, z in zip(start.p, (start.r[2], start.r[5], start.r[8]), strict=True))
    return Frame((depth * turn[2], depth * turn[5], depth * turn[8]), turn)


def test_the_camera_arm_follows_in_its_own_frame_only_and_instruments_told_to_hold_stand_in_the_patient(site: Site) -> None:
    site.homed()
    site.homed("ECM")
    site.allow(Phase.FOLLOWING, True, 1)
    hold = site.speak("arm_hold", Empty, "PSM1")
    site.tester.create_timer(0.05, lambda: hold.publish(Empty()))
    assert site.graph.spin_until(lambda: site.arm().port.released)
    before, view = site.q["PSM1"], site.node._rcm_views["PSM1"]
    start = site.arm("ECM").controller.setpoint_view(IDENTITY)
    site.follow("ECM", "ECM_rcm", lambda: turned_camera(start, 0.05))
    assert site.graph.spin_until(lambda: abs(site.q["ECM"][0]) + abs(site.q["ECM"][1]) > 0.045)
    assert site.q["PSM1"] == before and site.node._rcm_views["PSM1"] != view
    assert not site.arm().decision.latched, "0.5 s without a command is no loss for an arm that was told to hold"
    assert site.q["PSM3"] == pytest.approx(START), "an arm that nobody enabled"


def test_a_camera_target_in_the_view_frame_is_refused(site: Site) -> None:
    site.homed("ECM")
    site.allow(Phase.FOLLOWING, True, 1)
    start = site.arm("ECM").controller.setpoint_view(IDENTITY)
    site.follow("ECM", "endoscope_view", lambda: turned_camera(start, 0.05))
    assert site.graph.spin_until(lambda: site.arm("ECM").gate.refused >= 3)
    assert site.arm("ECM").controller.setpoint == pytest.approx((0.0, 0.0, 0.1, 0.0))


def test_a_camera_moved_by_hand_does_not_drag_a_following_instrument(site: Site) -> None:
    site.homed()
    site.allow(Phase.FOLLOWING, True, 1)
    goal = site.arm().controller.setpoint_view(site.node._rcm_views["PSM1"])
    site.follow("PSM1", "endoscope_view", lambda: goal)
    assert site.graph.spin_until(lambda: site.arm()._target is not None)
    before, view = site.q["PSM1"], site.node._rcm_views["PSM1"]
    site.q["ECM"] = (0.1, 0.05, 0.1, 0.0)
    assert site.graph.spin_until(lambda: site.node._rcm_views["PSM1"] != view)
    site.graph.spin_for(0.2)
    assert site.arm()._target is not None and site.q["PSM1"] == pytest.approx(before, abs=1e-9)


def ask_beside(site: Site, dx: float, dz: float) -> None:
    """Ask for a target off the present set point, in the frame of the remote centre, for a while."""
    view = site.node._rcm_views["PSM1"]
    tip = site.arm().controller.kinematics.forward(site.arm().controller.setpoint)
    goal = compose(inverse(view), Frame((tip.p[0] + dx, tip.p[1], tip.p[2] + dz), tip.r))
    for _ in range(20):
        site.cp.publish(pose_msg(goal, site.tester.get_clock().now().to_msg(), "endoscope_view"))
        site.graph.spin_for(0.02)


def test_above_the_stop_limit_the_tool_only_comes_away(site: Site) -> None:
    site.homed()
    site.allow(Phase.FOLLOWING, True, 1)
    site.force = (0.0, 0.0, 6.0)  # out of the patient: the tool pushes in
    assert site.graph.spin_until(lambda: site.arm().motors.force(0.0).vector == site.force)
    before = site.arm().controller.setpoint
    ask_beside(site, 0.0, -0.003)
    assert site.arm().controller.setpoint == before and site.arm().motors.push is Push.STOP
    assert site.arm().controller.counts["force"] > 0 and not site.arm().motors.gate.counts
    assert Limit.FORCE in site.arm().output.reasons
    ask_beside(site, 0.0, 0.003)
    assert site.arm().controller.setpoint[2] < before[2] - 0.002
    site.force = (0.0, 0.0, 4.0)
    assert site.graph.spin_until(lambda: site.arm().motors.push is Push.WARN)
    ask_beside(site, 0.0, -0.003)
    assert site.arm().controller.setpoint[2] == pytest.approx(before[2], abs=3e-4)


def test_without_a_force_nothing_moves(site: Site) -> None:
    site.homed()
    site.force = None
    site.allow(Phase.FOLLOWING, True, 1)
    site.graph.spin_for(0.4)
    before = site.arm().controller.setpoint
    ask_beside(site, 0.003, 0.0)
    assert site.arm().controller.setpoint == before and site.arm().motors.push is Push.UNKNOWN


def test_a_force_in_another_frame_or_without_numbers_is_counted_and_not_used(site: Site) -> None:
    assert site.graph.spin_until(lambda: site.arm().port.force == (0.0, 0.0, 0.0))
    site.force = None
    for vector, frame in (((1.0, 0.0, 0.0), "endoscope_view"), ((float("nan"), 0.0, 0.0), "PSM1_rcm")):
        site.outs["robot_measured_cf", "PSM1"].publish(wrench_msg(vector, stamp_from(1.0), frame))
        site.graph.spin_for(0.05)
    assert site.arm().port.force == (0.0, 0.0, 0.0) and site.node.counters["PSM1_bad_force"] == 2


def test_a_set_point_the_gate_refuses_is_not_sent_and_is_reported(site: Site) -> None:
    site.homed()
    site.allow(Phase.FOLLOWING, True, 1)
    controller = site.arm().controller
    before, sent = controller.setpoint, len(site.sent)
    leap = (before[0] + 0.1, *before[1:])
    update = controller.update
    controller.update = lambda inputs, now: replace(update(inputs, now), joints=leap)
    assert site.graph.spin_until(lambda: site.arm().motors.gate.latched)
    controller.update = update
    assert site.graph.spin_until(lambda: len(site.sent) > sent + 5)
    assert all(tuple(msg.position) == before for msg in site.sent[sent:]) and controller.setpoint == before
    assert site.graph.spin_until(lambda: site.reports[-1].bad_commands >= 3)
    assert site.node.diagnose()["PSM1_refused_rate"] >= 3
