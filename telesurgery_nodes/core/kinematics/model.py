"""Serial chains out of a URDF string (pure: text in, frames out)."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...errors import ConfigError, KinematicsError
from .frames import IDENTITY, Frame, Vector, axis_rotation, compose, from_rpy, norm, product, rotate

TURNING = ("revolute", "continuous")
MOVING = (*TURNING, "prismatic")
KNOWN = (*MOVING, "fixed")


@dataclass(frozen=True)
class Joint:
    """One URDF joint. ``origin``: parent link -> joint frame; limits [rad or m], [per s], [Nm or N]; infinite where URDF has none."""

    name: str
    kind: str
    parent: str
    child: str
    origin: Frame
    axis: Vector
    lower: float = -math.inf
    upper: float = math.inf
    velocity: float = math.inf
    effort: float = math.inf

    def forward(self, q: float) -> Frame:
        """Parent link -> child link at joint position ``q`` [rad or m]."""
        p, r = self.origin
        x, y, z = self.axis
        if self.kind in TURNING:
            return Frame(p, product(r, axis_rotation(self.axis, q)))
        way = rotate(r, (x * q, y * q, z * q))
        return Frame((p[0] + way[0], p[1] + way[1], p[2] + way[2]), r)


@dataclass(frozen=True)
class Chain:
    """Moving joints from ``base`` to ``tip``; fixed joints are folded into the next origin and into ``tool``."""

    base: str
    tip: str
    joints: tuple[Joint, ...]
    tool: Frame

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the moving joints in order."""
        return tuple(joint.name for joint in self.joints)

    def _links(self, q: Sequence[float]) -> Iterator[Frame]:
        if len(q) != len(self.joints):
            raise KinematicsError(f"chain {self.base} -> {self.tip}: {len(self.joints)} joints wanted {self.names}, got {len(q)}")
        frame = None
        for joint, position in zip(self.joints, q, strict=True):
            frame = compose(frame, joint.forward(position)) if frame is not None else joint.forward(position)
            yield frame

    def forward(self, q: Sequence[float]) -> Frame:
        """Base -> tip at ``q`` [rad or m]."""
        frame = IDENTITY
        for link in self._links(q):
            frame = link
        return compose(frame, self.tool)

    def inside(self, q: Sequence[float]) -> bool:
        """True where every joint is within the URDF's range; NaN is not."""
        return len(q) == len(self.joints) and all(joint.lower <= x <= joint.upper for joint, x in zip(self.joints, q, strict=True))

    def axis_line(self, q: Sequence[float], index: int) -> tuple[Vector, Vector]:
        """A point on, and the unit direction of, the axis of moving joint ``index`` in the base frame."""
        for number, link in enumerate(self._links(q)):
            if number == index:
                return link.p, rotate(link.r, self.joints[index].axis)
        raise KinematicsError(f"chain {self.base} -> {self.tip}: joint {index} wanted, valid are 0..{len(self.joints) - 1}")


class RobotModel:
    """The link tree of one URDF."""

    def __init__(self, urdf: str) -> None:
        try:
            root = ElementTree.fromstring(urdf)
        except ElementTree.ParseError as error:
            raise ConfigError(f"URDF text wanted, got something that is not XML: {error}") from error
        self.links = frozenset(str(link.get("name")) for link in root.findall("link"))
        joints = [_joint(element) for element in root.findall("joint")]
        self._by_child: Mapping[str, Joint] = {joint.child: joint for joint in joints}
        if len(self._by_child) != len(joints):
            raise ConfigError("URDF: a link with two parent joints; a tree is wanted")
        if unknown := {link for joint in joints for link in (joint.parent, joint.child)} - self.links:
            raise ConfigError(f"URDF: joints name links that do not exist: {sorted(unknown)}; known: {sorted(self.links)}")

    def chain(self, base: str, tip: str) -> Chain:
        """Joints from ``base`` down to ``tip``; ConfigError where tip does not hang below base."""
        moving: list[Joint] = []
        offset = IDENTITY
        for joint in reversed(list(self._upwards(base, tip))):
            origin = compose(offset, joint.origin)
            offset = IDENTITY
            if joint.kind in MOVING:
                moving.append(_with_origin(joint, origin))
            else:
                offset = origin
        return Chain(base, tip, tuple(moving), offset)

    def chain_to(self, tip: str) -> Chain:
        """Joints from the root of the tree down to ``tip``; ConfigError where there is no such link."""
        root = tip
        while root in self._by_child:
            root = self._by_child[root].parent
        return self.chain(root, tip)

    def fixed(self, base: str, tip: str) -> Frame:
        """Base -> tip where nothing moves in between (a mount, a camera on its tip)."""
        chain = self.chain(base, tip)
        if chain.joints:
            raise ConfigError(f"{base} -> {tip}: a fixed mount wanted, joints {chain.names} move in between")
        return chain.tool

    def _upwards(self, base: str, tip: str) -> Iterator[Joint]:
        if missing := {base, tip} - self.links:
            raise ConfigError(f"URDF has no link {sorted(missing)}; known: {sorted(self.links)}")
        link = tip
        while link != base:
            joint = self._by_child.get(link)
            if joint is None:
                raise ConfigError(f"URDF: {tip} does not hang below {base} (its root is {link})")
            yield joint
            link = joint.parent


def _joint(element: ElementTree.Element) -> Joint:
    name, kind = str(element.get("name")), str(element.get("type"))
    if kind not in KNOWN:
        raise ConfigError(f"URDF joint {name}: type {kind!r}; valid are {', '.join(KNOWN)}")
    origin, limit = element.find("origin"), element.find("limit")
    return Joint(
        name=name,
        kind=kind,
        parent=_link(element, "parent"),
        child=_link(element, "child"),
        origin=IDENTITY if origin is None else Frame(_triple(origin, "xyz", name), from_rpy(*_triple(origin, "rpy", name))),
        axis=_axis(element, name),
        **({} if limit is None else {key: _number(limit, key, name) for key in ("lower", "upper", "velocity", "effort") if limit.get(key)}),
    )


def _with_origin(joint: Joint, origin: Frame) -> Joint:
    return Joint(**{**joint.__dict__, "origin": origin})


def _link(element: ElementTree.Element, which: str) -> str:
    found = element.find(which)
    if found is None:
        raise ConfigError(f"URDF joint {element.get('name')}: no <{which}> element")
    return str(found.get("link"))


def _axis(element: ElementTree.Element, name: str) -> Vector:
    found = element.find("axis")
    axis = (1.0, 0.0, 0.0) if found is None else _triple(found, "xyz", name)  # URDF's default axis
    length = norm(axis)
    if length <= 0.0:
        raise ConfigError(f"URDF joint {name}: axis {axis} has no length")
    return (axis[0] / length, axis[1] / length, axis[2] / length)


def _triple(element: ElementTree.Element, key: str, name: str) -> Vector:
    text = element.get(key, "0 0 0")
    try:
        x, y, z = (float(word) for word in text.split())
    except ValueError as error:
        raise ConfigError(f"URDF joint {name}: three numbers wanted in {key}, got {text!r}") from error
    return x, y, z


def _number(element: ElementTree.Element, key: str, name: str) -> float:
    try:
        return float(str(element.get(key)))
    except ValueError as error:
        raise ConfigError(f"URDF joint {name}: a number wanted in limit {key}, got {element.get(key)!r}") from error
