"""The <collision> elements of a URDF as simple solids, and capsules that cover them (pure: text in, shapes out)."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import ConfigError
from ..values import FloatArray
from .frames import IDENTITY, Frame, Vector, compose, from_rpy
from .model import Chain, RobotModel

KINDS = ("box", "cylinder", "sphere", "mesh")
SWEEP = 65  # samples of a jaw's range: the arc between two is added to the radius
Vertices = Callable[[str, Vector], FloatArray]  # mesh file and scale -> (n, 3) [m]


@dataclass(frozen=True)
class Solid:
    """One collision element of ``link`` at ``frame`` in it. ``size``: box edges; cylinder (radius, length); sphere (radius,) [m].

    A mesh has ``file`` and its scale as ``size``.
    """

    link: str
    kind: str
    frame: Frame
    size: tuple[float, ...]
    file: str = ""


@dataclass(frozen=True, eq=False)
class Capsule:
    """All points within ``radius`` of the segment ``a``-``b`` (3,) [m]."""

    a: FloatArray
    b: FloatArray
    radius: float


def read_solids(urdf: str) -> tuple[Solid, ...]:
    """Every collision element. ConfigError where one is not a box, cylinder, sphere or mesh with finite sizes above 0."""
    root = ElementTree.fromstring(urdf)
    return tuple(_solid(str(link.get("name")), item) for link in root.findall("link") for item in link.findall("collision"))


def no_meshes(file: str, _scale: Vector) -> FloatArray:
    """What reads meshes where nothing can."""
    raise ConfigError(f"mesh {file}: reading meshes needs the package coal; valid: pip install pin, or box, cylinder and sphere instead")


def capsule_of(solid: Solid, offset: Frame = IDENTITY, vertices: Vertices = no_meshes) -> Capsule:
    """The capsule that covers a solid: exact for a sphere, round ends beyond a cylinder, around the longest edge of a box or mesh.

    ``offset``: frame of the link in the frame the capsule is wanted in.
    """
    frame = compose(offset, solid.frame)
    if solid.kind in ("cylinder", "sphere"):
        half = 0.5 * solid.size[1] if solid.kind == "cylinder" else 0.0
        return _along(frame, np.zeros(3), np.array([0.0, 0.0, half]), solid.size[0])
    points = _corners(solid, vertices)
    low, high = points.min(axis=0), points.max(axis=0)
    middle, half_edges = 0.5 * (low + high), 0.5 * (high - low)
    longest = int(np.argmax(half_edges))
    reach = np.where(np.arange(3) == longest, half_edges, 0.0)
    return _along(frame, middle, reach, float(np.linalg.norm(half_edges - reach)))


def swept_ball(parts: Sequence[tuple[Solid, Chain]], ranges: Mapping[str, tuple[float, float, str]]) -> Capsule:
    """A ball around everything that hangs on one jaw, at every opening; in the frame all ``parts``' chains begin in.

    ``ranges``: joint -> (factor, offset, joint it follows), the jaw itself (1, 0, jaw). A chain's limits say how far the jaw goes.
    """
    points = []
    arcs = 0.0
    for solid, chain in parts:
        own = [joint for joint in chain.joints if joint.name == ranges[joint.name][2]]
        driver = own[0] if own else chain.joints[0]
        low, high = (driver.lower, driver.upper) if own else _follows(ranges[driver.name], driver.lower, driver.upper)
        corners = _corners(solid, no_meshes)
        for opening in np.linspace(low, high, SWEEP):
            values = [ranges[joint.name][0] * opening + ranges[joint.name][1] for joint in chain.joints]
            frame = compose(chain.forward(values), solid.frame)
            points.append(corners @ np.array(frame.r).reshape(3, 3).T + np.array(frame.p))
        turn = sum(abs(ranges[joint.name][0]) for joint in chain.joints) * (high - low) / (SWEEP - 1)
        arcs = max(arcs, 0.5 * turn * float(np.linalg.norm(points[-1], axis=1).max()))
    cloud = np.concatenate(points)
    middle = 0.5 * (cloud.min(axis=0) + cloud.max(axis=0))
    return Capsule(middle, middle, float(np.linalg.norm(cloud - middle, axis=1).max()) + arcs)


def followers(urdf: str) -> dict[str, tuple[float, float, str]]:
    """Joint -> (factor, offset, joint it follows); a joint without <mimic> follows itself."""
    found = {}
    for joint in ElementTree.fromstring(urdf).findall("joint"):
        mimic, name = joint.find("mimic"), str(joint.get("name"))
        if mimic is None:
            found[name] = (1.0, 0.0, name)
        else:
            found[name] = (float(mimic.get("multiplier", "1")), float(mimic.get("offset", "0")), str(mimic.get("joint")))
    return found


def hangs_below(model: RobotModel, link: str, root: str) -> bool:
    """True where ``link`` is ``root`` or below it."""
    try:
        model.chain(root, link)
    except ConfigError:
        return False
    return True


def _follows(row: tuple[float, float, str], lower: float, upper: float) -> tuple[float, float]:
    """Range of the joint that is followed, from the follower's own."""
    factor, offset, _ = row
    ends = ((lower - offset) / factor, (upper - offset) / factor)
    return min(ends), max(ends)


def _along(frame: Frame, middle: FloatArray, reach: FloatArray, radius: float) -> Capsule:
    rotation, position = np.array(frame.r).reshape(3, 3), np.array(frame.p)
    return Capsule(rotation @ (middle - reach) + position, rotation @ (middle + reach) + position, radius)


def _corners(solid: Solid, vertices: Vertices) -> FloatArray:
    """Points whose convex hull covers the solid, in its own frame."""
    if solid.kind == "mesh":
        return vertices(solid.file, (solid.size[0], solid.size[1], solid.size[2]))
    if solid.kind == "box":
        half = 0.5 * np.array(solid.size)
    else:
        radius = solid.size[0]
        half = np.array([radius, radius, 0.5 * solid.size[1] if solid.kind == "cylinder" else radius])
    return np.array(list(itertools.product((-1.0, 1.0), repeat=3))) * half


def _solid(link: str, element: ElementTree.Element) -> Solid:
    geometry = element.find("geometry")
    shape = geometry[0] if geometry is not None and len(geometry) else None
    if shape is None or shape.tag not in KINDS:
        got = "none" if shape is None else shape.tag
        raise ConfigError(f"URDF link {link}: a <collision> with one of {', '.join(KINDS)} wanted, got {got}")
    keys = {"box": ("size",), "cylinder": ("radius", "length"), "sphere": ("radius",), "mesh": ("scale",)}[shape.tag]
    text = " ".join(shape.get(key, "1 1 1" if key == "scale" else "") for key in keys)
    size = _numbers(text, f"URDF link {link}: <{shape.tag}>", 3 if shape.tag in ("box", "mesh") else len(keys))
    if min(size) <= 0.0:
        raise ConfigError(f"URDF link {link}: <{shape.tag}> with sizes above 0 wanted, got {text!r}")
    return Solid(link, shape.tag, _origin(link, element), size, shape.get("filename", ""))


def _origin(link: str, element: ElementTree.Element) -> Frame:
    origin = element.find("origin")
    if origin is None:
        return IDENTITY
    x, y, z = _numbers(origin.get("xyz", "0 0 0"), f"URDF link {link}: origin", 3)
    return Frame((x, y, z), from_rpy(*_numbers(origin.get("rpy", "0 0 0"), f"URDF link {link}: origin", 3)))


def _numbers(text: str, where: str, count: int) -> tuple[float, ...]:
    try:
        numbers = tuple(float(word) for word in text.split())
    except ValueError as error:
        raise ConfigError(f"{where}: {count} numbers wanted, got {text!r}") from error
    if len(numbers) != count or not all(np.isfinite(numbers)):
        raise ConfigError(f"{where}: {count} finite numbers wanted, got {text!r}")
    return numbers
