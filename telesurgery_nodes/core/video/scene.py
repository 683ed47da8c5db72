"""URDF text to a picture's worth of triangles: what stands still, what moves with which joints, and where the eyes are.

Kinematic chains come from core/kinematics/model.py; here only <visual> primitives, materials and <mimic> are read. The camera
arm itself is left out: an endoscope does not see its own tube.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ...errors import ConfigError
from ..kinematics.frames import Frame, from_rpy
from ..kinematics.model import Chain, RobotModel
from ..values import FloatArray
from . import meshes
from .meshes import Mesh

LEFT_EYE = "endoscope_left_optical_frame"
RIGHT_EYE = "endoscope_right_optical_frame"
NO_COLOR = (0.7, 0.7, 0.7)  # a visual without a material
RING_COLORS = ((0.93, 0.30, 0.22), (0.98, 0.75, 0.18), (0.28, 0.75, 0.38), (0.25, 0.55, 0.95), (0.85, 0.40, 0.85), (0.95, 0.95, 0.90))
TISSUE_SIZE = 0.5  # [m] fills the view of a 50 degree eye from 0.2 m and farther
TISSUE_DROP = 0.012  # [m] below the board's top: just under the 6 mm board and its bumps


@dataclass(frozen=True)
class Mimic:
    """position = multiplier * position of ``joint`` + offset (URDF <mimic>)."""

    joint: str
    multiplier: float
    offset: float


@dataclass(frozen=True)
class Part:
    """One mesh in the frame of the last link of ``chain``."""

    chain: Chain
    mesh: Mesh


class Scene:
    """The link tree with shapes. ``positions`` below are joint name -> [rad or m]."""

    def __init__(self, urdf: str, board: str = "peg_board") -> None:
        """``board``: the link the tissue lies under; a URDF without it gets no tissue."""
        self._model = RobotModel(urdf)
        root = ElementTree.fromstring(urdf)
        self._root = _root_link(root, self._model)
        self._mimics = _mimics(root)
        self._eyes = {eye: self._model.chain(self._root, eye) for eye in (LEFT_EYE, RIGHT_EYE)}
        camera_joints = self._eyes[LEFT_EYE].names[:1]
        parts = [part for part in self._parts(root) if not part.chain.names or part.chain.names[:1] != camera_joints]
        self.moving = tuple(part for part in parts if part.chain.names)
        still = [self._placed(part, {}) for part in parts if not part.chain.names]
        self.static = meshes.merge([*still, *self._tissue(board)])

    @property
    def joints(self) -> tuple[str, ...]:
        """Joints that must be known before there is a picture (a mimic joint counts as the one it follows)."""
        chains = [*(part.chain for part in self.moving), *self._eyes.values()]
        names = {name for chain in chains for name in chain.names}
        return tuple(sorted({self._mimics[name].joint if name in self._mimics else name for name in names}))

    def eye(self, eye: str, positions: Mapping[str, float]) -> Frame:
        """Pose of LEFT_EYE or RIGHT_EYE in the root link."""
        return self._eyes[eye].forward(self._values(self._eyes[eye], positions))

    def moving_groups(self, positions: Mapping[str, float]) -> list[Mesh]:
        """One mesh per arm (all that hangs on one first joint): small rectangles on the picture are quick to draw."""
        arms = sorted({part.chain.names[0] for part in self.moving})
        return [meshes.merge([self._placed(part, positions) for part in self.moving if part.chain.names[0] == arm]) for arm in arms]

    def moving_mesh(self, positions: Mapping[str, float]) -> Mesh:
        """Everything that moves with joints (without the camera arm), in the root link."""
        return meshes.merge([self._placed(part, positions) for part in self.moving])

    def _placed(self, part: Part, positions: Mapping[str, float]) -> Mesh:
        return part.mesh.moved(*_arrays(part.chain.forward(self._values(part.chain, positions))))

    def _values(self, chain: Chain, positions: Mapping[str, float]) -> list[float]:
        return [self._value(name, positions) for name in chain.names]

    def _value(self, name: str, positions: Mapping[str, float]) -> float:
        mimic = self._mimics.get(name)
        if mimic is not None:
            return mimic.multiplier * self._value(mimic.joint, positions) + mimic.offset
        if name not in positions:
            raise ConfigError(f"the position of joint {name} is not known; needed are: {', '.join(self.joints)}")
        return positions[name]

    def _parts(self, root: ElementTree.Element) -> list[Part]:
        """One part per link: its visuals merged."""
        colors = _materials(root)
        parts = []
        for link in root.findall("link"):
            shapes = [_visual(visual, colors) for visual in link.findall("visual")]
            if shapes:
                parts.append(Part(self._model.chain(self._root, str(link.get("name"))), meshes.merge(shapes)))
        return parts

    def _tissue(self, board: str) -> list[Mesh]:
        if board not in self._model.links:
            return []
        rotation, position = _arrays(self._model.fixed(self._root, board))
        return [meshes.tissue(TISSUE_SIZE).moved(rotation, position - TISSUE_DROP * rotation[:, 2])]


def rings_mesh(poses: Sequence[Sequence[float]], radius: float, tube: float) -> Mesh:
    """Rings at ``poses`` (x, y, z [m], w, x, y, z quaternion) in the root link, coloured in turn."""
    return meshes.merge([_ring(pose, radius, tube, RING_COLORS[number % len(RING_COLORS)]) for number, pose in enumerate(poses)])


def _ring(pose: Sequence[float], radius: float, tube: float, color: Sequence[float]) -> Mesh:
    w, x, y, z = np.asarray(pose[3:7], dtype=float) / np.linalg.norm(pose[3:7])
    rotation = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
    return _torus(radius, tube, tuple(color)).moved(rotation, np.asarray(pose[:3], dtype=float))


@lru_cache(maxsize=64)
def _torus(radius: float, tube: float, color: tuple[float, ...]) -> Mesh:
    return meshes.torus(radius, tube, color)


def _arrays(frame: Frame) -> tuple[FloatArray, FloatArray]:
    """Rotation (3, 3) and position (3,) of a frame."""
    return np.array(frame.r).reshape(3, 3), np.array(frame.p)


def _root_link(root: ElementTree.Element, model: RobotModel) -> str:
    children = {str(child.get("link")) for child in root.findall("joint/child")}
    roots = sorted(model.links - children)
    if len(roots) != 1:
        raise ConfigError(f"URDF: one root link wanted, got {roots}")
    return roots[0]


def _mimics(root: ElementTree.Element) -> dict[str, Mimic]:
    found = {}
    for joint in root.findall("joint"):
        mimic = joint.find("mimic")
        if mimic is not None:
            factor, offset = float(mimic.get("multiplier", "1")), float(mimic.get("offset", "0"))
            found[str(joint.get("name"))] = Mimic(str(mimic.get("joint")), factor, offset)
    return found


def _materials(root: ElementTree.Element) -> dict[str, tuple[float, ...]]:
    """Named colours anywhere in the file; the alpha value is not used."""
    found = {}
    for material in root.iter("material"):
        color = material.find("color")
        if color is not None:
            found[str(material.get("name"))] = _numbers(color, "rgba", "1 1 1 1")[:3]
    return found


def _visual(visual: ElementTree.Element, colors: Mapping[str, tuple[float, ...]]) -> Mesh:
    material, origin, geometry = visual.find("material"), visual.find("origin"), visual.find("geometry")
    color = NO_COLOR if material is None else colors.get(str(material.get("name")), NO_COLOR)
    if geometry is None or not len(geometry):
        raise ConfigError("URDF: a <visual> without <geometry>; valid are box, cylinder and sphere")
    mesh = _primitive(geometry[0], color)
    if origin is None:
        return mesh
    x, y, z = _numbers(origin, "xyz", "0 0 0")
    return mesh.moved(*_arrays(Frame((x, y, z), from_rpy(*_numbers(origin, "rpy", "0 0 0")))))


def _primitive(shape: ElementTree.Element, color: Sequence[float]) -> Mesh:
    if shape.tag == "box":
        return meshes.box(_numbers(shape, "size", ""), color)
    if shape.tag == "cylinder":
        return meshes.cylinder(_numbers(shape, "radius", "")[0], _numbers(shape, "length", "")[0], color)
    if shape.tag == "sphere":
        return meshes.sphere(_numbers(shape, "radius", "")[0], color)
    raise ConfigError(f"URDF: visual shape {shape.tag!r} cannot be drawn; valid are box, cylinder and sphere")


def _numbers(element: ElementTree.Element, key: str, default: str) -> tuple[float, ...]:
    text = element.get(key, default)
    try:
        numbers = tuple(float(word) for word in text.split())
    except ValueError as error:
        raise ConfigError(f"URDF <{element.tag}>: numbers wanted in {key}, got {text!r}") from error
    if not numbers:
        raise ConfigError(f"URDF <{element.tag}>: {key} is missing")
    return numbers
