"""An arm as capsules: where they are at given joints, how fast their ends move, and how far from straight.

`curvature` bounds the second derivative of every capsule end: for joint displacements d along any path, the end is within
1/2 |d|^T M |d| of its straight-line prediction. Proof: the derivative of an end by joints j <= k is z_j x (z_k x (p - o_k)) for two turning
joints, at most the lever of joint k; z_j x z_k, at most 1, for a turning j and a sliding k; 0 otherwise. The lever is the
largest distance of the end from axis k over the whole joint range (`_lever`).
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import ConfigError
from ..values import FloatArray
from .frames import IDENTITY, Vector, compose, rotate
from .limits import Joints
from .model import TURNING, Chain, Joint, RobotModel
from .solids import Capsule, Solid, Vertices, capsule_of, followers, hangs_below, no_meshes, swept_ball

PIECE = 0.06  # [m] longest piece of a shaft that is not held by the mechanism
END_RADIUS = 0.001  # [m] of the ball at the tip of a tool without moving jaws, so that its very end counts as a tip


class Role(enum.Enum):
    """What part of an arm a capsule is."""

    OUTSIDE = "outside"  # links before the shaft
    SHAFT = "shaft"
    TIP = "tip"  # wrist, jaws, and the end of a straight tool


@dataclass(frozen=True, eq=False)
class Part:
    """A capsule whose ends are in the frames after joints number ``rows`` (0: the root). ``link``: its URDF link."""

    link: str
    role: Role
    rows: tuple[int, int]
    capsule: Capsule


class Placed:
    """Capsules at one posture: ``ends`` (s, 2, 3) [m] in the root frame."""

    def __init__(self, ends: FloatArray, origins: FloatArray, axes: FloatArray, turned: FloatArray, slid: FloatArray) -> None:
        self.ends, self._joints, self._masks = ends, (origins, axes), (turned, slid)
        self._jacobian: FloatArray | None = None

    @property
    def jacobian(self) -> FloatArray:
        """Ends per joint, (n, s * 2 * 3); made when first asked for."""
        if self._jacobian is None:
            (origins, axes), (turned, slid) = self._joints, self._masks
            arms = self.ends[None] - origins[:, None, None, :]
            z = axes[:, None, None, :]
            self._jacobian = (turned * _cross(z, arms) + slid * z).reshape(len(axes), -1)
        return self._jacobian

    def speeds(self, v: FloatArray) -> FloatArray:
        """Of the ends at joint speeds ``v`` (n,): (s, 2, 3) [m/s]."""
        return np.asarray((v @ self.jacobian).reshape(self.ends.shape))


class ArmBody:
    """The moving shapes of one arm."""

    def __init__(self, arm: str, joints: Sequence[Joint], parts: Sequence[Part]) -> None:
        """``joints``: from the root on."""
        self.arm, self.parts, self._joints = arm, tuple(parts), tuple(joints)
        self.radius = np.array([part.capsule.radius for part in parts])
        self._rows = np.array([part.rows for part in parts])
        self._local = np.array([(part.capsule.a, part.capsule.b) for part in parts])
        self._turning = np.array([joint.kind in TURNING for joint in joints])
        moves = np.arange(len(joints))[:, None, None] < self._rows[None]
        self._turned = (moves & self._turning[:, None, None])[..., None].astype(np.float64)
        self._slid = (moves & ~self._turning[:, None, None])[..., None].astype(np.float64)
        self.curvature = np.array([self._bound(part) for part in parts])
        moved = np.arange(len(joints)) < self._rows.max(axis=1)[:, None]
        self.levers = np.where(self._turning, np.diagonal(self.curvature, axis1=1, axis2=2), moved.astype(np.float64))
        if not np.isfinite(self.curvature).all():
            raise ConfigError(f"{arm}: sliding joints need a finite range in the URDF; joints: {[joint.name for joint in joints]}")

    def place(self, q: Joints) -> Placed:
        """Capsules at joints ``q``."""
        frame, frames = IDENTITY, [IDENTITY]
        axes: list[Vector] = []
        for joint, value in zip(self._joints, q, strict=True):
            frame = compose(frame, joint.forward(value)) if axes else joint.forward(value)
            frames.append(frame)
            axes.append(rotate(frame.r, joint.axis))
        rotations = np.array([one.r for one in frames]).reshape(-1, 3, 3)
        positions = np.array([one.p for one in frames])
        ends = np.matmul(rotations[self._rows], self._local[..., None])[..., 0] + positions[self._rows]
        return Placed(ends, positions[1:], np.array(axes), self._turned, self._slid)

    def bend(self, travel: FloatArray) -> FloatArray:
        """|d|^T M |d| (s,) [m] for joint travels ``travel`` (n,): twice how far an end may be from its straight prediction."""
        return np.asarray(travel @ (self.curvature @ travel).T)

    def reach(self, travel: FloatArray) -> FloatArray:
        """No end of each part moves further than this (s,) [m], nor is said to (approach.py), while the joints travel ``travel`` (n,)."""
        return np.asarray(self.levers @ travel + self.bend(travel))

    def way(self, travel: FloatArray) -> FloatArray:
        """No end of each part gets further than this (s,) [m] from where it was, while the joints travel ``travel`` (n,)."""
        return np.asarray(self.levers @ travel)

    def pull(self, speed: FloatArray, travel: FloatArray) -> FloatArray:
        """|v|^T M |d| (s,) [m/s]: how much the speed of an end may have changed after ``travel`` at joint speeds ``speed`` (n,)."""
        return np.asarray((self.curvature @ travel) @ speed)

    def _bound(self, part: Part) -> FloatArray:
        n, last = len(self._joints), max(part.rows)
        ends = list(zip((part.capsule.a, part.capsule.b), part.rows, strict=True))
        levers = [max(self._lever(end, row, k) for end, row in ends) for k in range(n)]
        bound = np.zeros((n, n))
        for j in range(last):
            for k in range(j, last):
                turns = self._turning[j], self._turning[k]
                bound[j, k] = bound[k, j] = levers[k] if all(turns) else float(turns == (True, False))
        return bound

    def _lever(self, end: FloatArray, row: int, k: int) -> float:
        """Largest distance of an end in frame ``row`` from the axis of joint ``k``: balls that hold it are carried up the chain.

        A turning joint spreads a ball over the circle it runs on, which a larger ball on its axis holds; a sliding joint shifts it
        between the ends of its range.
        """
        balls = [(end, 0.0)]
        for number in range(row - 1, k - 1, -1):
            joint = self._joints[number]
            axis = np.array(joint.axis)
            if number == k:
                return max(_off_axis(ball, axis) + radius for ball, radius in balls) if self._turning[k] else 0.0
            if self._turning[number]:
                balls = [((ball @ axis) * axis, radius + _off_axis(ball, axis)) for ball, radius in balls]
            else:
                balls = [(ball + axis * limit, radius) for ball, radius in balls for limit in (joint.lower, joint.upper)]
            rotation, position = np.array(joint.origin.r).reshape(3, 3), np.array(joint.origin.p)
            balls = [(rotation @ ball + position, radius) for ball, radius in balls]
        return 0.0


def _off_axis(point: FloatArray, axis: FloatArray) -> float:
    return float(np.linalg.norm(point - (point @ axis) * axis))


def _cross(a: FloatArray, b: FloatArray) -> FloatArray:
    """numpy's own costs five times as much on so few rows."""
    ax, ay, az, bx, by, bz = a[..., 0], a[..., 1], a[..., 2], b[..., 0], b[..., 1], b[..., 2]
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)


def read_body(
    urdf: str,
    model: RobotModel,
    solids: Sequence[Solid],
    arm: str,
    chain: Chain,
    shaft: str,
    trocar: FloatArray | None,
    vertices: Vertices = no_meshes,
) -> ArmBody:
    """Capsules of ``arm``: all that hangs below the base of ``chain`` (base -> tip). ``shaft``: the link that is the shaft.

    ``trocar`` (3,) [m] in the root frame where the mechanism keeps the shaft in it; None where only software does.
    """
    whole = model.chain_to(chain.tip)
    shaft_row = len(model.chain_to(shaft).joints)
    parts: list[Part] = []
    jaws: list[tuple[Solid, Chain]] = []
    for solid in (one for one in solids if hangs_below(model, one.link, chain.base)):
        own = model.chain_to(solid.link)
        row = len(own.names)
        if own.names != whole.names[:row]:
            jaws.append((solid, model.chain(chain.tip, solid.link)))
            continue
        capsule = capsule_of(solid, own.tool, vertices)
        if row == shaft_row:
            parts += _shaft(solid.link, row, capsule, trocar)
        else:
            parts.append(Part(solid.link, Role.OUTSIDE if row < shaft_row else Role.TIP, (row, row), capsule))
    end = np.array(whole.tool.p)
    ball = swept_ball(jaws, followers(urdf)) if jaws else Capsule(np.zeros(3), np.zeros(3), END_RADIUS)
    rotation = np.array(whole.tool.r).reshape(3, 3)
    tip = Capsule(rotation @ ball.a + end, rotation @ ball.b + end, ball.radius)
    parts.append(Part(chain.tip, Role.TIP, (len(whole.names),) * 2, tip))
    return ArmBody(arm, whole.joints, parts)


def _shaft(link: str, row: int, capsule: Capsule, trocar: FloatArray | None) -> list[Part]:
    """A shaft in pieces, each of which moves to one side when the shaft turns in its trocar.

    In one piece, the plane that keeps it from an obstacle inside the patient would be approached by its other end outside, and motion
    away would be refused. Where the mechanism keeps the shaft in the trocar it is cut there: that end of both pieces does not move.
    """
    if trocar is not None:
        return [Part(link, Role.SHAFT, (0, row), Capsule(trocar, end, capsule.radius)) for end in (capsule.b, capsule.a)]
    count = max(1, int(np.ceil(np.linalg.norm(capsule.b - capsule.a) / PIECE)))
    cuts = np.linspace(capsule.a, capsule.b, count + 1)
    return [Part(link, Role.SHAFT, (row, row), Capsule(cuts[i], cuts[i + 1], capsule.radius)) for i in range(count)]
