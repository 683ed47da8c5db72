"""Rotation matrices without surprises: every angle by atan2, so a dot product of 1.0000000000000002 cannot raise.

All matrices have shape (3, 3), all rotation vectors shape (3,) [rad] in the frame the matrix acts in.
"""

from __future__ import annotations

import math

import numpy as np

from ..values import FloatArray

# A rotation read from text with six decimals is orthogonal to about 1e-3; anything worse is not a rotation.
ORTHOGONAL_TOLERANCE = 1e-3
# Below this sine the antisymmetric part of a half turn carries no axis any more.
SMALL_SINE = 1e-6


def is_rotation(matrix: FloatArray, tolerance: float = ORTHOGONAL_TOLERANCE) -> bool:
    """True for a finite, right-handed, orthogonal (3, 3) matrix."""
    if matrix.shape != (3, 3) or not np.isfinite(matrix).all():
        return False
    return bool(np.abs(matrix @ matrix.T - np.eye(3)).max() <= tolerance and np.linalg.det(matrix) > 0.0)


def orthonormal(matrix: FloatArray) -> FloatArray:
    """The proper rotation nearest to ``matrix`` (Frobenius norm)."""
    left, _, right = np.linalg.svd(matrix)
    flip = np.diag([1.0, 1.0, float(np.linalg.det(left @ right))])
    return np.asarray(left @ flip @ right, dtype=np.float64)


def angle(matrix: FloatArray) -> float:
    """Angle of a rotation, 0..pi [rad]."""
    sine = 0.5 * math.hypot(matrix[2, 1] - matrix[1, 2], matrix[0, 2] - matrix[2, 0], matrix[1, 0] - matrix[0, 1])
    cosine = 0.5 * (float(np.trace(matrix)) - 1.0)
    return math.atan2(sine, cosine)


def twist(matrix: FloatArray) -> float:
    """The part of a rotation about its own z axis (the roll of a tool), -pi..pi [rad]."""
    return math.atan2(float(matrix[1, 0] - matrix[0, 1]), float(matrix[0, 0] + matrix[1, 1]))


def log(matrix: FloatArray) -> FloatArray:
    """Rotation vector of ``matrix``: axis times angle [rad]."""
    vee = 0.5 * np.array([matrix[2, 1] - matrix[1, 2], matrix[0, 2] - matrix[2, 0], matrix[1, 0] - matrix[0, 1]])
    sine, turn = float(np.linalg.norm(vee)), angle(matrix)
    if sine > SMALL_SINE:
        return np.asarray(vee * (turn / sine), dtype=np.float64)
    if turn < 1.0:
        return np.asarray(vee, dtype=np.float64)
    # Near a half turn (R + I) / 2 = axis axis^T: its longest column is the axis, its sign is free.
    outer = 0.5 * (matrix + np.eye(3))
    column = outer[:, int(np.argmax(np.diag(outer)))]
    axis = column / np.linalg.norm(column)
    return np.asarray(axis * (turn if float(axis @ vee) >= 0.0 else -turn), dtype=np.float64)


def exp(vector: FloatArray) -> FloatArray:
    """Rotation matrix of a rotation vector [rad] (Rodrigues)."""
    turn = float(np.linalg.norm(vector))
    x, y, z = (float(value) for value in vector)
    skew = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    if turn < SMALL_SINE:
        return np.asarray(np.eye(3) + skew + 0.5 * skew @ skew, dtype=np.float64)
    return np.asarray(np.eye(3) + (math.sin(turn) / turn) * skew + ((1.0 - math.cos(turn)) / turn**2) * skew @ skew, dtype=np.float64)


def towards(current: FloatArray, goal: FloatArray, step: float) -> FloatArray:
    """``current`` turned towards ``goal`` by at most ``step`` [rad] along the shortest way."""
    vector = log(goal @ current.T)
    turn = float(np.linalg.norm(vector))
    if turn <= step:
        return goal
    return np.asarray(exp(vector * (step / turn)) @ current, dtype=np.float64)
