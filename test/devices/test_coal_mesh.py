"""Meshes through coal: distances of what is not convex, strict files, and no mesh without the library."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from mesh_files import horseshoe

from telesurgery_nodes.core.kinematics.frames import IDENTITY, Frame, from_rpy
from telesurgery_nodes.devices import coal_mesh
from telesurgery_nodes.errors import ConfigError

ONES = (1.0, 1.0, 1.0)


@pytest.fixture
def shoe(tmp_path: Path) -> str:
    pytest.importorskip("coal")
    return horseshoe(tmp_path)


def test_a_hollow_is_free(shoe: str) -> None:
    find = coal_mesh.clearance(shoe, ONES, IDENTITY)
    a, b = np.array([[0.0, 0.0, 0.02], [0.0, 0.0, 0.3]]), np.array([[0.0, 0.0, 0.2], [0.0, 0.0, 0.3]])
    assert find(a, b, np.array([0.004, 0.005])) == pytest.approx([0.016, np.hypot(0.02, 0.2) - 0.005], abs=1e-6)


def test_pose_and_scale_count(shoe: str) -> None:
    turned = Frame((1.0, 2.0, 3.0), from_rpy(0.0, 1.5707963267948966, 0.0))  # its z axis along the root's x
    find = coal_mesh.clearance(shoe, (2.0, 2.0, 2.0), turned)
    start = np.array([[1.1, 2.0, 3.0]])
    assert find(start, start, np.array([0.001])) == pytest.approx([0.039], abs=1e-6)


def test_far_away_the_box_is_enough(shoe: str) -> None:
    find = coal_mesh.clearance(shoe, ONES, IDENTITY)
    far = np.array([[0.0, 0.0, 1.1]])
    assert find(far, far, np.array([0.0])) == pytest.approx([1.0])


def test_a_file_that_is_no_mesh_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("coal")
    for name, content in (("empty.stl", b""), ("text.stl", b"hello"), ("none.obj", b"v 0 0 0\n")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ConfigError):
            coal_mesh.read(str(tmp_path / name), ONES)
    with pytest.raises(ConfigError, match="no such file"):
        coal_mesh.read(str(tmp_path / "missing.stl"), ONES)


def test_without_the_library_a_mesh_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "coal", None)
    with pytest.raises(ConfigError, match="coal"):
        coal_mesh.clearance(horseshoe(tmp_path), ONES, IDENTITY)
    with pytest.raises(ConfigError, match="coal"):
        coal_mesh.vertices(horseshoe(tmp_path), ONES)
