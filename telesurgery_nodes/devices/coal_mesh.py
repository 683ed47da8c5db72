"""Meshes (STL, OBJ, DAE) through coal, the collision library of Pinocchio: reading, and distances to any shape, convex or not."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from ..core.kinematics.frames import Frame, Vector
from ..core.kinematics.obstacles import Clearance
from ..core.values import FloatArray
from ..errors import ConfigError
from ..resources import find_resource

FAR = 0.25  # [m] beyond the box around a mesh its exact distance does not matter: the box's is given


def coal() -> ModuleType:
    """The library. ConfigError where it is not installed: a mesh is never left out in silence."""
    try:
        import coal as library
    except ImportError as error:
        raise ConfigError("a mesh needs the package coal; valid: pip install pin, or box, sphere, capsule and cylinder instead") from error
    return library  # type: ignore[no-any-return]


def read(file: str, scale: Vector) -> Any:
    """A mesh as coal holds it. ``file``: a path, or a file of this package. ConfigError where it is missing or not a mesh."""
    library = coal()
    path = Path(file) if Path(file).is_absolute() else find_resource(file)
    if not path.is_file():
        raise ConfigError(f"mesh {file}: no such file at {path}")
    try:
        mesh = library.MeshLoader(library.BV_OBBRSS).load(str(path), np.array(scale))
    except (RuntimeError, ValueError) as error:
        raise ConfigError(f"mesh {path}: STL, OBJ or DAE wanted; coal says: {error}") from error
    if mesh.num_tris < 1 or not np.isfinite(vertices_of(mesh)).all():
        raise ConfigError(f"mesh {path}: triangles with finite corners wanted, found {mesh.num_tris} triangles")
    mesh.computeLocalAABB()
    return mesh


def vertices_of(mesh: Any) -> FloatArray:
    """Corners (n, 3) [m]."""
    return np.array(mesh.vertices(), dtype=np.float64).reshape(-1, 3)


def vertices(file: str, scale: Vector) -> FloatArray:
    """Corners (n, 3) [m] of a mesh file."""
    return vertices_of(read(file, scale))


def clearance(file: str, scale: Vector, frame: Frame) -> Clearance:
    """Distance of capsules from the surface of a mesh at ``frame`` in the root. Inside a closed mesh it is 0 or less as well."""
    library, mesh = coal(), read(file, scale)
    rotation, position = np.array(frame.r).reshape(3, 3), np.array(frame.p)
    still, request = library.Transform3s(), library.DistanceRequest()
    low, high = vertices_of(mesh).min(axis=0), vertices_of(mesh).max(axis=0)

    def one(start: FloatArray, end: FloatArray, radius: float) -> float:
        apart = np.linalg.norm(np.maximum(np.maximum(low - np.maximum(start, end), np.minimum(start, end) - high), 0.0))
        if apart > FAR:
            return float(apart) - radius
        length = float(np.linalg.norm(end - start))
        pose = library.Transform3s(_turn(end - start, length), 0.5 * (start + end))
        shape = library.Capsule(radius, length) if length > 0.0 else library.Sphere(radius)
        return float(library.distance(shape, pose, mesh, still, request, library.DistanceResult()))

    def every(a: FloatArray, b: FloatArray, radius: FloatArray) -> FloatArray:
        starts, ends = (a - position) @ rotation, (b - position) @ rotation
        return np.array([one(start, end, float(r)) for start, end, r in zip(starts, ends, radius, strict=True)])

    return every


def _turn(way: FloatArray, length: float) -> FloatArray:
    """A rotation whose z axis is along ``way``."""
    if length == 0.0:
        return np.eye(3)
    z = way / length
    x = np.cross(z, np.eye(3)[int(np.argmin(np.abs(z)))])
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(z, x), z], axis=1)
