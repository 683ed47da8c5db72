"""The patient end and its arms: any instrument, the camera arm in its own frame, and a hold for whoever is let go."""

import numpy as np
import pytest

from telesurgery_nodes.core.kinematics.frames import frame_of
from telesurgery_nodes.core.link.session import Received
from telesurgery_nodes.core.link.sticky import Wishes
from telesurgery_nodes.core.link.wire import CommandEncoder, Stream
from telesurgery_nodes.core.values import ArmMotion, CameraMotion, MotionCommand, Pedals, Permit, Phase, Pose
from telesurgery_nodes.session import pick_ports

rclpy = pytest.importorskip("rclpy")

from telesurgery_nodes.nodes.teleop_bridge import TeleopBridge  # noqa: E402
from telesurgery_nodes.ros import messages  # noqa: E402
from telesurgery_nodes.ros.endpoints import message_class, offered, requested, row  # noqa: E402

ARMS = ("PSM1", "PSM2", "PSM3", "ECM")


class Patient:
    """The patient's bridge; arms and permit as they are."""

    def __init__(self, graph, identities):
        ends = [f"127.0.0.1:{port}" for port in pick_ports(4)]
        self.graph, self.node, self.seq, self.permits = graph, graph.plain(), 0, 0
        self.bridge = graph.make(TeleopBridge, side="patient", local=ends[:2], remote=ends[2:], identity=identities["patient"])
        self.targets, self.holds = [], []
        self.camera = Pose(np.array([0.0, 0.0, 0.1]), np.eye(3))
        keys = [("arm_setpoint_cp", arm) for arm in ARMS[:3]] + [("arm_local_setpoint_cp", "ECM"), ("arm_local_cp", "ECM")]
        self.outs = {pair: self.speak(*pair) for pair in keys}
        self.permit = self.speak("permit")
        for arm in ARMS:
            self.hear("arm_servo_cp", lambda msg, name=arm: self.targets.append((name, msg)), arm)
            self.hear("arm_hold", lambda _msg, name=arm: self.holds.append(name), arm)
        self.node.create_timer(0.02, self.step)

    def speak(self, key, arm=""):
        channel = row(key)
        return self.node.create_publisher(message_class(channel), channel.name.format(arm=arm), offered(channel))

    def hear(self, key, call, arm):
        channel = row(key)
        self.node.create_subscription(message_class(channel), channel.name.format(arm=arm), call, requested(channel))

    def step(self):
        stamp = self.node.get_clock().now().to_msg()
        for (_, arm), out in self.outs.items():
            pose = self.camera if arm == "ECM" else Pose(np.array([0.01, 0.0, 0.1]), np.eye(3))
            out.publish(messages.pose_msg(frame_of(pose), stamp, ""))
        self.permits += 1
        self.permit.publish(messages.permit_to_msg(Permit(1, self.permits, 3, Phase.FOLLOWING, True, 0)))

    def command(self, epoch, arms=(), camera=None):
        """One command, as if it had just come."""
        self.seq += 1
        now = self.bridge.now()
        moves = {arm: ArmMotion(np.zeros(3), np.eye(3), 0.3) for arm in arms}
        pedals = Pedals(True, True, False, camera is not None)
        command = MotionCommand(self.seq, now, now, epoch, 1, pedals, True, False, True, 0.1, moves, camera)
        with self.bridge.lock:
            self.bridge.end.sticky(Wishes(True, True, False, 0, "path1", now))
            self.bridge.end.received(Received(Stream.COMMAND, self.seq, CommandEncoder().encode(command), "path1", now, False))

    def until(self, condition, epoch, arms=(), camera=None):
        def again():
            self.command(epoch, arms, camera)
            return condition()

        return self.graph.spin_until(again)


@pytest.fixture
def patient(graph, identities):
    return Patient(graph, identities)


def test_any_pair_of_instruments_is_served_and_the_others_are_told_to_hold(patient):
    assert patient.until(lambda: {arm for arm, _ in patient.targets} == {"PSM1", "PSM3"}, 1, ("PSM1", "PSM3"))
    assert patient.until(lambda: {"PSM2", "ECM"} <= set(patient.holds), 1, ("PSM1", "PSM3"))
    assert not {"PSM1", "PSM3"} & set(patient.holds)


def test_the_camera_arm_is_served_in_its_own_frame_and_every_instrument_holds(patient):
    grip = CameraMotion(np.zeros(3), 0.0)
    assert patient.until(lambda: patient.targets, 1, camera=grip)
    name, msg = patient.targets[0]
    assert (name, msg.header.frame_id) == ("ECM", "ECM_rcm") and msg.pose.position.z == pytest.approx(0.1)
    assert patient.until(lambda: {"PSM1", "PSM2", "PSM3"} <= set(patient.holds), 1, camera=grip)
    assert {arm for arm, _ in patient.targets} == {"ECM"} and "ECM" not in patient.holds


def test_a_camera_that_moves_ends_the_epoch_of_the_instruments_and_they_are_told(patient):
    assert patient.until(lambda: patient.targets, 1, ("PSM1",))
    patient.camera = Pose(np.array([0.0, 0.02, 0.1]), np.eye(3))
    assert patient.until(lambda: "PSM1" in patient.holds, 1, ("PSM1",))
    patient.graph.spin_for(0.3)
    patient.targets.clear()
    patient.command(1, ("PSM1",))
    patient.graph.spin_for(0.1)
    assert not patient.targets
    assert patient.until(lambda: patient.targets, 2, ("PSM1",)), "the next epoch begins in the new view"
