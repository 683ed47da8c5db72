"""What both simulated robots share: which joints a description has, their limits, and the checks of a set point."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.robot.follower import Follower, Limits
from ...core.values import CAMERA_ARM, INSTRUMENTS, FloatArray
from ...description import Home
from ...errors import ConfigError, DeviceError

INSTRUMENT_JOINTS = ("yaw", "pitch", "insertion", "roll", "wrist_pitch", "wrist_yaw")
CAMERA_JOINTS = ("yaw", "pitch", "insertion", "roll")
JAW = "jaw"


@dataclass(frozen=True, eq=False)
class Layout:
    """All driven joints in one row: per arm its joints, then its jaw. ``jaws``: arm -> index, only for arms that have one."""

    names: tuple[str, ...]
    arms: Mapping[str, slice]
    jaws: Mapping[str, int]
    limits: Limits
    effort: FloatArray

    def joint_names(self) -> dict[str, Sequence[str]]:
        """Arm -> joint names without the jaw."""
        return {arm: self.names[where] for arm, where in self.arms.items()}


def read_layout(description: str) -> Layout:
    """Layout of a URDF that follows the naming of the suite. ConfigError names the joint that is missing or has no limits."""
    try:
        root = ElementTree.fromstring(description)
    except ElementTree.ParseError as error:
        raise ConfigError(f"the robot description is not XML: {error}") from error
    limits = {joint.get("name"): joint.find("limit") for joint in root.iter("joint")}
    arms, jaws, names = {}, {}, []
    for arm in (*INSTRUMENTS, CAMERA_ARM):
        wanted = CAMERA_JOINTS if arm == CAMERA_ARM else INSTRUMENT_JOINTS
        arms[arm] = slice(len(names), len(names) + len(wanted))
        names += [f"{arm}_{joint}" for joint in wanted]
        if arm != CAMERA_ARM:
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


class SetpointInlet:
    """The commanding half of a Robot: checks set points and passes them to a Follower unless braked."""

    def __init__(self, layout: Layout, start: FloatArray, speed_share: float = 1.0) -> None:
        """Stand at ``start``, shape (n,). The reference moves at ``speed_share`` of the velocity limits, where a servo overshoots."""
        self.layout = layout
        limits = layout.limits
        self.follower = Follower(Limits(limits.lower, limits.upper, speed_share * limits.velocity), start)
        self.braked = False

    @property
    def joint_names(self) -> Mapping[str, Sequence[str]]:
        """Arm name -> joint names in set-point order (without the jaw)."""
        return self.layout.joint_names()

    @property
    def clamped(self) -> int:
        """Set points that were outside a joint limit since the start."""
        return self.follower.clamped

    def servo_jp(self, arm: str, position: FloatArray) -> None:
        """New joint set point, shape (n,) [rad or m]. Non-finite or wrong shape: DeviceError, nothing moves. Ignored while braked."""
        where = self._arm(arm)
        wanted = np.asarray(position, dtype=np.float64)
        if wanted.shape != (where.stop - where.start,) or not np.isfinite(wanted).all():
            raise DeviceError(f"{arm}: wanted {where.stop - where.start} finite joint positions, got {position!r}")
        if not self.braked:
            self.follower.aim(where, wanted)

    def servo_jaw(self, arm: str, position: float) -> None:
        """New jaw set point [rad]; DeviceError for an arm without one. Ignored while braked."""
        self._arm(arm)
        if arm not in self.layout.jaws or not np.isfinite(position):
            raise DeviceError(f"jaw of {arm}: wanted a finite angle for one of {', '.join(self.layout.jaws)}, got {position!r}")
        if not self.braked:
            self.follower.aim(self.layout.jaws[arm], position)

    def setpoint(self, arm: str) -> FloatArray:
        """Joint set point in force, shape (n,); the measured position from the moment of braking."""
        return self.follower.goal[self._arm(arm)]

    def _arm(self, arm: str) -> slice:
        if arm not in self.layout.arms:
            raise DeviceError(f"no arm called {arm!r}; known: {', '.join(self.layout.arms)}")
        return self.layout.arms[arm]
