"""Limbs: every part where its own chain says it is."""

import numpy as np
import pytest

from telesurgery_nodes.core.kinematics.frames import pose_of
from telesurgery_nodes.core.kinematics.model import RobotModel
from telesurgery_nodes.core.video import meshes as m
from telesurgery_nodes.core.video.limbs import Limb, Part

# trunk - a - elbow - b, with a fork: elbow - c; the plate hangs fixed on a
JOINTS = {
    "lift": ("prismatic", "trunk", "a", "0 0 1"),
    "glue": ("fixed", "a", "plate", "0 0 1"),
    "bend": ("revolute", "a", "elbow", "0 1 0"),
    "left": ("revolute", "elbow", "b", "1 0 0"),
    "right": ("revolute", "elbow", "c", "1 0 0"),
}
URDF = (
    "<robot name='fork'>"
    + "".join(f"<link name='{name}'/>" for name in ("trunk", "a", "plate", "elbow", "b", "c"))
    + "".join(
        f"<joint name='{name}' type='{kind}'><parent link='{parent}'/><child link='{child}'/><axis xyz='{axis}'/>"
        "<origin xyz='0.1 0.02 0.3' rpy='0.1 0.2 -0.3'/></joint>"
        for name, (kind, parent, child, axis) in JOINTS.items()
    )
    + "</robot>"
)
LINKS = ("c", "plate", "a", "b")  # children before parents, and the elbow without a shape


@pytest.fixture
def parts():
    model = RobotModel(URDF)
    return [Part(model.chain("trunk", link), m.box((0.1, 0.2, 0.3 + number), (1.0, 1.0, 1.0))) for number, link in enumerate(LINKS)]


def test_every_joint_is_there_once(parts):
    limb = Limb(parts)
    assert sorted(limb.names) == ["bend", "left", "lift", "right"] and limb.name == "lift"


@pytest.mark.parametrize("seed", range(5))
def test_parts_stand_where_their_chains_say(parts, seed):
    limb = Limb(parts)
    values = dict(zip(limb.names, np.random.default_rng(seed).uniform(-2, 2, 4).tolist(), strict=True))
    wanted = []
    for part in parts:
        pose = pose_of(part.chain.forward([values[name] for name in part.chain.names]))
        wanted.append(part.mesh.moved(pose.rotation, pose.position))
    mesh, whole = limb.mesh(list(values.values())), m.merge(wanted)
    assert mesh.vertices == pytest.approx(whole.vertices, abs=1e-12)
    assert mesh.normals == pytest.approx(whole.normals, abs=1e-12)
    assert (mesh.triangles == whole.triangles).all() and (mesh.colors == whole.colors).all() and mesh.closed


def test_as_many_values_as_joints(parts):
    with pytest.raises(ValueError):
        Limb(parts).mesh([0.0])
