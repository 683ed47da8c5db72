"""Closed-form kinematics of dVRK-like instrument arms: yaw, pitch, insertion, roll, wrist pitch, wrist yaw.

Frames: everything in the arm's RCM frame; the tip frame is dVRK's tool0 (sim.md section 6.2). Four solutions exist: palm side
(wrist pitch axis up or down) times shaft above or below the remote centre. The remote centre holds by construction.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

from ...errors import ConfigError, KinematicsError
from .frames import Frame, Vector, cross, dot, is_finite, norm
from .limits import JointLimits, Joints
from .reasons import Limit

DOF = 6
YAW, PITCH, INSERTION, ROLL, WRIST_PITCH, WRIST_YAW = range(DOF)
TURN = 2.0 * math.pi
TINY = 1e-9  # [m] a tip nearer than this to the remote centre or to the wrist axis has no direction
FLIP = math.pi / 2.0  # [rad] roll change that means another branch, not a step of the hand
BESIDE = 0.5  # [rad] branches are about half a turn apart in yaw or roll: a second one cannot be nearer than one this near
LENGTH_WEIGHT = 10.0  # [rad/m] insertion against angles when solutions are compared: 0.1 m weighs as much as 1 rad


@dataclass(frozen=True)
class PsmGeometry:
    """Numbers of dVRK's PSM Classic with Large Needle Driver 400006 (sawIntuitiveResearchKit JSON, sim.md section 6.2) [m]."""

    insertion_offset: float = -0.4318
    roll_length: float = 0.4162
    wrist_length: float = 0.0091

    @property
    def reach_offset(self) -> float:
        """Wrist centre's distance beyond the remote centre = insertion + this."""
        return self.insertion_offset + self.roll_length


class Solution(NamedTuple):
    """Joints for a target and what kept them from meeting it exactly."""

    joints: Joints
    reasons: Limit


@dataclass(frozen=True)
class Psm:
    """Forward and inverse kinematics of one instrument arm within ``limits``."""

    limits: JointLimits
    geometry: PsmGeometry = field(default_factory=PsmGeometry)
    local: ClassVar[bool] = False  # a solution is good wherever the set point is

    def __post_init__(self) -> None:
        if len(self.limits.lower) != DOF:
            raise ConfigError(f"PSM: limits of {DOF} joints wanted, got {len(self.limits.lower)}")

    def forward(self, q: Joints) -> Frame:
        """Tip frame at joints ``q`` (6,) [rad, rad, m, rad, rad, rad]."""
        reach = q[INSERTION] + self.geometry.reach_offset
        z3, z5, x5, z6 = _axes(q)
        p = _sum(reach, z3, self.geometry.wrist_length, x5)
        x6 = _sum(math.sin(q[5]), x5, math.cos(q[5]), z5)
        y6 = cross(z6, x6)
        return Frame(p, (-z6[0], -x6[0], y6[0], -z6[1], -x6[1], y6[1], -z6[2], -x6[2], y6[2]))

    def twist(self, q: Joints, v: Joints) -> tuple[Vector, Vector]:
        """Linear [m/s] and angular [rad/s] velocity of the tip at joint speeds ``v`` (the Jacobian is never formed)."""
        z3, z5, x5, z6 = _axes(q)
        arm, c1, s1 = self.geometry.wrist_length, math.cos(q[YAW]), math.sin(q[YAW])
        finger: Vector = (arm * x5[0], arm * x5[1], arm * x5[2])
        tip = _sum(q[INSERTION] + self.geometry.reach_offset, z3, 1.0, finger)
        swing: Vector = (-c1 * v[PITCH], -v[YAW], -s1 * v[PITCH])
        wrist = _sum(v[ROLL], z3, v[WRIST_PITCH], z5)
        moved, bent, spin = cross(swing, tip), cross(wrist, finger), v[WRIST_YAW]
        along = _sum(v[INSERTION], z3, 1.0, bent)
        turned = _sum(1.0, wrist, spin, z6)
        return _sum(1.0, moved, 1.0, along), _sum(1.0, swing, 1.0, turned)

    def dexterity(self, q: Joints) -> float:
        """Distance of the wrist centre from the remote centre [m]: the smallest singular value of the tip's position (sim.md 5.2)."""
        return abs(q[INSERTION] + self.geometry.reach_offset)

    def branches(self, target: Frame, reference: Joints) -> Iterator[Joints]:
        """All four solutions, shaft below the remote centre first; roll unwrapped to the turn nearest ``reference``."""
        if not is_finite(target):
            raise KinematicsError(f"a finite tip pose wanted, got {target}")
        p, r = target
        z6: Vector = (-r[0], -r[3], -r[6])
        x6: Vector = (-r[1], -r[4], -r[7])
        normal = cross(p, z6)
        length = norm(normal)
        if length < TINY:
            raise KinematicsError(f"tip {p} m lies on the wrist yaw axis through the remote centre: no unique solution")
        for reach_sign in (1.0, -1.0):
            for palm in (1.0 / length, -1.0 / length):
                z5 = (normal[0] * palm, normal[1] * palm, normal[2] * palm)
                yield self._branch(p, z5, z6, x6, reach_sign, reference[ROLL])

    def _branch(self, p: Vector, z5: Vector, z6: Vector, x6: Vector, sign: float, roll: float) -> Joints:
        x5 = cross(z6, z5)
        wrist = _sum(1.0, p, -self.geometry.wrist_length, x5)
        reach = norm(wrist) * sign
        if abs(reach) < TINY:
            raise KinematicsError(f"tip {p} m puts the wrist into the remote centre: no shaft direction; valid: further from it")
        z3 = (wrist[0] / reach, wrist[1] / reach, wrist[2] / reach)
        q1, q2 = math.atan2(z3[0], -z3[2]), math.asin(max(-1.0, min(1.0, -z3[1])))
        x3, y3 = _shaft_sides(q1, q2)
        q4 = nearest_turn(math.atan2(-dot(z5, x3), dot(z5, y3)), roll)
        x4 = _sum(math.cos(q4), x3, math.sin(q4), y3)
        q5 = math.atan2(dot(x5, x4), dot(x5, z3))
        q6 = math.atan2(dot(x6, x5), dot(x6, z5))
        return (q1, q2, reach - self.geometry.reach_offset, q4, q5, q6)

    def solve(self, target: Frame, reference: Joints) -> Joints:
        """The in-range solution nearest ``reference``. KinematicsError where none of the four is in range."""
        found = [q for q in self.branches(target, reference) if self.limits.inside(q)]
        if not found:
            raise KinematicsError(f"tip {target.p} m: no solution inside the joint range {self.limits.lower}..{self.limits.upper}")
        return min(found, key=lambda q: _far(q, reference))

    def follow(self, target: Frame, reference: Joints) -> Solution:
        """Joints for a moving target: stay on the branch at hand and give up orientation before position.

        Never flips the wrist or unwinds the roll by itself: a hand's step of a degree must not become half a turn of the tool.
        """
        nearest = self._nearest(target, reference)
        if self.limits.inside(nearest):
            if abs(nearest[ROLL] - reference[ROLL]) <= FLIP:
                return Solution(nearest, self.limits.soft(nearest))
            held = self._point_at(target.p, (*nearest[:ROLL], *reference[ROLL:]), reference)
            return Solution(held.joints, held.reasons | Limit.BRANCH)
        return self._point_at(target.p, nearest, reference)

    def _nearest(self, target: Frame, reference: Joints) -> Joints:
        """The branch nearest ``reference``; one within BESIDE is it, so most ticks need no more than two of the four."""
        found = []
        for q in self.branches(target, reference):
            if _far(q, reference) < BESIDE:
                return q
            found.append(q)
        return min(found, key=lambda q: _far(q, reference))

    def _point_at(self, p: Vector, wanted: Joints, reference: Joints) -> Solution:
        """Clamp the wrist into range, then solve yaw, pitch and insertion for the tip position."""
        wrist, reasons = self._clamp_wrist(wanted)
        pointed = self._point(p, wrist, reference)
        inside, more = self.limits.clamp((*pointed, *wrist))
        low, high = self.limits.lower[INSERTION], self.limits.upper[INSERTION]
        if not low <= pointed[2] <= high:  # point along the same line with the reach the range allows
            redone = self._point(p, wrist, reference, min(max(pointed[2], low), high))
            inside, more = self.limits.clamp((*redone, *wrist))
            more |= Limit.INSERTION
        return Solution(inside, reasons | more)

    def _clamp_wrist(self, wanted: Joints) -> tuple[Joints, Limit]:
        limits = self.limits
        wrist = tuple(min(max(wanted[i], limits.lower[i]), limits.upper[i]) for i in (ROLL, WRIST_PITCH, WRIST_YAW))
        return wrist, Limit.NONE if wrist == wanted[ROLL:] else Limit.WRIST

    def _point(self, p: Vector, wrist: Joints, reference: Joints, insertion: float | None = None) -> Joints:
        """Yaw, pitch, insertion that bring the tip to ``p`` (or in its direction at a given ``insertion``) with the wrist fixed."""
        arm, offset = self.geometry.wrist_length, self.geometry.reach_offset
        side, ahead = arm * math.sin(wrist[1]), arm * math.cos(wrist[1])
        length = norm(p)
        if length < TINY or length <= abs(side):
            raise KinematicsError(f"tip {p} m: with the wrist at its limit at least {abs(side)} m from the remote centre wanted")
        depth = math.sqrt(length * length - side * side) if insertion is None else insertion + offset + ahead
        wx, wy, wz = side * math.cos(wrist[0]), side * math.sin(wrist[0]), depth
        scale = math.sqrt(wx * wx + wy * wy + wz * wz) / length
        px, py, pz = p[0] * scale, p[1] * scale, p[2] * scale
        flat = math.hypot(wx, wz)
        turn = math.acos(max(-1.0, min(1.0, -py / flat)))
        middle = math.atan2(wz, wx)
        q2 = min((_wrapped(middle - turn), _wrapped(middle + turn)), key=lambda q: abs(q - reference[PITCH]))
        a = math.cos(q2) * wz - math.sin(q2) * wx
        q1 = math.atan2(a * px - wy * pz, -wy * px - a * pz)
        return (q1, q2, depth - ahead - offset)


def nearest_turn(angle: float, reference: float) -> float:
    """``angle`` plus the whole turns that bring it nearest ``reference`` [rad]."""
    return angle + TURN * round((reference - angle) / TURN)


def _wrapped(angle: float) -> float:
    return nearest_turn(angle, 0.0)


def _far(q: Joints, reference: Joints) -> float:
    return sum(abs(a - b) for a, b in zip(q, reference, strict=True)) + (LENGTH_WEIGHT - 1.0) * abs(q[INSERTION] - reference[INSERTION])


def _sum(a: float, x: Vector, b: float, y: Vector) -> Vector:
    return (a * x[0] + b * y[0], a * x[1] + b * y[1], a * x[2] + b * y[2])


def _shaft_sides(q1: float, q2: float) -> tuple[Vector, Vector]:
    s1, c1, s2, c2 = math.sin(q1), math.cos(q1), math.sin(q2), math.cos(q2)
    return (-s1 * s2, -c2, c1 * s2), (-c1, 0.0, -s1)


def _axes(q: Joints) -> tuple[Vector, Vector, Vector, Vector]:
    """Shaft, wrist pitch axis, finger direction x5, wrist yaw axis."""
    x3, y3 = _shaft_sides(q[YAW], q[PITCH])
    z3 = cross(x3, y3)
    s4, c4, s5, c5 = math.sin(q[ROLL]), math.cos(q[ROLL]), math.sin(q[WRIST_PITCH]), math.cos(q[WRIST_PITCH])
    x4, z5 = _sum(c4, x3, s4, y3), _sum(-s4, x3, c4, y3)
    x5 = _sum(s5, x4, c5, z3)
    return z3, z5, x5, cross(z5, x5)
