"""Rotation matrix <-> unit quaternion (w, x, y, z) for the wire, on plain floats.

transforms3d.quaternions.mat2quat solves an eigenproblem (tens of microseconds); at 250 Hz x arms that is real CPU, so the wire
uses Shepperd's method. Tests compare it with transforms3d.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ...errors import LocalLinkError, RemoteLinkError
from ..values import FloatArray

UNIT_TOLERANCE = 1e-3  # a quaternion this far from unit length is not ours: 32 bit floats round to 1e-7
MATRIX_TOLERANCE = 1e-3


def quaternion_from_matrix(rotation: FloatArray) -> tuple[float, float, float, float]:
    """Unit (w, x, y, z), w >= 0, of a proper rotation (3, 3). LocalLinkError where it is not one."""
    (a, b, c), (d, e, f), (g, h, i) = rotation.tolist()
    trace = a + e + i
    if trace > 0.0:
        quaternion = (1.0 + trace, h - f, c - g, d - b)
    elif a >= e and a >= i:
        quaternion = (h - f, 1.0 + a - e - i, b + d, c + g)
    elif e >= i:
        quaternion = (c - g, b + d, 1.0 - a + e - i, f + h)
    else:
        quaternion = (d - b, c + g, f + h, 1.0 - a - e + i)
    norm = math.sqrt(sum(value * value for value in quaternion))
    determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    if not abs(determinant - 1.0) < MATRIX_TOLERANCE or not abs(a * a + d * d + g * g - 1.0) < MATRIX_TOLERANCE:
        raise LocalLinkError(f"rotation with determinant {determinant:.4f}; wanted a proper rotation matrix")
    sign = 1.0 if quaternion[0] >= 0.0 else -1.0
    w, x, y, z = (sign * value / norm for value in quaternion)
    return w, x, y, z


def matrix_from_quaternion(quaternion: Sequence[float]) -> FloatArray:
    """Rotation (3, 3) of (w, x, y, z). RemoteLinkError where it is not of unit length."""
    w, x, y, z = quaternion
    norm = math.sqrt(w * w + x * x + y * y + z * z)
    if not abs(norm - 1.0) < UNIT_TOLERANCE:
        raise RemoteLinkError(f"quaternion of length {norm}; wanted 1")
    w, x, y, z = w / norm, x / norm, y / norm, z / norm
    return np.array(
        (
            (1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - w * z), 2.0 * (x * z + w * y)),
            (2.0 * (x * y + w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - w * x)),
            (2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y)),
        )
    )
