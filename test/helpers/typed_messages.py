"""Messages as rclpy's own objects, as another CRTK node says them; the suite itself publishes bytes (ros/cdr.py)."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

from builtin_interfaces.msg import Time
from geometry_msgs.msg import WrenchStamped
from sensor_msgs.msg import JointState


def joint_msg(
    names: Sequence[str],
    position: Iterable[float],
    velocity: Iterable[float] = (),
    effort: Iterable[float] = (),
    stamp: Time | None = None,
) -> JointState:
    """JointState; a missing part stays an empty vector, as CRTK asks."""
    msg = JointState(name=list(names))
    msg.position = array("d", position)
    msg.velocity, msg.effort = array("d", velocity), array("d", effort)
    if stamp is not None:
        msg.header.stamp = stamp
    return msg


def wrench_msg(force: Iterable[float], stamp: Time, frame: str, torque: Iterable[float] = (0.0, 0.0, 0.0)) -> WrenchStamped:
    """WrenchStamped of a force (3,) [N] and a torque (3,) [Nm]."""
    msg = WrenchStamped()
    msg.header.stamp, msg.header.frame_id = stamp, frame
    for part, values in ((msg.wrench.force, force), (msg.wrench.torque, torque)):
        part.x, part.y, part.z = (float(value) for value in values)
    return msg
