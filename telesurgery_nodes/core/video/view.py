"""What an eye sees of a mesh, before anything is drawn. An eye is the pose of an optical frame: x right, y down, z forward."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..kinematics.frames import Frame
from ..values import FloatArray, Pose
from .geometry import StereoGeometry
from .meshes import IndexArray, Mesh
from .shading import clip_near

NEAR = 0.004  # [m]
ROI_MARGIN = 3  # [px] rounding and pixel centres
STILL_ANGLE = 2e-4  # [rad] 0.1 px at 640x480: what moves less serves on as it was drawn
STILL_DISTANCE = 2e-5  # [m] 0.1 px at 0.1 m
# Sides of the visible space a point can be outside of, one bit each.
IN_FRONT, LEFT, RIGHT, ABOVE, BELOW = (np.uint8(1 << bit) for bit in range(5))


@dataclass(frozen=True)
class Roi:
    """Pixel rectangle, x1 and y1 excluded."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns for numpy."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)


@dataclass(frozen=True, eq=False)
class EyeTriangles:
    """``points`` (n, 3) in the optical frame, ``colors`` (n, 3), ``triangles`` and the rectangle they touch.

    ``closed``: triangles seen from behind are hidden by others and need not be drawn.
    """

    points: FloatArray
    colors: FloatArray
    triangles: IndexArray
    roi: Roi
    closed: bool


def looks_same(one: Frame, other: Frame) -> bool:
    """Whether what stands at (or looks from) the one frame has the same picture at the other, to a tenth of a pixel."""
    moved = max(abs(a - b) for a, b in zip(one.p, other.p, strict=True))
    turned = max(abs(a - b) for a, b in zip(one.r, other.r, strict=True))
    return moved < STILL_DISTANCE and turned < STILL_ANGLE


def in_view(mesh: Mesh, eyes: Sequence[Pose], geometry: StereoGeometry) -> Mesh:
    """What at least one of the eyes may see: most of an instrument is beside the picture, and every later step is paid by the piece."""
    seen = np.zeros(len(mesh.triangles), dtype=bool)
    closed = mesh.closed
    for eye in eyes:
        first, second, third = _outside(mesh.vertices, eye, geometry).take(mesh.triangles.T)
        beside = first & second & third  # wholly outside of these sides
        seen |= beside == 0
        closed = closed and _hole_hidden((first | second | third) & ~beside, beside)
    return replace(mesh.only(mesh.triangles[seen]), closed=closed)


def _outside(points: FloatArray, eye: Pose, geometry: StereoGeometry) -> NDArray[np.uint8]:
    """The sides each point is outside of."""
    x, y, z = eye.rotation.T @ points.T - (eye.rotation.T @ eye.position)[:, None]
    x, y = geometry.focal * x, geometry.focal * y
    wide, high = geometry.width / 2.0 * z, geometry.height / 2.0 * z
    sides = (z < NEAR) * IN_FRONT | (x < -wide) * LEFT | (x > wide) * RIGHT | (y < -high) * ABOVE | (y > high) * BELOW
    return np.asarray(sides, dtype=np.uint8)


def _hole_hidden(partly: NDArray[np.uint8], beside: NDArray[np.uint8]) -> bool:
    """Whether all the near plane cuts lies beyond one side of the picture, and so the hole the cut makes (its convex hull)."""
    return bool(np.bitwise_and.reduce(beside[partly & IN_FRONT != 0]))  # of nothing: all bits, hidden


def seen_by(mesh: Mesh, colors: FloatArray, eye: Pose, geometry: StereoGeometry) -> EyeTriangles | None:
    """Cut at the near plane and put into the eye's frame; None where nothing is in the picture."""
    points, colors, triangles = clip_near((mesh.vertices - eye.position) @ eye.rotation, colors, mesh.triangles, NEAR)
    if not len(triangles):
        return None
    x, y, depth = points.take(triangles.ravel(), axis=0).T
    x0, x1 = _limits(geometry.focal * x / depth, geometry.width)
    y0, y1 = _limits(geometry.focal * y / depth, geometry.height)
    return EyeTriangles(points, colors, triangles, Roi(x0, y0, x1, y1), mesh.closed) if x0 < x1 and y0 < y1 else None


def _limits(pixels: FloatArray, size: int) -> tuple[int, int]:
    """First and past-the-last pixel of what spreads over ``pixels`` from the middle of the picture."""
    low, high = float(pixels.min()) + size / 2.0, float(pixels.max()) + size / 2.0
    return max(0, math.floor(low) - ROI_MARGIN), min(size, math.ceil(high) + ROI_MARGIN)
