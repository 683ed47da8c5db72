"""What the masters are asked to do, beside aligning: keep an orientation while rotation is locked, keep their distance at the camera."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geometry_msgs.msg import Quaternion, WrenchStamped
from std_msgs.msg import Empty

from ..core.rotations import quaternion_from_rotation
from ..core.teleop.clutch import TeleopOutput
from ..core.teleop.table import State
from ..core.teleop.values import TeleopInputs
from ..core.values import MASTERS

if TYPE_CHECKING:
    from .teleop_bridge import TeleopBridge

VIEW = "endoscope_view"
FORCE_EVERY = 5  # ticks: 50 Hz at the usual rate


class MasterHints:
    """dVRK's lock_orientation, unlock_orientation and body/servo_cf. A master without motors ignores them."""

    def __init__(self, node: TeleopBridge) -> None:
        """Make the endpoints."""
        self._node = node
        self._lock = {master: node.publisher("master_lock", arm=master) for master in MASTERS}
        self._unlock = {master: node.publisher("master_unlock", arm=master) for master in MASTERS}
        self._force = {master: node.publisher("master_body_cf", arm=master) for master in MASTERS}
        self._locked: set[str] = set()
        self._ticks, self._pulling = 0, False

    def publish(self, output: TeleopOutput, inputs: TeleopInputs) -> None:
        """Locks on change, forces while the hands hold the camera, and once nothing when they let go."""
        locked = {m for m in inputs.hands if output.state is State.FOLLOWING and inputs.setting(m).lock_rotation and m in inputs.pairs}
        for master in locked - self._locked:
            w, x, y, z = quaternion_from_rotation(inputs.hands[master].pose.rotation)
            self._lock[master].publish(Quaternion(x=x, y=y, z=z, w=w))
        for master in self._locked - locked:
            self._unlock[master].publish(Empty())
        self._locked = locked
        self._ticks += 1
        if output.camera_forces and self._ticks % FORCE_EVERY == 0:
            for master, force in output.camera_forces.items():
                self._force[master].publish(self._wrench(force.tolist()))
        elif self._pulling and not output.camera_forces:
            for publisher in self._force.values():
                publisher.publish(self._wrench([0.0, 0.0, 0.0]))
        self._pulling = bool(output.camera_forces)

    def _wrench(self, force: list[float]) -> Any:
        msg = WrenchStamped()
        msg.header.stamp, msg.header.frame_id = self._node.ros_stamp(), VIEW
        msg.wrench.force.x, msg.wrench.force.y, msg.wrench.force.z = force
        return msg
