"""A stereo endoscope that looks at the simulated cart. No GL, no system package: OpenCV draws on the CPU.

The still scene (tissue, board, pegs) is drawn once per camera pose and kept with its depth; each frame only the rectangle that
instruments and rings touch is copied from it and drawn over (see reference/sim.md section 4).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ...core.kinematics.frames import Frame
from ...core.values import StereoFrame
from ...core.video.geometry import ImageArray, StereoGeometry
from ...core.video.scene import LEFT_EYE, RIGHT_EYE, Scene, rings_mesh
from ...errors import ConfigError
from . import rasteriser as ras
from .rasteriser import EyePose, EyeTriangles, FloatImage, Roi

RING_RADIUS = 0.0065  # [m] config/scene.yaml rings; the caller passes the real ones
RING_TUBE = 0.0018  # [m]
BACKGROUND = (0.16, 0.05, 0.05)  # unlit tissue in the distance
STILL_ANGLE = 2e-4  # [rad] 0.1 px at 640x480: below it the kept picture of the still scene serves on
STILL_DISTANCE = 2e-5  # [m] 0.1 px at 0.1 m
WHITE = 255.0
POSE_VALUES = 7


@dataclass(frozen=True, eq=False)
class _Kept:
    """The still scene as one eye sees it."""

    eyes: tuple[EyePose, EyePose]
    colors: tuple[FloatImage, FloatImage]
    depths: tuple[FloatImage, FloatImage]
    pictures: tuple[ImageArray, ImageArray]
    work_colors: tuple[FloatImage, FloatImage]
    work_depths: tuple[FloatImage, FloatImage]


class SimulatedStereo:
    """Eyes on the URDF of the cart. Tell it joints and objects; ``read`` gives both eyes, or None until every joint is known."""

    def __init__(self, geometry: StereoGeometry, urdf: str, ring_radius: float = RING_RADIUS, ring_tube: float = RING_TUBE) -> None:
        if not 0.0 < ring_tube < ring_radius:
            raise ConfigError(f"wanted 0 < ring tube < ring radius, got {ring_tube} m and {ring_radius} m")
        self._geometry = geometry
        self._scene = Scene(urdf)
        self._ring = ring_radius, ring_tube
        self._positions: dict[str, float] = {}
        self._needed = self._scene.joints
        self._objects: tuple[tuple[float, ...], ...] = ()
        self._kept: _Kept | None = None
        self._seq = 0
        self.static_draws = 0

    @property
    def exact(self) -> bool:
        """Whether hidden surfaces are right; without OpenCV's triangleRasterize they are approximate."""
        return ras.EXACT

    @property
    def missing_joints(self) -> tuple[str, ...]:
        """Joints that nobody has told yet."""
        return tuple(name for name in self._needed if name not in self._positions)

    def set_joints(self, positions: Mapping[str, float]) -> None:
        """Newest joint positions by name [rad or m]; others stay. ConfigError where one is not finite: nothing is taken."""
        bad = [name for name, value in positions.items() if not math.isfinite(value)]
        if bad:
            raise ConfigError(f"finite joint positions wanted, got not finite: {', '.join(bad)}")
        self._positions.update(positions)

    def set_objects(self, poses: Sequence[Sequence[float]]) -> None:
        """Rings, each x, y, z [m] and w, x, y, z, in the root link. ConfigError where one is not a pose: nothing is taken."""
        taken = tuple(tuple(float(value) for value in pose) for pose in poses)
        for pose in taken:
            if len(pose) != POSE_VALUES or not all(map(math.isfinite, pose)) or not any(pose[3:]):
                raise ConfigError(f"an object pose is 3 + 4 finite numbers with a rotation, got {pose}")
        self._objects = taken

    def read(self, stamp: float) -> StereoFrame | None:
        """Draw both eyes."""
        if self.missing_joints:
            return None
        kept = self._still_scene()
        groups = [*self._scene.moving_groups(self._positions), rings_mesh(self._objects, *self._ring)]
        lit = [(mesh, ras.shade(mesh, kept.eyes)) for mesh in groups]
        left, right = (
            self._draw(side, [ras.seen_by(mesh, colors, kept.eyes[side], self._geometry) for mesh, colors in lit], kept) for side in (0, 1)
        )
        self._seq += 1
        return StereoFrame(self._seq, stamp, left, right)

    def close(self) -> None:
        """Nothing to release."""

    def _draw(self, side: int, seen: list[EyeTriangles], kept: _Kept) -> ImageArray:
        """One rectangle per arm: in one rectangle around all of them the rasteriser takes 2.5 times as long."""
        picture = kept.pictures[side].copy()
        work = kept.work_colors[side], kept.work_depths[side]
        areas = [part.roi.slices for part in seen if part.roi is not None]
        for part in seen:
            if part.roi is not None:
                color, depth = (image[part.roi.slices].copy() for image in work)
                ras.draw(part, self._geometry, part.roi, color, depth)
                work[0][part.roi.slices], work[1][part.roi.slices] = color, depth
        for area in areas:
            picture[area] = _bytes(work[0][area])
        for area in areas:  # the next frame starts from the still scene again
            work[0][area], work[1][area] = kept.colors[side][area], kept.depths[side][area]
        return picture

    def _still_scene(self) -> _Kept:
        eyes = _eye_pose(self._scene.eye(LEFT_EYE, self._positions)), _eye_pose(self._scene.eye(RIGHT_EYE, self._positions))
        if self._kept is None or not _same(self._kept.eyes[0], eyes[0]):
            self._kept = self._draw_still(eyes)
            self.static_draws += 1
        return self._kept

    def _draw_still(self, eyes: tuple[EyePose, EyePose]) -> _Kept:
        roi: Roi = ras.whole(self._geometry)
        size = self._geometry.height, self._geometry.width
        colors = ras.shade(self._scene.static, eyes)
        images, depths = [], []
        for eye in eyes:
            image = np.full((*size, 3), BACKGROUND, dtype=np.float32)
            depth = np.full(size, ras.FAR, dtype=np.float32)
            ras.draw(ras.seen_by(self._scene.static, colors, eye, self._geometry), self._geometry, roi, image, depth)
            images.append(image)
            depths.append(depth)
        pictures = _bytes(images[0]), _bytes(images[1])
        work = (images[0].copy(), images[1].copy()), (depths[0].copy(), depths[1].copy())
        return _Kept(eyes, (images[0], images[1]), (depths[0], depths[1]), pictures, *work)


def _bytes(color: FloatImage) -> ImageArray:
    """0..1 floats as 0..255."""
    return np.asarray(cv2.convertScaleAbs(color, alpha=WHITE), dtype=np.uint8)


def _eye_pose(frame: Frame) -> EyePose:
    return EyePose(np.array(frame.r).reshape(3, 3), np.array(frame.p))


def _same(one: EyePose, other: EyePose) -> bool:
    """Whether the picture of the still scene would be the same to a tenth of a pixel."""
    moved = float(np.abs(one.position - other.position).max())
    turned = float(np.abs(one.rotation - other.rotation).max())
    return moved < STILL_DISTANCE and turned < STILL_ANGLE
