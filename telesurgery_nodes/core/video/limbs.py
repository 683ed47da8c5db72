"""Arms as meshes: everything that hangs on one first joint is placed at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..kinematics.frames import IDENTITY, Frame, compose, pose_of
from ..kinematics.model import Chain, Joint
from . import meshes
from .meshes import Mesh


@dataclass(frozen=True)
class Part:
    """One mesh in the frame of the last link of ``chain``."""

    chain: Chain
    mesh: Mesh


@dataclass(frozen=True)
class _Link:
    """A moving joint and the row of the one it hangs on (None: the root)."""

    joint: Joint
    parent: int | None


class Limb:
    """Parts that share their first joint. A joint is composed once, however many links hang on it, and there is one merged mesh."""

    def __init__(self, parts: Sequence[Part]) -> None:
        """``parts``: one at least, each with one moving joint at least."""
        rows = _rows(parts)
        self._links = tuple(rows.values())
        self._ends = tuple((list(rows).index(part.chain.joints[-1].child), part.chain.tool) for part in parts)
        self._pieces = tuple(part.mesh for part in parts)
        self._merged = meshes.merge(self._pieces)
        self.names = tuple(link.joint.name for link in self._links)

    @property
    def name(self) -> str:
        """Name of the joint all of it hangs on."""
        return self.names[0]

    def mesh(self, values: Sequence[float]) -> Mesh:
        """In the root link, with ``values`` [rad or m] of the joints ``names``."""
        poses = [pose_of(frame) for frame in self._frames(values)]
        placed = [piece.vertices @ pose.rotation.T + pose.position for piece, pose in zip(self._pieces, poses, strict=True)]
        turned = [piece.normals @ pose.rotation.T for piece, pose in zip(self._pieces, poses, strict=True)]
        return replace(self._merged, vertices=np.concatenate(placed), normals=np.concatenate(turned))

    def _frames(self, values: Sequence[float]) -> Iterator[Frame]:
        """Where each part is."""
        links: list[Frame] = []
        for link, value in zip(self._links, values, strict=True):
            base = IDENTITY if link.parent is None else links[link.parent]
            links.append(compose(base, link.joint.forward(value)))
        return (compose(links[row], tool) for row, tool in self._ends)


def _rows(parts: Sequence[Part]) -> dict[str, _Link]:
    """Child link -> its joint, parents first. A link has one parent joint, so its name stands for the whole way from the root."""
    rows: dict[str, _Link] = {}
    for part in parts:
        parent = None
        for joint in part.chain.joints:
            rows.setdefault(joint.child, _Link(joint, parent))
            parent = list(rows).index(joint.child)
    return rows
