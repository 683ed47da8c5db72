"""The ROS side of one arm: newest messages in, set points and telemetry out. No decisions here."""

from __future__ import annotations

import math
from typing import Any

from ..core.arm.assembly import Assembly
from ..core.arm.trace import Stamp
from ..core.arm.values import Measured
from ..core.kinematics.frames import IDENTITY, Frame, Vector, compose, inverse, rotate, transpose
from ..core.kinematics.limits import Joints
from ..core.safety.force import AGE as FORCE_AGE
from ..core.values import CAMERA_ARM, INSTRUMENTS
from ..errors import KinematicsError
from ..ros.cdr import joint_cdr, twist_cdr, wrench_cdr
from ..ros.crtk import text_of, word_msg
from ..ros.messages import frame_bytes, frame_of_msg, seconds
from ..ros.node import SuiteNode
from ..ros.turns import Turns
from .arm_crtk import ArmCrtk
from .tool_path import ToolPath

VIEW = "endoscope_view"
NEVER = -math.inf
TELEMETRY = ("arm_measured_js", "arm_measured_cp", "arm_local_cp", "arm_measured_cv", "arm_setpoint_js", "arm_setpoint_cp",
             "arm_local_setpoint_cp")  # fmt: skip
FORCES = ("arm_measured_cf", "arm_body_cf")
JAW_TELEMETRY = ("jaw_measured_js", "jaw_setpoint_js")


class ArmPort:
    """Endpoints of one arm. Streams are read once a tick; callbacks only keep the newest message and its steady arrival time."""

    def __init__(self, node: SuiteNode, arm: str, made: Assembly, follows: bool, on_state: Any, on_echo: Any) -> None:
        """``on_state(text)`` for state commands, ``on_echo(msg)`` for the robot's set points (following arms only)."""
        controller = made.controller
        self.node, self.arm, self.controller, self.follows = node, arm, controller, follows
        self.touches, self.base = arm in INSTRUMENTS, made.base
        self.has_jaw = controller.config.jaw is not None
        self.joint_names = [f"{arm}_{name}" for name in controller.config.joint_names]
        self._jaw_name = (f"{arm}_jaw",)
        self.robot_state = ""
        self.command: Any = None
        self.command_at, self.command_ros, self.jaw_at, self.measured_at = NEVER, 0.0, NEVER, NEVER
        self.command_new, self.released = False, False
        # The camera arm is what the view hangs on: its own poses stand in the frame of its remote centre.
        self.frame = f"{arm}_rcm" if arm == CAMERA_ARM else VIEW
        self.target_frames = ("", self.frame)  # CRTK's own client names none
        self.force: Vector | None = None
        self.torque: Vector = (0.0, 0.0, 0.0)
        self.force_at = NEVER
        self._jaw_command = math.nan
        self._joints: Any = None
        self.position: Joints = ()  # as measured; empty before the first
        self._velocity: Joints = ()
        self._jaw: Any = None
        self._jaw_angle = math.nan
        keys = (*TELEMETRY, *(JAW_TELEMETRY if self.has_jaw else ()), *(FORCES if self.touches else ()))
        self._outputs = {key: node.publisher(key, arm=arm) for key in keys}
        self._heard: frozenset[str] = frozenset()
        self._path = ToolPath(node, arm) if follows else None
        self._robot = node.publisher("robot_servo_jp", arm=arm)
        self._robot_jaw = node.publisher("robot_jaw_servo_jp", arm=arm) if self.has_jaw else None
        self._robot_command = node.publisher("robot_state_command", arm=arm)
        self._jaw_turns, self._jaw_telemetry = Turns(), Turns(2)
        self.mail, self._echo = node.mailbox(), node.mailbox()
        self.crtk = ArmCrtk(self, on_state)
        self._subscribe(on_echo)

    def _subscribe(self, on_echo: Any) -> None:
        listen, look, arm = self.node.subscribe, self.mail.subscribe, self.arm
        look("arm_servo_cp", self._on_servo_cp, arm=arm)
        look("robot_measured_js", self._on_measured, arm=arm)
        listen("robot_operating_state", self._on_robot_state, arm=arm)
        if self.has_jaw:
            look("jaw_servo_jp", self._on_jaw, arm=arm)
            look("robot_jaw_measured_js", self._on_measured_jaw, arm=arm)
        if self.follows:
            self._echo.subscribe("robot_setpoint_js", on_echo, arm=arm)
        if self.touches:
            look("robot_measured_cf", self._on_force, arm=arm)

    def read(self, echo: bool) -> None:
        """Take the newest streams; called once a tick. ``echo``: the robot's set points too, which only the ledger's samples need."""
        self.mail.read()
        self.crtk.read()
        if echo:
            self._echo.read()

    def _on_servo_cp(self, msg: Any) -> None:
        self.command, self.command_at, self.command_new, self.released = msg, self.node.now(), True, False
        self.command_ros = self.node.ros_now()

    def release(self) -> None:
        """hold: what servo_cp asked before no longer counts."""
        self.command_new, self.released = False, True

    def _on_jaw(self, msg: Any) -> None:
        if len(msg.position) == 1:
            self._jaw_command, self.jaw_at = msg.position[0], self.node.now()
        else:
            self.node.count(f"{self.arm}_bad_jaw")

    def _on_measured(self, msg: Any) -> None:
        if len(msg.position) == len(self.joint_names) and (not msg.name or list(msg.name) == self.joint_names):
            self._joints, self.measured_at = msg, self.node.now()
            self.position = tuple(msg.position)
            self._velocity = tuple(msg.velocity) if len(msg.velocity) == len(self.position) else (0.0,) * len(self.position)
        else:
            self.node.count(f"{self.arm}_foreign_joints")

    def _on_measured_jaw(self, msg: Any) -> None:
        self._jaw, self._jaw_angle = msg, msg.position[0] if len(msg.position) == 1 else math.nan

    def _on_force(self, msg: Any) -> None:
        """What cannot be used is counted and not kept: the force then grows old, and an unknown force moves nothing."""
        force, torque = ((part.x, part.y, part.z) for part in (msg.wrench.force, msg.wrench.torque))
        if msg.header.frame_id in ("", self.base) and all(map(math.isfinite, (*force, *torque))):
            self.force, self.torque, self.force_at = force, torque, self.node.now()
        else:
            self.node.count(f"{self.arm}_bad_force")

    def _on_robot_state(self, msg: Any) -> None:
        self.robot_state = text_of(msg)

    def target(self) -> Frame | None:
        """The newest servo_cp as a frame; None where it is not a pose in one of ``target_frames`` with a valid stamp."""
        msg = self.command
        if msg is None or msg.header.frame_id not in self.target_frames or self.stamp() == (0, 0):
            return None
        try:
            return frame_of_msg(msg.pose)
        except KinematicsError:
            self.node.count(f"{self.arm}_not_a_pose")
            return None

    def stamp(self) -> Stamp:
        """header.stamp of the newest servo_cp."""
        stamp = self.command.header.stamp if self.command is not None else None
        return (stamp.sec, stamp.nanosec) if stamp is not None else (0, 0)

    def hop_in(self) -> float:
        """servo_cp stamp to its arrival [s, ROS clock]."""
        return self.command_ros - seconds(self.command.header.stamp) if self.command is not None else math.nan

    def jaw_command(self, now: float, max_age: float) -> float | None:
        """Newest jaw target [rad], None where old."""
        return self._jaw_command if now - self.jaw_at <= max_age else None

    def measured(self, now: float) -> Measured | None:
        """Newest joints as plain floats; None before the first."""
        return Measured(self.position, self._velocity, self._jaw_angle, now - self.measured_at) if self._joints is not None else None

    def resume_robot(self) -> None:
        """Let the robot's own brake go, from DISABLED or PAUSED. Called only from a local enable or home."""
        self._robot_command.publish(word_msg(self._robot_command.msg_type, "enable", self.node.ros_stamp()))

    def send(self, joints: Joints, jaw: float | None, stamp: Any) -> None:
        """Set points to the motors."""
        self._robot.publish(joint_cdr(self.joint_names, joints, stamp=stamp))
        if self._robot_jaw is not None and jaw is not None and self._jaw_turns.mine():
            self._robot_jaw.publish(joint_cdr(self._jaw_name, (jaw,), stamp=stamp))

    def show_state(self) -> None:
        """operating_state on change."""
        self.crtk.show_state()

    def look_for_listeners(self) -> None:
        """Telemetry nobody subscribes to is not made: eight messages an arm are most of this node's cost."""
        self._heard = frozenset(key for key, output in self._outputs.items() if output.get_subscription_count() > 0)
        self.crtk.look_for_listeners()

    def telemetry(self, now: float, rcm_view: Frame | None, setpoint: Frame | None, served: Any) -> None:
        """Publish what somebody hears. ``served``: stamp of the command the set point serves."""
        jaws = self._jaw_telemetry.mine()
        self._measured_telemetry(now, rcm_view, jaws)
        self.crtk.telemetry(self.position if self._joints is not None else None, rcm_view, served)
        heard, controller, jaw = self._heard, self.controller, self.controller.jaw_setpoint
        if "arm_setpoint_js" in heard and controller.setpoint:
            self._outputs["arm_setpoint_js"].publish(joint_cdr(self.joint_names, controller.setpoint, controller.speed, stamp=served))
        if "arm_setpoint_cp" in heard and setpoint is not None:
            self._outputs["arm_setpoint_cp"].publish(frame_bytes(setpoint, served, self.frame))
        if "arm_local_setpoint_cp" in heard and (local := controller.setpoint_view(IDENTITY)) is not None:
            self._outputs["arm_local_setpoint_cp"].publish(frame_bytes(local, served, f"{self.arm}_rcm"))
        if "jaw_setpoint_js" in heard and math.isfinite(jaw) and jaws:
            self._outputs["jaw_setpoint_js"].publish(joint_cdr(self._jaw_name, (jaw,), stamp=served))

    def _measured_telemetry(self, now: float, rcm_view: Frame | None, jaws: bool) -> None:
        measured, msg, heard = self.measured(now), self._joints, self._heard
        if measured is None:
            return
        stamp, kinematics = msg.header.stamp, self.controller.kinematics
        if "arm_measured_js" in heard:
            self._outputs["arm_measured_js"].publish(_again(msg))
        if "jaw_measured_js" in heard and self._jaw is not None and jaws:
            self._outputs["jaw_measured_js"].publish(_again(self._jaw))
        local = self.controller.tips.of(measured.position)
        if "arm_local_cp" in heard:
            self._outputs["arm_local_cp"].publish(frame_bytes(local, stamp, f"{self.arm}_rcm"))
        if self._path is not None:
            self._path.take(local, stamp, now)
        if rcm_view is None:
            return
        view_rcm = inverse(rcm_view)
        if "arm_measured_cp" in heard:
            self._outputs["arm_measured_cp"].publish(frame_bytes(compose(view_rcm, local), stamp, self.frame))
        if "arm_measured_cv" in heard:
            linear, angular = kinematics.twist(measured.position, measured.velocity)
            self._outputs["arm_measured_cv"].publish(twist_cdr(rotate(view_rcm.r, linear), rotate(view_rcm.r, angular), stamp, self.frame))
        self._force_telemetry(now, view_rcm, local, stamp)

    def _force_telemetry(self, now: float, view_rcm: Frame, local: Frame, stamp: Any) -> None:
        """The same wrench in two frames; nothing where it is not known."""
        if self.force is None or now - self.force_at > FORCE_AGE:
            return
        tip_rcm = transpose(local.r)
        for key, turn, frame in (("arm_measured_cf", view_rcm.r, VIEW), ("arm_body_cf", tip_rcm, f"{self.arm}_tip")):
            if key in self._heard:
                self._outputs[key].publish(wrench_cdr(rotate(turn, self.force), rotate(turn, self.torque), stamp, frame))


def _again(msg: Any) -> bytes:
    """The robot's own joints as they came."""
    return joint_cdr(msg.name, msg.position, msg.velocity, msg.effort, stamp=msg.header.stamp, frame=msg.header.frame_id)
