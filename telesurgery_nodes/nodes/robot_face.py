"""The topics a robot shows below arm control: publishers of the simulation, made from the rows of channels.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.values import INSTRUMENTS, FloatArray
from ..devices.protocols import ForceSensing
from ..ros.cdr import joint_cdr, wrench_cdr
from ..ros.cdr_poses import poses_cdr
from ..ros.crtk import Stamps, word_msg
from ..ros.node import SuiteNode
from ..ros.turns import Turns

ROOT_FRAME = "patient_cart"
HALF = -0.5  # the URDF's mimic factor of <arm>_jaw_half


class RobotFace:
    """Publishes what a robot's arms do."""

    def __init__(self, node: SuiteNode, robot: Any) -> None:
        """Make the publishers of every arm of ``robot``."""
        self._robot, self._node, self._stamps = robot, node, Stamps()
        self.names = {arm: tuple(names) for arm, names in robot.joint_names.items()}
        self.arms = tuple(self.names)
        self.jaws = tuple(arm for arm in self.arms if arm in INSTRUMENTS)
        jaws = {arm: (f"{arm}_jaw", f"{arm}_jaw_half") for arm in self.jaws}
        self._every = tuple(name for arm, names in self.names.items() for name in (*names, *jaws.get(arm, ())))
        self._measured = {arm: node.publisher("robot_measured_js", arm=arm) for arm in self.arms}
        self._setpoint = {arm: node.publisher("robot_setpoint_js", arm=arm) for arm in self.arms}
        self._state = {arm: node.publisher("robot_operating_state", arm=arm) for arm in self.arms}
        self._jaw = {arm: node.publisher("robot_jaw_measured_js", arm=arm) for arm in self.jaws}
        senses = self.jaws if isinstance(robot, ForceSensing) else ()
        self._force = {arm: node.publisher("robot_measured_cf", arm=arm) for arm in senses}
        self._slow = {arm: Turns(2, number) for number, arm in enumerate(self.jaws)}  # of publish_rate
        self._objects, self._joints = node.publisher("robot_objects"), node.publisher("joint_states")

    def operating_state(self, word: str) -> None:
        """One state for the whole cart, said on every arm."""
        for publisher in self._state.values():
            publisher.publish(word_msg(publisher.msg_type, word, self._stamps.next(self._node.ros_stamp())))

    def arm(self, arm: str, served: tuple[Any, FloatArray], stamp: Any) -> None:
        """Measured joints and force, the set point in force with the stamp of the command that brought it, every second time the jaw."""
        state, names = self._robot.state(arm), self.names[arm]
        parts = (part.tolist() for part in (state.position, state.velocity, state.effort))
        self._measured[arm].publish(joint_cdr(names, *parts, stamp=stamp))
        self._setpoint[arm].publish(joint_cdr(names, served[1].tolist(), stamp=served[0]))
        wrench = self._robot.wrench(arm) if arm in self._force else None
        if wrench is not None:  # what is not known is not said
            self._force[arm].publish(wrench_cdr(wrench.force.tolist(), wrench.torque.tolist(), stamp, wrench.frame))
        if arm in self._jaw and self._slow[arm].mine():
            self._jaw[arm].publish(joint_cdr((f"{arm}_jaw",), (state.jaw,), (state.jaw_velocity,), stamp=stamp))

    def joints(self, stamp: Any) -> None:
        """Every joint of the cart; the half-jaws too, for readers that do not know mimic."""
        positions: list[float] = []
        for arm in self.arms:
            state = self._robot.state(arm)
            positions += state.position.tolist()
            if arm in self._jaw:
                positions += [state.jaw, HALF * state.jaw]
        self._joints.publish(joint_cdr(self._every, positions, stamp=stamp))

    def objects(self, stamp: Any) -> None:
        """Poses in the order of the objects' names, cart frame."""
        things: Mapping[str, FloatArray] = self._robot.objects()
        self._objects.publish(poses_cdr([values.tolist() for _, values in sorted(things.items())], stamp, ROOT_FRAME))
