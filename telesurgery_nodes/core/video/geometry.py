"""The rectified stereo camera as numbers, and how two eyes share one picture.

Optical frames follow REP 103: x right, y down, z forward. Both projections are expressed in the LEFT optical frame, so the right
one carries P[0, 3] = -fx * baseline (sensor_msgs/CameraInfo).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import ConfigError
from ..values import FloatArray

ImageArray = NDArray[np.uint8]

FOVY = math.radians(50.0)  # [rad] of the scenes measured in reference/sim.md section 4
BASELINE = 0.005  # [m] distance of the eyes in a 12 mm stereo endoscope (reference/sim.md section 4)
EVEN = 2  # 4:2:0 colour needs even sizes


@dataclass(frozen=True)
class StereoGeometry:
    """Two identical distortion-free eyes: size of ONE eye [px], vertical field of view [rad], baseline [m]."""

    width: int
    height: int
    fovy: float = FOVY
    baseline: float = BASELINE

    def __post_init__(self) -> None:
        if self.width <= 0 or self.height <= 0 or self.width % EVEN or self.height % EVEN:
            raise ConfigError(f"an eye must have even sizes above 0, got {self.width}x{self.height}; valid: for example 640x480")
        if not 0.0 < self.fovy < math.pi or not self.baseline >= 0.0:
            raise ConfigError(f"wanted 0 < fovy < pi and baseline >= 0, got {self.fovy} rad and {self.baseline} m")

    @property
    def focal(self) -> float:
        """fx = fy [px]."""
        return self.height / 2.0 / math.tan(self.fovy / 2.0)

    @property
    def camera_matrix(self) -> FloatArray:
        """K, shape (3, 3) [px]; pixel centres at whole numbers, so the principal point is (w - 1) / 2, (h - 1) / 2."""
        center = (self.width - 1) / 2.0, (self.height - 1) / 2.0
        return np.array([[self.focal, 0.0, center[0]], [0.0, self.focal, center[1]], [0.0, 0.0, 1.0]])

    @property
    def left_projection(self) -> FloatArray:
        """P of the left eye, shape (3, 4)."""
        return np.hstack([self.camera_matrix, np.zeros((3, 1))])

    @property
    def right_projection(self) -> FloatArray:
        """P of the right eye, shape (3, 4), from points in the left optical frame."""
        projection = self.left_projection
        projection[0, 3] = -self.focal * self.baseline
        return projection


def project(projection: FloatArray, points: FloatArray) -> FloatArray:
    """Pixels (n, 2) of points (n, 3) [m] given in the left optical frame, z > 0."""
    homogeneous = np.hstack([points, np.ones((len(points), 1))]) @ projection.T
    return np.asarray(homogeneous[:, :2] / homogeneous[:, 2:])


def pack_side_by_side(left: ImageArray, right: ImageArray) -> ImageArray:
    """One contiguous picture (h, 2 w, 3), left eye on the left."""
    if left.shape != right.shape:
        raise ConfigError(f"both eyes must have one size, got {left.shape} and {right.shape}")
    return np.concatenate([left, right], axis=1)


def split_side_by_side(picture: ImageArray) -> tuple[ImageArray, ImageArray]:
    """Left and right eye as views (h, w, 3) of a picture (h, 2 w, 3)."""
    width = picture.shape[1]
    if picture.ndim != 3 or width % EVEN:
        raise ConfigError(f"a side-by-side picture is (h, 2 w, 3), got {picture.shape}")
    return picture[:, : width // 2], picture[:, width // 2 :]
