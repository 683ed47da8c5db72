"""What both simulated robots share: which joints a description has, their limits, and the checks of a set point."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.kinematics.frames import Frame, Vector, axis_rotation, rotate
from ...core.kinematics.model import TURNING, Chain, Joint, RobotModel
from ...core.robot.follower import Follower, Limits
from ...core.values import CAMERA_ARM, INSTRUMENTS, FloatArray
from ...description import Home
from ...errors import ConfigError, DeviceError

TIP = "tip"
JAW = "jaw"
FINGER = 0.0102  # [m] length of the jaws along the tip's z (urdf/psm.urdf.xacro)


@dataclass(frozen=True, eq=False)
class Layout:
    """All driven joints in one row: per arm its joints, then its jaw. ``jaws``: arm -> index, only for arms that have one."""

    names: tuple[str, ...]
    arms: Mapping[str, slice]
    jaws: Mapping[str, int]
    limits: Limits
    effort: FloatArray

    def joint_names(self) -> dict[str, tuple[str, ...]]:
        """Arm -> joint names without the jaw."""
        return {arm: self.names[where] for arm, where in self.arms.items()}


def read_layout(description: str) -> Layout:
    """Layout of a URDF that follows the naming of the suite: the joints of <arm> lead from its root to <arm>_tip.

    ConfigError names the link that is missing, or the joint that has no limits.
    """
    try:
        root = ElementTree.fromstring(description)
    except ElementTree.ParseError as error:
        raise ConfigError(f"the robot description is not XML: {error}") from error
    model = RobotModel(description)
    limits = {joint.get("name"): joint.find("limit") for joint in root.iter("joint")}
    arms, jaws, names = {}, {}, []
    for arm in (*INSTRUMENTS, CAMERA_ARM):
        wanted = model.chain_to(f"{arm}_{TIP}").names
        arms[arm] = slice(len(names), len(names) + len(wanted))
        names += wanted
        if f"{arm}_{JAW}" in limits:
            jaws[arm] = len(names)
            names.append(f"{arm}_{JAW}")
    table = np.array([_limit_row(name, limits.get(name)) for name in names])
    return Layout(tuple(names), arms, jaws, Limits(table[:, 0], table[:, 1], table[:, 2]), table[:, 3])


def _limit_row(name: str, limit: Any) -> list[float]:
    try:
        return [float(limit.attrib[key]) for key in ("lower", "upper", "velocity", "effort")]
    except (AttributeError, KeyError, ValueError) as error:
        raise ConfigError(f"the robot description needs joint {name!r} with numeric lower, upper, velocity and effort limits") from error


def start_positions(layout: Layout, home: Mapping[str, Home]) -> FloatArray:
    """Homes as one row, shape (n,). ConfigError where an arm has none or it does not fit."""
    row = np.zeros(len(layout.names))
    for arm, where in layout.arms.items():
        if arm not in home or home[arm].joints.shape != row[where].shape:
            raise ConfigError(f"home of {arm}: wanted {where.stop - where.start} joints, got {home.get(arm)}")
        row[where] = home[arm].joints
        if arm in layout.jaws:
            row[layout.jaws[arm]] = home[arm].jaw
    bad = [n for n, q, low, high in zip(layout.names, row, layout.limits.lower, layout.limits.upper) if not low <= q <= high]  # noqa: B905
    if bad:
        raise ConfigError(f"home outside the joint limits: {', '.join(bad)}")
    return row


@dataclass(frozen=True)
class Tip:
    """Where an instrument ends: ``mount`` cart -> ``base``, the link its first joint moves against; ``chain`` base -> tip link.

    ``last``: the link that carries the tip; ``length`` [m] of what sticks out beyond the tip along its z.
    """

    mount: Frame
    base: str
    chain: Chain
    last: str
    length: float

    def end(self, q: Sequence[float]) -> Vector:
        """End of the tool, jaws closed, in the cart frame [m]. One point from joint to joint is a third of the work of whole frames."""
        point = placed(self.chain.tool, (0.0, 0.0, self.length))
        for joint, at in zip(reversed(self.chain.joints), reversed(q), strict=True):
            point = placed(joint.origin, _moved(joint, at, point))
        return placed(self.mount, point)


def placed(frame: Frame, point: Vector) -> Vector:
    """A point of the inner frame in the outer one."""
    x, y, z = rotate(frame.r, point)
    return frame.p[0] + x, frame.p[1] + y, frame.p[2] + z


def _moved(joint: Joint, at: float, point: Vector) -> Vector:
    """``point`` of the child link, in the joint's frame, with the joint at ``at`` [rad or m]."""
    if joint.kind in TURNING:
        return rotate(axis_rotation(joint.axis, at), point)
    x, y, z = joint.axis
    return x * at + point[0], y * at + point[1], z * at + point[2]


def tips(description: str, layout: Layout) -> dict[str, Tip]:
    """Tips of the instruments."""
    model, found = RobotModel(description), {}
    for arm in INSTRUMENTS:
        whole = model.chain_to(f"{arm}_{TIP}")
        base, last = whole.joints[0].parent, whole.joints[-1].child
        length = FINGER if arm in layout.jaws else 0.0
        found[arm] = Tip(model.fixed(whole.base, base), base, model.chain(base, f"{arm}_{TIP}"), last, length)
    return found


class SetpointInlet:
    """The commanding half of a Robot: checks set points and passes them to a Follower unless braked."""

    def __init__(self, layout: Layout, start: FloatArray, speed_share: float = 1.0) -> None:
        """Stand at ``start``, shape (n,). The reference moves at ``speed_share`` of the velocity limits, where a servo overshoots."""
        self.layout = layout
        limits, self._names = layout.limits, layout.joint_names()
        self.follower = Follower(Limits(limits.lower, limits.upper, speed_share * limits.velocity), start.tolist())
        self.braked = False

    @property
    def joint_names(self) -> Mapping[str, Sequence[str]]:
        """Arm name -> joint names in set-point order (without the jaw)."""
        return self._names

    @property
    def clamped(self) -> int:
        """Set points that were outside a joint limit since the start."""
        return self.follower.clamped

    def servo_jp(self, arm: str, position: FloatArray) -> None:
        """New joint set point, shape (n,) [rad or m]. Non-finite or wrong shape: DeviceError, nothing moves. Ignored while braked."""
        where = self._arm(arm)
        wanted = np.asarray(position, dtype=np.float64)
        values: list[float] = wanted.tolist()
        if wanted.shape != (where.stop - where.start,) or not all(map(math.isfinite, values)):
            raise DeviceError(f"{arm}: wanted {where.stop - where.start} finite joint positions, got {position!r}")
        if not self.braked:
            self.follower.aim(where, values)

    def servo_jaw(self, arm: str, position: float) -> None:
        """New jaw set point [rad]; DeviceError for an arm without one. Ignored while braked."""
        self._arm(arm)
        if arm not in self.layout.jaws or not math.isfinite(position):
            raise DeviceError(f"jaw of {arm}: wanted a finite angle for one of {', '.join(self.layout.jaws)}, got {position!r}")
        if not self.braked:
            jaw = self.layout.jaws[arm]
            self.follower.aim(slice(jaw, jaw + 1), (position,))

    def setpoint(self, arm: str) -> FloatArray:
        """Joint set point in force, shape (n,); the measured position from the moment of braking."""
        return self.follower.goal[self._arm(arm)]

    def _arm(self, arm: str) -> slice:
        if arm not in self.layout.arms:
            raise DeviceError(f"no arm called {arm!r}; known: {', '.join(self.layout.arms)}")
        return self.layout.arms[arm]
