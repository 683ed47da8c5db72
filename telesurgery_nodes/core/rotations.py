"""Rotation matrices at the seams, without surprises: every angle by atan2, so a dot product of 1.0000000000000002 cannot raise.

All matrices have shape (3, 3), all rotation vectors shape (3,) [rad] in the frame the matrix acts in, quaternions are w-x-y-z.
The formulas stand once, in plain floats, in kinematics/frames.py: transforms3d solves an eigenproblem for a quaternion (15 us).
"""

from __future__ import annotations

import math

import numpy as np

from ..errors import KinematicsError
from .kinematics import frames
from .values import FloatArray

# A rotation read from text with six decimals is orthogonal to about 1e-3; anything worse is not a rotation.
ORTHOGONAL_TOLERANCE = 1e-3
UNIT_TOLERANCE = 1e-3  # a quaternion this far from unit length is none: a float32 round trip explains 1e-7
# An error of POLISHED_FROM is squared to less than 1e-16 in POLISHES steps; from POLISHED_TO one more does it.
POLISHED_FROM, POLISHED_TO, POLISHES = 1e-2, 1e-8, 4
# Below this sine the antisymmetric part of a half turn carries no axis any more.
SMALL_SINE = 1e-6


def vector_of(row: FloatArray) -> frames.Vector:
    """Plain floats of a numpy vector (3,)."""
    x, y, z = row.tolist()
    return x, y, z


def is_rotation(matrix: FloatArray, tolerance: float = ORTHOGONAL_TOLERANCE) -> bool:
    """True for a finite, right-handed, orthogonal (3, 3) matrix."""
    if matrix.shape != (3, 3):
        return False
    a, b, c, d, e, f, g, h, i = matrix.ravel().tolist()
    # Written out: every hand and every tool is asked at every tick. NaN and infinity fail the comparisons.
    return (
        abs(a * a + b * b + c * c - 1.0) <= tolerance
        and abs(d * d + e * e + f * f - 1.0) <= tolerance
        and abs(g * g + h * h + i * i - 1.0) <= tolerance
        and abs(a * d + b * e + c * f) <= tolerance
        and abs(d * g + e * h + f * i) <= tolerance
        and abs(g * a + h * b + i * c) <= tolerance
        and a * (e * i - f * h) + b * (f * g - d * i) + c * (d * h - e * g) > 0.0
    )


def orthonormal(matrix: FloatArray) -> FloatArray:
    """The proper rotation nearest to ``matrix`` (Frobenius norm)."""
    near = _polished(frames.floats_of(matrix))
    if near is not None:
        return frames.matrix_of(near)
    left, _, right = np.linalg.svd(matrix)
    flip = np.diag([1.0, 1.0, float(np.linalg.det(left @ right))])
    return np.asarray(left @ flip @ right, dtype=np.float64)


def _polished(r: frames.Rotation) -> frames.Rotation | None:
    """The rotation nearest to ``r`` where that is one but for a small error, else None. A sixth of what singular values cost.

    Newton and Schulz: r (3 - r^T r) / 2 has three quarters of the error's square.
    """
    if frames.dot(r[0:3], frames.cross(r[3:6], r[6:9])) <= 0.0:
        return None  # a mirror stays one
    for _ in range(POLISHES):
        a, b, c, _, e, f, _, _, i = frames.product(frames.transpose(r), r)
        error = max(abs(a - 1.0), abs(e - 1.0), abs(i - 1.0), abs(b), abs(c), abs(f))
        if not error <= POLISHED_FROM:  # NaN too
            return None
        x, y, z = -0.5 * b, -0.5 * c, -0.5 * f
        r = frames.product(r, (1.5 - 0.5 * a, x, y, x, 1.5 - 0.5 * e, z, y, z, 1.5 - 0.5 * i))
        if error <= POLISHED_TO:
            return r
    return None


def quaternion_from_rotation(rotation: FloatArray) -> frames.Quaternion:
    """Unit (w, x, y, z), w >= 0. Whether ``rotation`` is one is for `is_rotation` to say."""
    w, x, y, z = frames.quaternion(frames.floats_of(rotation))
    norm = math.sqrt(w * w + x * x + y * y + z * z)
    return (w / norm, x / norm, y / norm, z / norm)


def rotation_of_quaternion(w: float, x: float, y: float, z: float) -> frames.Rotation:
    """Rotation of a unit quaternion, in plain floats. KinematicsError where it is not one."""
    norm = math.sqrt(w * w + x * x + y * y + z * z)
    if not abs(norm - 1.0) <= UNIT_TOLERANCE:  # also catches NaN
        raise KinematicsError(f"wanted a unit quaternion, got |q| = {norm}")
    return frames.from_quaternion((w / norm, x / norm, y / norm, z / norm))


def rotation_from_quaternion(w: float, x: float, y: float, z: float) -> FloatArray:
    """Rotation matrix of a unit quaternion. KinematicsError where it is not one."""
    return frames.matrix_of(rotation_of_quaternion(w, x, y, z))


def angle(matrix: FloatArray) -> float:
    """Angle of a rotation, 0..pi [rad]."""
    return frames.angle(frames.floats_of(matrix))


def length(vector: FloatArray) -> float:
    """Of a vector (3,); a sixth of what numpy takes for it."""
    x, y, z = vector.tolist()
    return frames.norm((x, y, z))


def twist(matrix: FloatArray) -> float:
    """The part of a rotation about its own z axis (the roll of a tool), -pi..pi [rad]."""
    return math.atan2(float(matrix[1, 0] - matrix[0, 1]), float(matrix[0, 0] + matrix[1, 1]))


def log(matrix: FloatArray) -> FloatArray:
    """Rotation vector of ``matrix``: axis times angle [rad]."""
    r = frames.floats_of(matrix)
    vee, turn = np.array(frames.vee(r)), frames.angle(r)
    sine = float(np.linalg.norm(vee))
    if sine > SMALL_SINE:
        return np.asarray(vee * (turn / sine), dtype=np.float64)
    if turn < 1.0:
        return vee
    # Near a half turn (R + I) / 2 = axis axis^T: its longest column is the axis, its sign is free.
    outer = 0.5 * (matrix + np.eye(3))
    column = outer[:, int(np.argmax(np.diag(outer)))]
    axis = column / np.linalg.norm(column)
    return np.asarray(axis * (turn if float(axis @ vee) >= 0.0 else -turn), dtype=np.float64)


def exp(vector: FloatArray) -> FloatArray:
    """Rotation matrix of a rotation vector [rad]."""
    x, y, z = vector.tolist()
    turn = math.hypot(x, y, z)
    return frames.matrix_of(frames.axis_rotation((x / turn, y / turn, z / turn), turn)) if turn else np.eye(3)


def towards(current: FloatArray, goal: FloatArray, step: float) -> FloatArray:
    """``current`` turned towards ``goal`` by at most ``step`` [rad] along the shortest way."""
    vector = log(goal @ current.T)
    turn = float(np.linalg.norm(vector))
    if turn <= step:
        return goal
    return np.asarray(exp(vector * (step / turn)) @ current, dtype=np.float64)
