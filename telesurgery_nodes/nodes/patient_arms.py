"""The arms as the patient end of the bridge sees them: set points and tools in, targets and holds out."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from std_msgs.msg import Empty

from ..core.link.anchor import ArmTarget
from ..core.link.release import Releases
from ..core.link.view_watch import View, ViewWatch
from ..core.rotations import length
from ..core.values import CAMERA_ARM, INSTRUMENTS, Pose, ToolState
from ..errors import KinematicsError
from ..ros.cdr import joint_cdr
from ..ros.messages import pose_bytes, pose_from_msg
from ..ros.turns import Turns

if TYPE_CHECKING:
    from .teleop_bridge import TeleopBridge

VIEW, CAMERA_FRAME = "endoscope_view", f"{CAMERA_ARM}_rcm"
TOOL_FRESH = 0.2  # [s] an older pose is not sent as the present one
COMMANDED = (*INSTRUMENTS, CAMERA_ARM)


class PatientArms:
    """Keeps the newest of every arm; publishes for those a command names."""

    def __init__(self, node: TeleopBridge) -> None:
        """Make the endpoints."""
        self._node, self._mail = node, node.mailbox()
        self._setpoints: dict[str, tuple[Pose, float]] = {}
        self._tools: dict[str, tuple[Pose, float]] = {}
        self._jaws: dict[str, float] = {}
        self._watch, self._releases = ViewWatch(), Releases(COMMANDED)
        self._turns = {arm: Turns(first=2 * number) for number, arm in enumerate(INSTRUMENTS)}
        self._subscribe()
        self._servo = {arm: node.publisher("arm_servo_cp", arm=arm) for arm in COMMANDED}
        self._servo_jaw = {arm: node.publisher("jaw_servo_jp", arm=arm) for arm in INSTRUMENTS}
        self._hold = {arm: node.publisher("arm_hold", arm=arm) for arm in COMMANDED}

    def _subscribe(self) -> None:
        look = self._mail.subscribe
        for arm in INSTRUMENTS:
            look("arm_setpoint_cp", lambda msg, name=arm: self._take_pose(self._setpoints, name, msg), arm=arm)
            look("arm_measured_cp", lambda msg, name=arm: self._take_pose(self._tools, name, msg), arm=arm)
            look("jaw_measured_js", lambda msg, name=arm: self._take_jaw(name, msg), arm=arm)
        look("arm_local_setpoint_cp", lambda msg: self._take_pose(self._setpoints, CAMERA_ARM, msg), arm=CAMERA_ARM)
        look("arm_local_cp", self._take_camera, arm=CAMERA_ARM)

    def _take_pose(self, store: dict[str, tuple[Pose, float]], arm: str, msg: Any) -> None:
        try:
            store[arm] = pose_from_msg(msg), self._node.now()
        except KinematicsError:
            self._node.count("bad_pose")

    def _take_camera(self, msg: Any) -> None:
        try:
            self._watch.update(pose_from_msg(msg), self._node.now())
        except KinematicsError:
            self._node.count("bad_pose")

    def _take_jaw(self, arm: str, msg: Any) -> None:
        if msg.position and math.isfinite(msg.position[0]):
            self._jaws[arm] = float(msg.position[0])

    def read(self) -> None:
        """Take the newest tools and set points."""
        self._mail.read()

    def setpoints(self, now: float) -> dict[str, tuple[Pose, float]]:
        """Arm -> set point and its age [s]; the camera arm's in its RCM frame."""
        return {arm: (pose, now - at) for arm, (pose, at) in self._setpoints.items()}

    def view(self, now: float) -> View | None:
        """Where the camera is, and whether it stands."""
        return self._watch.view(now)

    def publish(self, targets: Mapping[str, ArmTarget], stamp: Any) -> None:
        """servo_cp of each target; the jaw takes turns."""
        for arm, target in targets.items():
            self._servo[arm].publish(pose_bytes(target.pose, stamp, CAMERA_FRAME if arm == CAMERA_ARM else VIEW))
            if target.jaw is not None and self._turns[arm].mine():
                self._servo_jaw[arm].publish(joint_cdr((f"{arm}_jaw",), (target.jaw,), stamp=stamp))

    def release(self, wanted: Collection[str], now: float) -> None:
        """Tell every other arm to hold."""
        for arm in self._releases.update(wanted, now):
            self._hold[arm].publish(Empty())

    def tools(self, now: float) -> dict[str, ToolState]:
        """Instruments as the surgeon side shall see them."""
        tools = {}
        for arm, (pose, at) in self._tools.items():
            if now - at <= TOOL_FRESH and arm in self._jaws:
                wanted = self._setpoints.get(arm, (pose, at))[0]
                tools[arm] = ToolState(pose, self._jaws[arm], length(wanted.position - pose.position))
        return tools
