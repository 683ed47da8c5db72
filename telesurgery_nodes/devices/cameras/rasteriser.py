"""Triangles to pixels on the CPU with OpenCV: a z-buffer where this OpenCV has triangleRasterize, a painter's sort where not."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ...core.video.geometry import StereoGeometry
from ...core.video.view import NEAR, EyeTriangles

FAR = 2.0  # [m]
FARTHEST = 1.0  # depth images run from 0 at NEAR / 2 to 1 at FAR, linear in 1 / depth
FloatImage = NDArray[np.float32]
# cv2 puts pixel centres at (index + 0.5); StereoGeometry counts them at whole numbers. One camera, checked pixel by pixel in
# test/conformance/test_cameras.py.
EXACT = hasattr(cv2, "triangleRasterize")
TO_GL = np.array([1.0, -1.0, -1.0])  # triangleRasterize looks along -z with y up
WORLD = np.eye(4, dtype=np.float32)


def draw(seen: EyeTriangles, geometry: StereoGeometry, color: FloatImage, depth: FloatImage) -> None:
    """Draw into ``color`` (h, w, 3) 0..1 and ``depth`` (h, w), whole pictures of one eye."""
    if EXACT:
        _rasterise(seen, geometry, color, depth)
    else:
        _paint(seen, geometry, color)


def _rasterise(seen: EyeTriangles, geometry: StereoGeometry, color: FloatImage, depth: FloatImage) -> None:
    """Time goes into the triangles' bounding boxes (2 to 4 ns a pixel, hidden or not), so half is saved where backs need no drawing."""
    culling = cv2.RASTERIZE_CULLING_CW if seen.closed else cv2.RASTERIZE_CULLING_NONE  # CW in the picture, whose y points down
    settings = cv2.TriangleRasterizeSettings().setCullingMode(culling).setShadingType(cv2.RASTERIZE_SHADING_SHADED)
    # in its natural unit the whole depth image would be converted twice with every call
    settings.setGlCompatibleMode(cv2.RASTERIZE_COMPAT_INVDEPTH)
    points, colors = (seen.points * TO_GL).astype(np.float32), seen.colors.astype(np.float32)
    cv2.triangleRasterize(points, seen.triangles, colors, color, depth, WORLD, geometry.fovy, NEAR / 2.0, FAR, settings)


def _paint(seen: EyeTriangles, geometry: StereoGeometry, color: FloatImage) -> None:
    """Far triangles first, one colour each: wrong where triangles interlock, and blind to the depth of what is there already."""
    center = np.array([geometry.width / 2.0, geometry.height / 2.0]) - 0.5
    order = seen.triangles[np.argsort(-seen.points[seen.triangles][:, :, 2].mean(axis=1))]
    corners = np.round(geometry.focal * seen.points[order][:, :, :2] / seen.points[order][:, :, 2:] + center).astype(np.int32)
    for corner, shade in zip(corners, seen.colors[order].mean(axis=1).tolist(), strict=True):
        cv2.fillConvexPoly(color, corner, shade)
