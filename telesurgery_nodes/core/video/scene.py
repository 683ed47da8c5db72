"""URDF text to a picture's worth of triangles: what stands still, what moves with which joints, and where the eyes are.

Kinematic chains come from core/kinematics/model.py; here only <visual> primitives, materials and <mimic> are read. The camera
arm itself is left out: an endoscope does not see its own tube.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import ConfigError
from ..kinematics.frames import Frame, from_rpy
from ..kinematics.model import RobotModel
from ..values import FloatArray
from . import meshes
from .limbs import Limb, Part
from .meshes import Mesh

LEFT_EYE = "endoscope_left_optical_frame"
RIGHT_EYE = "endoscope_right_optical_frame"
NO_COLOR = (0.7, 0.7, 0.7)  # a visual without a material
TISSUE_SIZE = 0.5  # [m] fills the view of a 50 degree eye from 0.2 m and farther
TISSUE_DROP = 0.012  # [m] below the board's top: just under the 6 mm board and its bumps


@dataclass(frozen=True)
class Mimic:
    """position = multiplier * position of ``joint`` + offset (URDF <mimic>)."""

    joint: str
    multiplier: float
    offset: float


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
        self.limbs = tuple(_limbs([part for part in parts if part.chain.names]))
        still = [part.mesh.moved(*_arrays(part.chain.tool)) for part in parts if not part.chain.names]
        self.still = meshes.merge(still), *self._tissue(board)  # solids apart from the open tissue: their backs need no drawing

    @property
    def joints(self) -> tuple[str, ...]:
        """Joints that must be known before there is a picture (a mimic joint counts as the one it follows)."""
        chains = [*(limb.names for limb in self.limbs), *(eye.names for eye in self._eyes.values())]
        names = {name for chain in chains for name in chain}
        return tuple(sorted({self._mimics[name].joint if name in self._mimics else name for name in names}))

    def eye(self, eye: str, positions: Mapping[str, float]) -> Frame:
        """Pose of LEFT_EYE or RIGHT_EYE in the root link."""
        return self._eyes[eye].forward(self.values(self._eyes[eye].names, positions))

    def values(self, names: Sequence[str], positions: Mapping[str, float]) -> tuple[float, ...]:
        """Positions of ``names``, mimic joints too."""
        return tuple(self._value(name, positions) for name in names)

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


def _limbs(parts: Sequence[Part]) -> list[Limb]:
    """One limb for all that hangs on one first joint."""
    first = sorted({part.chain.names[0] for part in parts})
    return [Limb([part for part in parts if part.chain.names[0] == name]) for name in first]


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
