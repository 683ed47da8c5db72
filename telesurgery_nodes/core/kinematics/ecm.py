"""Closed-form kinematics of dVRK's endoscope arm: yaw, pitch, insertion, roll. Four joints: a tip position and a roll, no more.

The tip frame is modified-DH frame 4: z along the shaft, away from the remote centre (sim.md section 6.2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from ...errors import ConfigError, KinematicsError
from .frames import Frame, Vector, cross, norm
from .limits import JointLimits, Joints
from .psm import INSERTION, PITCH, ROLL, TINY, YAW, nearest_turn

DOF = 4


@dataclass(frozen=True)
class EcmGeometry:
    """Numbers of dVRK's ECM Classic (sawIntuitiveResearchKit ECM.json, sim.md section 6.2) [m]."""

    insertion_offset: float = -0.3822
    roll_length: float = 0.3829

    @property
    def reach_offset(self) -> float:
        """Tip's distance beyond the remote centre = insertion + this."""
        return self.insertion_offset + self.roll_length


@dataclass(frozen=True)
class Ecm:
    """Forward and inverse kinematics of the endoscope arm within ``limits``."""

    limits: JointLimits
    geometry: EcmGeometry = field(default_factory=EcmGeometry)

    def __post_init__(self) -> None:
        if len(self.limits.lower) != DOF:
            raise ConfigError(f"ECM: limits of {DOF} joints wanted, got {len(self.limits.lower)}")

    def forward(self, q: Joints) -> Frame:
        """Tip frame in the RCM frame at joints ``q`` (4,) [rad, rad, m, rad]."""
        s1, c1, s2, c2 = math.sin(q[YAW]), math.cos(q[YAW]), math.sin(q[PITCH]), math.cos(q[PITCH])
        s4, c4 = math.sin(q[ROLL]), math.cos(q[ROLL])
        reach = q[INSERTION] + self.geometry.reach_offset
        x3, y3, z3 = (-s1 * s2, -c2, c1 * s2), (-c1, 0.0, -s1), (s1 * c2, -s2, -c1 * c2)
        x4 = (c4 * x3[0] + s4 * y3[0], c4 * x3[1] + s4 * y3[1], c4 * x3[2] + s4 * y3[2])
        y4 = cross(z3, x4)
        return Frame(
            (reach * z3[0], reach * z3[1], reach * z3[2]),
            (x4[0], y4[0], z3[0], x4[1], y4[1], z3[1], x4[2], y4[2], z3[2]),
        )

    def solve(self, tip: Vector, roll: float, reference: Joints) -> Joints:
        """Joints that bring the tip to ``tip`` [m] with ``roll`` [rad]. KinematicsError outside the joint range."""
        reach = norm(tip)
        if not (math.isfinite(reach) and math.isfinite(roll)) or reach < TINY:
            raise KinematicsError(f"ECM: a finite tip away from the remote centre and a finite roll wanted, got {tip}, {roll}")
        q = (
            math.atan2(tip[0], -tip[2]),
            math.asin(max(-1.0, min(1.0, -tip[1] / reach))),
            reach - self.geometry.reach_offset,
            nearest_turn(roll, reference[ROLL]),
        )
        if not self.limits.inside(q):
            raise KinematicsError(f"ECM: tip {tip} m needs joints {q}, valid {self.limits.lower}..{self.limits.upper}")
        return q

    def dexterity(self, q: Joints) -> float:
        """Distance of the tip from the remote centre [m]: the smallest singular value of its position."""
        return abs(q[INSERTION] + self.geometry.reach_offset)

    def twist(self, q: Joints, v: Joints) -> tuple[Vector, Vector]:
        """Linear [m/s] and angular [rad/s] velocity of the tip at joint speeds ``v``, RCM frame."""
        frame = self.forward(q)
        shaft: Vector = (frame.r[2], frame.r[5], frame.r[8])
        yaw, pitch = (0.0, -v[YAW], 0.0), (-math.cos(q[YAW]) * v[PITCH], 0.0, -math.sin(q[YAW]) * v[PITCH])
        turning: Vector = (yaw[0] + pitch[0], yaw[1] + pitch[1], yaw[2] + pitch[2])
        swing = cross(turning, frame.p)
        speed, spin = v[INSERTION], v[ROLL]
        return (
            (swing[0] + speed * shaft[0], swing[1] + speed * shaft[1], swing[2] + speed * shaft[2]),
            (turning[0] + spin * shaft[0], turning[1] + spin * shaft[1], turning[2] + spin * shaft[2]),
        )
