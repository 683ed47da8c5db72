"""Triangles to pixels on the CPU with OpenCV: a z-buffer where this OpenCV has triangleRasterize, a painter's sort where not."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ...core.values import FloatArray
from ...core.video.geometry import StereoGeometry
from ...core.video.meshes import IndexArray, Mesh
from ...core.video.shading import clip_near, lit

NEAR = 0.004  # [m]
FAR = 2.0  # [m]
ROI_MARGIN = 3  # [px] rounding and pixel centres
FloatImage = NDArray[np.float32]
# cv2 puts pixel centres at (index + 0.5); StereoGeometry counts them at whole numbers. One camera, checked by a test.
EXACT = hasattr(cv2, "triangleRasterize")


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
class EyePose:
    """An optical frame (x right, y down, z forward) in the scene: ``rotation`` (3, 3), ``position`` (3,) [m]."""

    rotation: FloatArray
    position: FloatArray


@dataclass(frozen=True, eq=False)
class EyeTriangles:
    """``points`` (n, 3) in the optical frame, ``colors`` (n, 3), the visible ``triangles`` and the rectangle they touch (None: none)."""

    points: FloatArray
    colors: FloatArray
    triangles: IndexArray
    roi: Roi | None


def seen_by(mesh: Mesh, colors: FloatArray, eye: EyePose, geometry: StereoGeometry) -> EyeTriangles:
    """Transform, cut at the near plane, and leave out what lies beside the picture."""
    points = (mesh.vertices - eye.position) @ eye.rotation
    points, colors, triangles = clip_near(points, colors, mesh.triangles, NEAR)
    # columns, not axis=1 reductions: numpy is slow over an axis of length 2 or 3
    depth = np.maximum(points[:, 2], NEAR)
    left, right = _span(geometry.focal * points[:, 0] / depth + geometry.width / 2.0, triangles)
    top, bottom = _span(geometry.focal * points[:, 1] / depth + geometry.height / 2.0, triangles)
    visible = (right > 0.0) & (left < geometry.width) & (bottom > 0.0) & (top < geometry.height)
    triangles = np.ascontiguousarray(triangles[visible])
    if not len(triangles):
        return EyeTriangles(points, colors, triangles, None)
    x0, x1 = _limits(left[visible], right[visible], geometry.width)
    y0, y1 = _limits(top[visible], bottom[visible], geometry.height)
    return EyeTriangles(points, colors, triangles, Roi(x0, y0, x1, y1))


def _span(pixels: FloatArray, triangles: IndexArray) -> tuple[FloatArray, FloatArray]:
    """Smallest and largest of one pixel coordinate for each triangle."""
    first, second, third = (pixels[triangles[:, corner]] for corner in range(3))
    return np.minimum(np.minimum(first, second), third), np.maximum(np.maximum(first, second), third)


def _limits(low: FloatArray, high: FloatArray, size: int) -> tuple[int, int]:
    return max(0, math.floor(low.min()) - ROI_MARGIN), min(size, math.ceil(high.max()) + ROI_MARGIN)


def whole(geometry: StereoGeometry) -> Roi:
    """The whole picture of one eye."""
    return Roi(0, 0, geometry.width, geometry.height)


def draw(seen: EyeTriangles, geometry: StereoGeometry, roi: Roi, color: FloatImage, depth: FloatImage) -> None:
    """Draw into ``color`` (h, w, 3) 0..1 and ``depth`` (h, w) [m], both contiguous and of the size of ``roi``."""
    if EXACT:
        _rasterise(seen, geometry, roi, color, depth)
    else:
        _paint(seen, geometry, roi, color)


def _rasterise(seen: EyeTriangles, geometry: StereoGeometry, roi: Roi, color: FloatImage, depth: FloatImage) -> None:
    """triangleRasterize looks along -z with y up and the axis in the middle; a shear puts the middle of the roi there."""
    height, width = depth.shape
    x, y, z = seen.points.T
    right = x + z * (geometry.width / 2.0 - roi.x0 - width / 2.0) / geometry.focal
    down = y + z * (geometry.height / 2.0 - roi.y0 - height / 2.0) / geometry.focal
    points = np.stack([right, -down, -z], -1).astype(np.float32)
    settings = cv2.TriangleRasterizeSettings().setCullingMode(cv2.RASTERIZE_CULLING_NONE).setShadingType(cv2.RASTERIZE_SHADING_SHADED)
    fovy = 2.0 * math.atan(height / 2.0 / geometry.focal)
    colors = seen.colors.astype(np.float32)
    cv2.triangleRasterize(points, seen.triangles, colors, color, depth, np.eye(4, dtype=np.float32), fovy, NEAR / 2.0, FAR, settings)


def _paint(seen: EyeTriangles, geometry: StereoGeometry, roi: Roi, color: FloatImage) -> None:
    """Far triangles first, one colour each: wrong where triangles interlock, and blind to the depth of what is there already."""
    center = np.array([geometry.width / 2.0 - roi.x0, geometry.height / 2.0 - roi.y0]) - 0.5
    order = seen.triangles[np.argsort(-seen.points[seen.triangles][:, :, 2].mean(axis=1))]
    corners = np.round(geometry.focal * seen.points[order][:, :, :2] / seen.points[order][:, :, 2:] + center).astype(np.int32)
    for corner, shade in zip(corners, seen.colors[order].mean(axis=1).tolist(), strict=True):
        cv2.fillConvexPoly(color, corner, shade)


def shade(mesh: Mesh, eyes: tuple[EyePose, EyePose]) -> FloatArray:
    """Vertex colours with the lamp between the eyes."""
    return lit(mesh, (eyes[0].position + eyes[1].position) / 2.0)
