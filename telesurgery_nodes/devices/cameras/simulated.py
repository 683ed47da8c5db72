"""A stereo endoscope that looks at the simulated cart. No GL, no system package: OpenCV draws on the CPU.

What did not move since the last picture is neither placed nor lit nor drawn again: things are piled up in the order in which they
last moved, and only those above the first that changed are taken away and drawn anew (canvas.py). With the camera at rest the still
scene (tissue, board, pegs) thus lies at the bottom for good, and rings sink to it as they come to rest. See reference/sim.md section 4.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import starmap

from ...core.kinematics.frames import Frame, pose_of
from ...core.values import Pose, StereoFrame
from ...core.video.geometry import StereoGeometry
from ...core.video.meshes import Mesh
from ...core.video.rings import ring_frame, ring_mesh, settled
from ...core.video.scene import LEFT_EYE, RIGHT_EYE, Scene
from ...core.video.shading import lit
from ...core.video.view import in_view, looks_same, seen_by
from ...errors import ConfigError
from . import rasteriser as ras
from .canvas import Canvas, Thing

RING_RADIUS = 0.0065  # [m] config/scene.yaml rings; the caller passes the real ones
RING_TUBE = 0.0018  # [m]
POSE_VALUES = 7
SIDES = LEFT, RIGHT = 0, 1


@dataclass(frozen=True, eq=False)
class _View:
    """What the eyes see of a thing in one state; ``since`` counts pictures."""

    state: object
    eyes: tuple[Pose, Pose]
    since: int
    sides: tuple[Thing, Thing]


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
        self._objects: tuple[Frame, ...] = ()
        self._drawn: tuple[Frame, ...] = ()
        self._eyes: tuple[Frame, tuple[Pose, Pose]] | None = None
        self._views: dict[object, _View] = {}
        self._canvases = Canvas(geometry), Canvas(geometry)
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
        self._objects = tuple(map(ring_frame, taken))

    def read(self, stamp: float) -> StereoFrame | None:
        """Draw both eyes."""
        if self.missing_joints:
            return None
        eyes = self._look()
        views = [self._view("still", None, eyes, self._scene.still), *self._limbs(eyes), *self._rings(eyes)]
        views.sort(key=lambda view: view.since)
        left, right = (self._canvases[side].show([view.sides[side] for view in views]) for side in SIDES)
        self._seq += 1
        return StereoFrame(self._seq, stamp, left, right)

    def close(self) -> None:
        """Nothing to release."""

    def _look(self) -> tuple[Pose, Pose]:
        """The eyes; the very same as for the last picture where they moved less than shows."""
        at = self._scene.eye(LEFT_EYE, self._positions)
        if self._eyes is None or not looks_same(self._eyes[0], at):
            self._eyes = at, (pose_of(at), pose_of(self._scene.eye(RIGHT_EYE, self._positions)))
            self.static_draws += 1
        return self._eyes[1]

    def _limbs(self, eyes: tuple[Pose, Pose]) -> Iterator[_View]:
        for limb in self._scene.limbs:
            values = self._scene.values(limb.names, self._positions)
            yield self._view(limb.name, values, eyes, map(limb.mesh, [values]))

    def _rings(self, eyes: tuple[Pose, Pose]) -> Iterator[_View]:
        self._drawn = settled(self._drawn, self._objects)
        for number, frame in enumerate(self._drawn):
            yield self._view(number, frame, eyes, starmap(ring_mesh, [(number, frame, *self._ring)]))

    def _view(self, name: object, state: object, eyes: tuple[Pose, Pose], meshes: Iterable[Mesh]) -> _View:
        """The very same object as for the last picture where neither the thing nor the eyes moved; only else ``meshes`` is run through."""
        view = self._views.get(name)
        if view is None or view.state != state or view.eyes is not eyes:
            view = self._views[name] = _View(state, eyes, self._seq, self._seen(meshes, eyes))
        return view

    def _seen(self, meshes: Iterable[Mesh], eyes: tuple[Pose, Pose]) -> tuple[Thing, Thing]:
        lamp = (eyes[LEFT].position + eyes[RIGHT].position) / 2.0
        lit_up = [(mesh, lit(mesh, lamp)) for mesh in (in_view(mesh, eyes, self._geometry) for mesh in meshes)]
        parts = [[seen_by(mesh, colors, eyes[side], self._geometry) for mesh, colors in lit_up] for side in SIDES]
        left, right = (tuple(part for part in of_side if part is not None) for of_side in parts)
        return left, right
