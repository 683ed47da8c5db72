"""URDF text to triangles in the right place."""

import numpy as np
import pytest

from telesurgery_nodes.core.video import scene as sc
from telesurgery_nodes.errors import ConfigError

URDF = """<robot name="small">
<material name="red"><color rgba="1 0 0 1"/></material>
<link name="base"/>
<link name="peg_board"><visual><geometry><box size="0.1 0.1 0.006"/></geometry></visual></link>
<joint name="board" type="fixed"><parent link="base"/><child link="peg_board"/><origin xyz="0 0 0.2"/></joint>
<link name="arm"><visual><origin xyz="0.05 0 0" rpy="0 1.5708 0"/><geometry><cylinder radius="0.004" length="0.1"/></geometry>
  <material name="red"/></visual></link>
<joint name="turn" type="revolute"><parent link="base"/><child link="arm"/><axis xyz="0 0 1"/><limit lower="-3" upper="3"/></joint>
<link name="finger"><visual><origin xyz="0 0 0.01"/><geometry><sphere radius="0.001"/></geometry></visual></link>
<joint name="half" type="revolute"><parent link="arm"/><child link="finger"/><origin xyz="0.1 0 0"/><axis xyz="1 0 0"/>
  <limit lower="-3" upper="3"/><mimic joint="jaw" multiplier="-0.5" offset="0.1"/></joint>
<link name="scope"><visual><geometry><sphere radius="0.01"/></geometry></visual></link>
<joint name="ECM_yaw" type="revolute"><parent link="base"/><child link="scope"/><origin xyz="0 0 0.4" rpy="3.14159265 0 0"/>
  <axis xyz="0 0 1"/><limit lower="-3" upper="3"/></joint>
<link name="endoscope_left_optical_frame"/><link name="endoscope_right_optical_frame"/>
<joint name="l" type="fixed"><parent link="scope"/><child link="endoscope_left_optical_frame"/><origin xyz="-0.0025 0 0"/></joint>
<joint name="r" type="fixed"><parent link="scope"/><child link="endoscope_right_optical_frame"/><origin xyz="0.0025 0 0"/></joint>
</robot>"""
HOME = {"turn": 0.0, "jaw": 0.2, "ECM_yaw": 0.0}


def test_needed_joints_follow_mimics_and_include_the_camera():
    assert sc.Scene(URDF).joints == ("ECM_yaw", "jaw", "turn")


def test_the_camera_arm_is_not_drawn():
    assert {part.chain.tip for part in sc.Scene(URDF).moving} == {"arm", "finger"}


def test_static_holds_board_and_tissue_below_it():
    scene = sc.Scene(URDF)
    assert scene.static.vertices[:24, 2] == pytest.approx(0.2, abs=0.0031)
    assert scene.static.vertices[24:, 2].max() < 0.197
    assert len(sc.Scene(URDF, board="no_such").static.vertices) == 24


def test_moving_mesh_turns_with_its_joint():
    scene = sc.Scene(URDF)
    ahead, turned = (scene.moving_mesh(HOME | {"turn": angle}).vertices for angle in (0.0, np.pi / 2))
    assert turned[:, 1] == pytest.approx(ahead[:, 0], abs=1e-9)
    assert ahead[:, 0].max() > 0.09


def test_groups_are_the_moving_mesh_arm_by_arm():
    scene = sc.Scene(URDF)
    groups = scene.moving_groups(HOME)
    assert len(groups) == 1 and (groups[0].vertices == scene.moving_mesh(HOME).vertices).all()


def test_mimic_moves_by_half_backwards():
    finger = next(part for part in sc.Scene(URDF).moving if part.chain.tip == "finger")
    count = len(finger.mesh.vertices)
    middle = sc.Scene(URDF).moving_mesh(HOME | {"jaw": 1.0}).vertices[-count:].mean(axis=0)
    angle = 0.1 - 0.5
    assert middle[1:] == pytest.approx([-0.01 * np.sin(angle), 0.01 * np.cos(angle)], abs=2e-4)


def test_eyes_stand_a_baseline_apart_and_look_down():
    scene = sc.Scene(URDF)
    left, right = (scene.eye(eye, HOME) for eye in (sc.LEFT_EYE, sc.RIGHT_EYE))
    assert np.subtract(right.p, left.p) == pytest.approx([0.005, 0, 0])
    assert left.r[8] == pytest.approx(-1.0)


def test_colours_come_from_named_materials():
    arm = next(part for part in sc.Scene(URDF).moving if part.chain.tip == "arm")
    assert (arm.mesh.colors == [1.0, 0.0, 0.0]).all()


def test_rings_lie_where_they_are_put():
    mesh = sc.rings_mesh([(1, 2, 3, 1, 0, 0, 0), (0, 0, 0, 2**-0.5, 2**-0.5, 0, 0)], 0.0065, 0.0018)
    half = len(mesh.vertices) // 2
    first, second = mesh.vertices[:half], mesh.vertices[half:]
    assert np.ptp(first, axis=0) == pytest.approx([0.0166, 0.0166, 0.0036], rel=0.06)
    assert np.ptp(second, axis=0) == pytest.approx([0.0166, 0.0036, 0.0166], rel=0.06)
    assert first.mean(axis=0) == pytest.approx([1, 2, 3], abs=1e-3)


def test_an_unknown_joint_position_is_refused():
    with pytest.raises(ConfigError, match="jaw"):
        sc.Scene(URDF).moving_mesh({"turn": 0.0})


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (URDF.replace('<sphere radius="0.001"/>', '<mesh filename="x"/>'), "mesh"),
        (URDF.replace('<geometry><sphere radius="0.001"/></geometry>', "<geometry/>"), "geometry"),
        (URDF.replace('<sphere radius="0.001"/>', "<sphere/>"), "missing"),
        (URDF.replace('<sphere radius="0.001"/>', '<sphere radius="big"/>'), "big"),
        (URDF.replace('<link name="base"/>', '<link name="base"/><link name="lost"/>'), "root"),
    ],
)
def test_what_cannot_be_drawn_is_named(wrong, says):
    with pytest.raises(ConfigError, match=says):
        sc.Scene(wrong)
