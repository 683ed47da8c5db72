"""Rigid frames in plain floats: the control loop's own arithmetic.

numpy costs about 1 us per operation on 3-vectors, which at 250 Hz and four arms is most of the budget; tuples of floats cost a
tenth of that. Rotations are row-major nine-tuples, quaternions w-x-y-z. `Pose` (numpy) stays the value that crosses seams.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from transforms3d.euler import euler2mat

from ..values import FloatArray, Pose

Vector = tuple[float, float, float]
Rotation = tuple[float, float, float, float, float, float, float, float, float]
Quaternion = tuple[float, float, float, float]

IDENTITY_ROTATION: Rotation = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


class Frame(NamedTuple):
    """A rigid pose: ``p`` position [m], ``r`` rotation, row-major."""

    p: Vector
    r: Rotation


IDENTITY = Frame((0.0, 0.0, 0.0), IDENTITY_ROTATION)


def dot(a: Vector, b: Vector) -> float:
    """Scalar product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def cross(a: Vector, b: Vector) -> Vector:
    """Vector product."""
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def norm(a: Vector) -> float:
    """Euclidean length."""
    return math.sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2])


def distance(a: Vector, b: Vector) -> float:
    """Distance of two points."""
    return norm((a[0] - b[0], a[1] - b[1], a[2] - b[2]))


def rotate(r: Rotation, v: Vector) -> Vector:
    """r v."""
    return (
        r[0] * v[0] + r[1] * v[1] + r[2] * v[2],
        r[3] * v[0] + r[4] * v[1] + r[5] * v[2],
        r[6] * v[0] + r[7] * v[1] + r[8] * v[2],
    )


def transpose(r: Rotation) -> Rotation:
    """Inverse of a rotation."""
    return (r[0], r[3], r[6], r[1], r[4], r[7], r[2], r[5], r[8])


def product(a: Rotation, b: Rotation) -> Rotation:
    """a b."""
    a0, a1, a2, a3, a4, a5, a6, a7, a8 = a
    b0, b1, b2, b3, b4, b5, b6, b7, b8 = b
    return (
        a0 * b0 + a1 * b3 + a2 * b6,
        a0 * b1 + a1 * b4 + a2 * b7,
        a0 * b2 + a1 * b5 + a2 * b8,
        a3 * b0 + a4 * b3 + a5 * b6,
        a3 * b1 + a4 * b4 + a5 * b7,
        a3 * b2 + a4 * b5 + a5 * b8,
        a6 * b0 + a7 * b3 + a8 * b6,
        a6 * b1 + a7 * b4 + a8 * b7,
        a6 * b2 + a7 * b5 + a8 * b8,
    )


def compose(a: Frame, b: Frame) -> Frame:
    """T_xz from T_xy and T_yz."""
    p, r = a
    x, y, z = rotate(r, b.p)
    return Frame((p[0] + x, p[1] + y, p[2] + z), product(r, b.r))


def inverse(a: Frame) -> Frame:
    """T_yx from T_xy."""
    r = transpose(a.r)
    p = rotate(r, a.p)
    return Frame((-p[0], -p[1], -p[2]), r)


def vee(r: Rotation) -> Vector:
    """Axis times sine of the angle: the antisymmetric part of a rotation."""
    return (0.5 * (r[7] - r[5]), 0.5 * (r[2] - r[6]), 0.5 * (r[3] - r[1]))


def angle(r: Rotation) -> float:
    """Angle of a rotation, 0..pi [rad], exact for small angles too (atan2 of sine and cosine)."""
    return math.atan2(norm(vee(r)), 0.5 * (r[0] + r[4] + r[8] - 1.0))


def angle_between(a: Rotation, b: Rotation) -> float:
    """Angle of a^T b [rad]."""
    return angle(product(transpose(a), b))


def quaternion(r: Rotation) -> Quaternion:
    """Unit quaternion w-x-y-z with w >= 0 (Shepperd: divide by the largest component)."""
    trace = r[0] + r[4] + r[8]
    if trace > 0.0:
        s = 2.0 * math.sqrt(trace + 1.0)
        q = (0.25 * s, (r[7] - r[5]) / s, (r[2] - r[6]) / s, (r[3] - r[1]) / s)
    elif r[0] >= r[4] and r[0] >= r[8]:
        s = 2.0 * math.sqrt(1.0 + r[0] - r[4] - r[8])
        q = ((r[7] - r[5]) / s, 0.25 * s, (r[1] + r[3]) / s, (r[2] + r[6]) / s)
    elif r[4] >= r[8]:
        s = 2.0 * math.sqrt(1.0 + r[4] - r[0] - r[8])
        q = ((r[2] - r[6]) / s, (r[1] + r[3]) / s, 0.25 * s, (r[5] + r[7]) / s)
    else:
        s = 2.0 * math.sqrt(1.0 + r[8] - r[0] - r[4])
        q = ((r[3] - r[1]) / s, (r[2] + r[6]) / s, (r[5] + r[7]) / s, 0.25 * s)
    return q if q[0] >= 0.0 else (-q[0], -q[1], -q[2], -q[3])


def from_quaternion(q: Quaternion) -> Rotation:
    """Rotation of a unit quaternion w-x-y-z."""
    w, x, y, z = q
    return (
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    )  # fmt: skip


def axis_rotation(axis: Vector, angle: float) -> Rotation:
    """Rotation by ``angle`` [rad] about a unit ``axis`` (Rodrigues)."""
    x, y, z = axis
    s, c = math.sin(angle), math.cos(angle)
    k = 1.0 - c
    return (
        c + x * x * k, x * y * k - z * s, x * z * k + y * s,
        y * x * k + z * s, c + y * y * k, y * z * k - x * s,
        z * x * k - y * s, z * y * k + x * s, c + z * z * k,
    )  # fmt: skip


def from_rpy(roll: float, pitch: float, yaw: float) -> Rotation:
    """URDF's fixed-axis roll, pitch, yaw: Rz(yaw) Ry(pitch) Rx(roll)."""
    return floats_of(euler2mat(roll, pitch, yaw, "sxyz"))


def is_finite(frame: Frame) -> bool:
    """True where all twelve numbers are finite."""
    return all(map(math.isfinite, frame.p)) and all(map(math.isfinite, frame.r))


def floats_of(matrix: FloatArray) -> Rotation:
    """Plain floats of a numpy matrix (3, 3)."""
    a, b, c, d, e, f, g, h, i = matrix.ravel().tolist()
    return (a, b, c, d, e, f, g, h, i)


def matrix_of(r: Rotation) -> FloatArray:
    """Numpy matrix (3, 3) of a rotation."""
    return np.array(r).reshape(3, 3)


def frame_of(pose: Pose) -> Frame:
    """Plain floats of a numpy pose."""
    x, y, z = pose.position.tolist()
    return Frame((x, y, z), floats_of(pose.rotation))


def pose_of(frame: Frame) -> Pose:
    """Numpy pose of a frame."""
    return Pose(np.array(frame.p), matrix_of(frame.r))
