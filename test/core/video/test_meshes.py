"""Meshes: closed volumes, unit normals that point outwards."""

import math
from collections import Counter

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


def faces(mesh):
    """Twice the area of each triangle along the side it shows."""
    a, b, c = (mesh.vertices[mesh.triangles[:, i]] for i in range(3))
    return np.cross(b - a, c - a)


def volume(mesh):
    """Divergence theorem, which a triangle that shows the wrong side does not survive."""
    middle = mesh.vertices[mesh.triangles].mean(axis=1)
    return np.einsum("ij,ij->i", faces(mesh) / 2, middle).sum() / 3


@pytest.mark.parametrize("name", SOLIDS)
def test_volume_and_normals(name):
    mesh, wanted, tolerance = SOLIDS[name]
    assert volume(mesh) == pytest.approx(wanted, rel=max(tolerance, 1e-9))
    assert np.linalg.norm(mesh.normals, axis=1) == pytest.approx(1.0)
    assert mesh.triangles.max() < len(mesh.vertices) and mesh.triangles.min() >= 0
    assert (np.einsum("ij,ij->i", faces(mesh), mesh.normals[mesh.triangles].sum(axis=1)) > -1e-12).all()


@pytest.mark.parametrize("name", SOLIDS)
def test_a_closed_mesh_has_no_edge_without_a_neighbour(name):
    """Every edge between two places is run through once in each direction: that is what "seen from outside, no back shows" rests on."""
    mesh = SOLIDS[name][0]
    assert mesh.closed
    places = np.unique(mesh.vertices.round(9), axis=0, return_inverse=True)[1].reshape(-1)[mesh.triangles]
    edges = Counter((int(t[i]), int(t[i - 2])) for t in places for i in range(3) if t[i] != t[i - 2])
    assert edges == Counter({(end, begin): count for (begin, end), count in edges.items()})


def test_moving_keeps_area_and_merge_adds():
    mesh = SOLIDS["torus"][0]
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    moved = mesh.moved(turn, np.array([1.0, 2, 3]))
    assert area(moved) == pytest.approx(area(mesh))
    assert area(m.merge([mesh, moved])) == pytest.approx(2 * area(mesh))
    assert len(m.merge([]).vertices) == 0
    assert m.merge([mesh, moved]).closed and not m.merge([mesh, m.tissue(0.1)]).closed


def test_some_triangles_with_what_they_need_and_nothing_else():
    mesh = SOLIDS["torus"][0]
    some = mesh.only(mesh.triangles[5:9])
    assert (some.vertices[some.triangles] == mesh.vertices[mesh.triangles[5:9]]).all()
    assert (some.normals[some.triangles] == mesh.normals[mesh.triangles[5:9]]).all()
    assert sorted(set(some.triangles.ravel().tolist())) == list(range(len(some.vertices))) and len(some.colors) == len(some.vertices)
    assert len(mesh.only(mesh.triangles[:0]).vertices) == 0


def test_tissue_faces_up_and_has_colours_in_range():
    mesh = m.tissue(0.3)
    assert (mesh.normals[:, 2] > 0.5).all()
    assert mesh.colors.min() >= 0.0 and mesh.colors.max() <= 1.0
