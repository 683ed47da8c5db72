"""URDF text to triangles in the right place."""

import numpy as np
import pytest

from telesurgery_nodes.core.video import meshes as m
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


def arm(scene, **positions):
    """The one limb of the URDF above, placed."""
    (limb,) = scene.limbs
    return limb.mesh(scene.values(limb.names, HOME | positions))


def test_the_camera_arm_is_not_drawn():
    assert [limb.names for limb in sc.Scene(URDF).limbs] == [("turn", "half")]


def test_board_stands_still_with_tissue_below_it():
    board, tissue = sc.Scene(URDF).still
    assert board.vertices[:, 2] == pytest.approx(0.2, abs=0.0031) and board.closed
    assert tissue.vertices[:, 2].max() < 0.197 and not tissue.closed
    (board,) = sc.Scene(URDF, board="no_such").still
    assert len(board.vertices) == 24


def test_a_limb_turns_with_its_joint():
    scene = sc.Scene(URDF)
    ahead, turned = (arm(scene, turn=angle).vertices for angle in (0.0, np.pi / 2))
    assert turned[:, 1] == pytest.approx(ahead[:, 0], abs=1e-9)
    assert ahead[:, 0].max() > 0.09


def test_mimic_moves_by_half_backwards():
    count = len(m.sphere(0.001, sc.NO_COLOR).vertices)
    middle = arm(sc.Scene(URDF), jaw=1.0).vertices[-count:].mean(axis=0)
    angle = 0.1 - 0.5
    assert middle[1:] == pytest.approx([-0.01 * np.sin(angle), 0.01 * np.cos(angle)], abs=2e-4)


def test_eyes_stand_a_baseline_apart_and_look_down():
    scene = sc.Scene(URDF)
    left, right = (scene.eye(eye, HOME) for eye in (sc.LEFT_EYE, sc.RIGHT_EYE))
    assert np.subtract(right.p, left.p) == pytest.approx([0.005, 0, 0])
    assert left.r[8] == pytest.approx(-1.0)


def test_colours_come_from_named_materials():
    colors = arm(sc.Scene(URDF)).colors
    assert (colors[:100] == [1.0, 0.0, 0.0]).all() and (colors[-100:] == sc.NO_COLOR).all()


def test_an_unknown_joint_position_is_refused():
    with pytest.raises(ConfigError, match="jaw"):
        sc.Scene(URDF).values(("turn", "half"), {"turn": 0.0})


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
