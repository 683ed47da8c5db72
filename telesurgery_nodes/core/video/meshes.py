"""Triangle meshes of the URDF primitives, the rings and the tissue: numpy in, numpy out, every vertex with its normal and colour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..values import FloatArray

IndexArray = NDArray[np.int32]

ROUND_SEGMENTS = 16  # sides of a cylinder: 0.1 mm from round at a 4 mm shaft
SPHERE_RINGS = 10
TORUS_SEGMENTS = (24, 10)
# Rings along a cylinder [m]: a long thin triangle costs the rasteriser its whole bounding box (halves the drawing time of shafts).
SHAFT_STEP = 0.007
MAX_SHAFT_RINGS = 64
TISSUE_CELLS = 72
TISSUE_COLOR = (0.74, 0.36, 0.33)
TISSUE_DARK = (0.52, 0.18, 0.18)
TISSUE_BUMP = 0.0025  # [m]
TISSUE_WAVES = ((41.0, 27.0, 0.3), (-63.0, 88.0, 1.9), (17.0, -131.0, 4.2), (190.0, 150.0, 2.5))  # [1/m, 1/m, rad]


@dataclass(frozen=True, eq=False)
class Mesh:
    """``vertices`` (n, 3) [m], ``normals`` (n, 3) unit, ``colors`` (n, 3) linear RGB 0..1, ``triangles`` (m, 3) vertex numbers.

    Triangles turn counterclockwise as seen from where their normals point. ``closed``: a solid without holes, so that whoever looks
    from outside never sees a triangle from behind.
    """

    vertices: FloatArray
    normals: FloatArray
    colors: FloatArray
    triangles: IndexArray
    closed: bool = False

    def moved(self, rotation: FloatArray, position: FloatArray) -> Mesh:
        """The mesh in the parent's frame."""
        return replace(self, vertices=self.vertices @ rotation.T + position, normals=self.normals @ rotation.T)

    def only(self, triangles: IndexArray) -> Mesh:
        """Some of its triangles, and the vertices they need."""
        used = np.zeros(len(self.vertices), dtype=bool)
        used[triangles] = True
        number = np.cumsum(used, dtype=np.int32) - np.int32(1)
        rows = np.flatnonzero(used)  # several times quicker than rows by a mask
        vertices, normals, colors = (values.take(rows, axis=0) for values in (self.vertices, self.normals, self.colors))
        return Mesh(vertices, normals, colors, number.take(triangles), self.closed)


def merge(meshes: Sequence[Mesh]) -> Mesh:
    """All meshes as one, closed where each of them is."""
    offsets = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])[: len(meshes)]
    none = np.zeros((0, 3))
    return Mesh(
        np.concatenate([none, *(mesh.vertices for mesh in meshes)]),
        np.concatenate([none, *(mesh.normals for mesh in meshes)]),
        np.concatenate([none, *(mesh.colors for mesh in meshes)]),
        np.concatenate(
            [none.astype(np.int32), *((mesh.triangles + at).astype(np.int32) for mesh, at in zip(meshes, offsets, strict=True))]
        ),
        all(mesh.closed for mesh in meshes),
    )


def box(size: Sequence[float], color: Sequence[float]) -> Mesh:
    """Box with edges ``size`` [m] about the origin; each face has its own vertices, so that edges stay sharp."""
    faces = []
    for axis in range(3):
        for sign in (1.0, -1.0):
            normal = np.zeros(3)
            normal[axis] = sign
            u, v = np.roll(np.eye(3), axis, axis=1)[1:]
            corners = np.array([normal + a * u + b * v for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]) * np.asarray(size) / 2.0
            faces.append(_colored(corners, np.tile(normal, (4, 1)), np.array([[0, 1, 2], [0, 2, 3]]), color))
    return replace(merge(faces), closed=True)


def cylinder(radius: float, length: float, color: Sequence[float]) -> Mesh:
    """Cylinder along z about the origin, closed [m]."""
    rings = 1 + min(MAX_SHAFT_RINGS, max(1, math.ceil(length / SHAFT_STEP)))
    angle = np.linspace(0.0, 2.0 * math.pi, ROUND_SEGMENTS + 1)
    z, around = np.meshgrid(np.linspace(-length / 2.0, length / 2.0, rings), angle, indexing="ij")
    normals = np.stack([np.cos(around), np.sin(around), np.zeros_like(z)], -1)
    side = _grid(normals * [radius, radius, 0.0] + np.stack([0 * z, 0 * z, z], -1), normals, color)
    ends = [_disc(radius, sign * length / 2.0, sign, color) for sign in (1.0, -1.0)]
    return replace(merge([side, *ends]), closed=True)


def sphere(radius: float, color: Sequence[float]) -> Mesh:
    """Sphere about the origin [m]."""
    polar, around = np.meshgrid(np.linspace(0.0, math.pi, SPHERE_RINGS), np.linspace(0.0, 2.0 * math.pi, ROUND_SEGMENTS + 1), indexing="ij")
    normals = np.stack([np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)], -1)
    return replace(_grid(radius * normals, normals, color), closed=True)


def torus(radius: float, tube: float, color: Sequence[float]) -> Mesh:
    """Ring about z: ``radius`` to the middle of the ``tube`` [m]."""
    major, minor = (np.linspace(0.0, 2.0 * math.pi, count + 1) for count in TORUS_SEGMENTS)
    a, b = np.meshgrid(major, minor, indexing="ij")
    normals = np.stack([np.cos(b) * np.cos(a), np.cos(b) * np.sin(a), np.sin(b)], -1)
    middle = radius * np.stack([np.cos(a), np.sin(a), 0.0 * a], -1)
    return replace(_grid(middle + tube * normals, normals, color), closed=True)


def tissue(size: float) -> Mesh:
    """A bumpy, veined piece of tissue, square with edge ``size`` [m], about the origin, facing +z."""
    edge = np.linspace(-size / 2.0, size / 2.0, TISSUE_CELLS)
    x, y = np.meshgrid(edge, edge, indexing="ij")
    waves = [np.sin(kx * x + ky * y + phase) for kx, ky, phase in TISSUE_WAVES]
    points = np.stack([x, y, TISSUE_BUMP * sum(waves[:3])], -1)
    normals = np.cross(np.gradient(points, axis=0), np.gradient(points, axis=1))
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    vein = np.exp(-((waves[0] + waves[1] * waves[3]) ** 2) / 0.02)[..., None]
    mesh = _grid(points, normals, TISSUE_COLOR)
    shade = (1.0 + 0.08 * (waves[2] + waves[3]))[..., None]
    colors = shade * ((1.0 - 0.7 * vein) * np.array(TISSUE_COLOR) + 0.7 * vein * np.array(TISSUE_DARK))
    return replace(mesh, colors=np.clip(colors, 0.0, 1.0).reshape(-1, 3))


def _disc(radius: float, z: float, facing: float, color: Sequence[float]) -> Mesh:
    angle = np.linspace(0.0, 2.0 * math.pi, ROUND_SEGMENTS, endpoint=False)
    rim = np.stack([radius * np.cos(angle), radius * np.sin(angle), np.full_like(angle, z)], -1)
    number = np.arange(ROUND_SEGMENTS)
    fan = np.stack([np.full(ROUND_SEGMENTS, ROUND_SEGMENTS), number, (number + 1) % ROUND_SEGMENTS], -1)
    return _colored(np.vstack([rim, [0.0, 0.0, z]]), np.tile([0.0, 0.0, facing], (ROUND_SEGMENTS + 1, 1)), fan, color)


def _grid(points: FloatArray, normals: FloatArray, color: Sequence[float]) -> Mesh:
    """A mesh of a (rows, columns, 3) grid of points."""
    rows, columns = points.shape[:2]
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    upper = np.stack([corner, corner + 1, corner + columns], -1)
    lower = np.stack([corner + 1, corner + columns + 1, corner + columns], -1)
    return _colored(points.reshape(-1, 3), normals.reshape(-1, 3), np.concatenate([upper, lower]), color)


def _colored(vertices: FloatArray, normals: FloatArray, triangles: NDArray[np.int64], color: Sequence[float]) -> Mesh:
    a, b, c = (vertices[triangles[:, corner]] for corner in range(3))
    inwards = np.einsum("ij,ij->i", np.cross(b - a, c - a), normals[triangles].sum(axis=1)) < 0.0
    turned = np.where(inwards[:, None], triangles[:, ::-1], triangles)
    return Mesh(vertices, normals, np.tile(np.asarray(color, dtype=float), (len(vertices), 1)), turned.astype(np.int32))
