"""Light from the endoscope itself, and triangles cut at the near plane: what has to happen to a mesh before it is rasterised."""

from __future__ import annotations

import numpy as np

from ..values import FloatArray
from .meshes import IndexArray, Mesh

AMBIENT = 0.22
DIFFUSE = 0.78
SHINE = 0.55  # highlight of bare metal; coloured plastic and tissue get SHINE_DULL
SHINE_DULL = 0.12
SHINE_POWER = 24
GREY_SPREAD = 0.12  # largest - smallest colour channel below which a surface counts as metal
FALLOFF = 0.20  # [m] distance at which the endoscope's light has dropped to half
SMALL = 1e-9


def lit(mesh: Mesh, light: FloatArray) -> FloatArray:
    """Vertex colours (n, 3) 0..1 with one lamp at ``light`` (3,) [m], which is also where the viewer is (Lambert + Blinn-Phong)."""
    towards = light - mesh.vertices
    distance = np.sqrt(np.einsum("ij,ij->i", towards, towards)) + SMALL
    facing = np.abs(np.einsum("ij,ij->i", mesh.normals, towards)) / distance
    power = 1.0 / (1.0 + (distance / FALLOFF) ** 2)
    red, green, blue = mesh.colors.T  # by columns: numpy is slow over an axis of length 3
    spread = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    shine = np.where(spread < GREY_SPREAD, SHINE, SHINE_DULL) * facing**SHINE_POWER
    light_in = 2.0 * power * (AMBIENT + DIFFUSE * facing)
    return np.asarray(np.clip(mesh.colors * light_in[:, None] + (shine * power)[:, None], 0.0, 1.0))


def clip_near(points: FloatArray, colors: FloatArray, triangles: IndexArray, near: float) -> tuple[FloatArray, FloatArray, IndexArray]:
    """Cut triangles at depth ``near`` [m]: a rasteriser that drops the crossing ones loses the instrument shafts.

    ``points`` (n, 3) in an optical frame (z = depth), ``colors`` (n, 3). What lies wholly in front is dropped.
    """
    inside = points[:, 2] >= near
    if inside.all():
        return points, colors, triangles
    count = inside.take(triangles.T).sum(axis=0)  # several times faster than a sum over the last axis, of length 3
    whole = triangles[count == 3]
    crossing = triangles[(count == 1) | (count == 2)]
    if not len(crossing):
        return points, colors, whole
    values = np.hstack([points, colors])
    extra = _cut(values[crossing], near)
    numbers = np.arange(len(points), len(points) + len(extra), dtype=np.int32).reshape(-1, 3)
    values = np.vstack([values, extra])
    return values[:, :3], values[:, 3:], np.concatenate([whole, numbers])


def _cut(corners: FloatArray, near: float) -> FloatArray:
    """Corners (3 k, 6: point, colour) of what is left of triangles (m, 3, 6) that cross the near plane."""
    behind = corners[:, :, 2] >= near
    tips = behind.sum(axis=1) == 1  # one corner stays: a smaller triangle; two stay: a quadrilateral
    # turn each triangle so that the corner that is alone on its side comes first
    alone = np.where(tips, behind.argmax(axis=1), (~behind).argmax(axis=1))
    turned = corners[np.arange(len(corners))[:, None], (alone[:, None] + np.arange(3)) % 3]
    first, second, third = turned[:, 0], turned[:, 1], turned[:, 2]
    one, other = _crossing_point(first, second, near), _crossing_point(first, third, near)
    small = np.stack([first, one, other], 1)[tips]
    quads = [np.stack([one, second, third], 1)[~tips], np.stack([one, third, other], 1)[~tips]]
    return np.asarray(np.concatenate([small, *quads]).reshape(-1, corners.shape[2]))


def _crossing_point(here: FloatArray, there: FloatArray, near: float) -> FloatArray:
    """Where the edges ``here`` -> ``there`` (n, 6) meet the near plane."""
    part = (near - here[:, 2]) / (there[:, 2] - here[:, 2])
    return np.asarray(here + (there - here) * part[:, None])
