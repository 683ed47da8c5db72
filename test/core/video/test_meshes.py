"""Meshes: closed volumes, unit normals that point outwards."""

import math

import numpy as np
import pytest

from telesurgery_nodes.core.video import meshes as m

WHITE = (1.0, 1.0, 1.0)
SOLIDS = {
    "box": (m.box((0.1, 0.2, 0.3), WHITE), 0.1 * 0.2 * 0.3, 1e-9),
    "cylinder": (m.cylinder(0.1, 0.3, WHITE), math.pi * 0.01 * 0.3, 0.03),
    "sphere": (m.sphere(0.1, WHITE), 4 / 3 * math.pi * 1e-3, 0.06),
    "torus": (m.torus(0.1, 0.02, WHITE), 2 * math.pi**2 * 0.1 * 0.02**2, 0.08),
}


def area(mesh):
    a, b, c = (mesh.vertices[mesh.triangles[:, i]] for i in range(3))
    return np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2


def volume(mesh):
    """Divergence theorem with the vertex normals, so it is blind to winding but not to a normal that points inwards."""
    a, b, c = (mesh.vertices[mesh.triangles[:, i]] for i in range(3))
    face = np.cross(b - a, c - a) / 2
    normal = mesh.normals[mesh.triangles].mean(axis=1)
    face *= np.sign(np.einsum("ij,ij->i", face, normal))[:, None]
    return np.einsum("ij,ij->i", face, (a + b + c) / 3).sum() / 3


@pytest.mark.parametrize("name", SOLIDS)
def test_volume_and_normals(name):
    mesh, wanted, tolerance = SOLIDS[name]
    assert volume(mesh) == pytest.approx(wanted, rel=max(tolerance, 1e-9))
    assert np.linalg.norm(mesh.normals, axis=1) == pytest.approx(1.0)
    assert mesh.triangles.max() < len(mesh.vertices) and mesh.triangles.min() >= 0


def test_moving_keeps_area_and_merge_adds():
    mesh = SOLIDS["torus"][0]
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    moved = mesh.moved(turn, np.array([1.0, 2, 3]))
    assert area(moved) == pytest.approx(area(mesh))
    assert area(m.merge([mesh, moved])) == pytest.approx(2 * area(mesh))
    assert len(m.merge([]).vertices) == 0


def test_tissue_faces_up_and_has_colours_in_range():
    mesh = m.tissue(0.3)
    assert (mesh.normals[:, 2] > 0.5).all()
    assert mesh.colors.min() >= 0.0 and mesh.colors.max() <= 1.0
