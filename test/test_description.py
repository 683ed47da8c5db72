"""The description against an own DH product (and Pinocchio), and what the mounts promise."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import yaml

pytest.importorskip("xacro", reason="pip install xacro")

from transforms3d.euler import axangle2mat, euler2mat

from telesurgery_nodes.channels import CHANNELS
from telesurgery_nodes.core.values import CAMERA_ARM, INSTRUMENTS, MASTERS
from telesurgery_nodes.description import expand, homes, rings, robot_description
from telesurgery_nodes.errors import ConfigError
from telesurgery_nodes.resources import find_resource

HALF = np.pi / 2
# alpha, a, d, offset, prismatic: modified DH of sim.md 6.2
PSM_DH = (
    (HALF, 0, 0, HALF, False), (-HALF, 0, 0, -HALF, False), (HALF, 0, -0.4318, 0, True),
    (0, 0, 0.4162, 0, False), (-HALF, 0, 0, -HALF, False), (-HALF, 0.0091, 0, -HALF, False),
)  # fmt: skip
ECM_DH = ((HALF, 0, 0, HALF, False), (-HALF, 0, 0, -HALF, False), (HALF, 0, -0.3822, 0, True), (0, 0, 0.3829, 0, False))
TOOLTIP = np.array([[0.0, -1, 0], [0, 0, 1], [-1, 0, 0]])
JOINTS = ("yaw", "pitch", "insertion", "roll", "wrist_pitch", "wrist_yaw")
ORACLE = (
    ([0, 0, 0, 0, 0, 0], [0, 0, 6.5]),
    ([0, 0, 0.1, 0, 0, 0], [0, 0, -93.5]),
    ([0.1, 0.1, 0.2, 0.1, 0.1, 0.1], [19.1175, -20.2127, -191.4457]),
    ([0.5, -0.4, 0.15, 1, -0.6, 0.7], [65.9410, 57.8196, -111.6857]),
    ([-1, 0.6, 0.22, -2, 1.2, -1.2], [-141.7551, -114.3617, -100.1851]),
)


def dh(table, q, tool):
    """Own product: Rx(alpha) Tx(a) Rz(theta) Tz(d)."""
    frame = np.eye(4)
    for (alpha, a, d, offset, prismatic), value in zip(table, q):  # noqa: B905
        turn, slide = (offset, d + value) if prismatic else (offset + value, d)
        step = np.eye(4)
        step[:3, :3] = axangle2mat([1, 0, 0], alpha) @ axangle2mat([0, 0, 1], turn)
        step[:3, 3] = axangle2mat([1, 0, 0], alpha) @ [a, 0, slide]
        frame = frame @ step
    frame[:3, :3] = frame[:3, :3] @ tool
    return frame


class Tree:
    """Forward kinematics of the URDF, written for this test only."""

    def __init__(self, text):
        joints = [joint for joint in ElementTree.fromstring(text).iter("joint") if joint.find("child") is not None]
        self.joints = {joint.find("child").get("link"): joint for joint in joints}

    def pose(self, link, q, root="patient_cart"):
        if link == root:
            return np.eye(4)
        joint = self.joints[link]

        def numbers(tag, key):
            return [float(x) for x in joint.find(tag).get(key).split()]

        here = np.eye(4)
        here[:3, :3], here[:3, 3] = euler2mat(*numbers("origin", "rpy"), "sxyz"), numbers("origin", "xyz")
        move, value = np.eye(4), q.get(joint.get("name"), 0.0)
        if joint.get("type") == "prismatic":
            move[:3, 3] = np.array(numbers("axis", "xyz")) * value
        elif joint.get("type") == "revolute":
            move[:3, :3] = axangle2mat(numbers("axis", "xyz"), value)
        return self.pose(joint.find("parent").get("link"), q, root) @ here @ move


@pytest.fixture(scope="module")
def tree():
    return Tree(robot_description())


def named(arm, q):
    return {f"{arm}_{joint}": value for joint, value in zip(JOINTS, q)}  # noqa: B905


def home_joints():
    return {name: value for arm, home in homes().items() for name, value in named(arm, home.joints).items()}


def in_view(tree, link):
    q = home_joints()
    return np.linalg.inv(tree.pose("endoscope_view", q)) @ tree.pose(link, q)


@pytest.mark.parametrize("q, millimetres", ORACLE)
@pytest.mark.parametrize("arm", ["PSM1", "PSM2", "PSM3"])
def test_the_tip_is_where_the_published_numbers_put_it(tree, arm, q, millimetres):
    pose = tree.pose(f"{arm}_tip", named(arm, q), f"{arm}_rcm")
    assert pose[:3, 3] * 1e3 == pytest.approx(millimetres, abs=1e-4)
    assert np.abs(pose - dh(PSM_DH, q, TOOLTIP)).max() < 1e-9


def test_the_endoscope_follows_its_table(tree):
    q = [0.3, -0.2, 0.13, 0.4]
    assert np.abs(tree.pose("ECM_tip", named("ECM", q), "ECM_rcm") - dh(ECM_DH, q, np.eye(3))).max() < 1e-9


def test_pinocchio_reads_the_same_tips():
    pin = pytest.importorskip("pinocchio")
    model = pin.buildModelFromXML(robot_description())
    data = model.createData()
    for q, millimetres in ORACLE:
        where = np.zeros(model.nq)
        for name, value in named("PSM2", q).items():
            where[model.joints[model.getJointId(name)].idx_q] = value
        pin.framesForwardKinematics(model, data, where)
        rcm, tip = (data.oMf[model.getFrameId(f"PSM2_{link}")] for link in ("rcm", "tip"))
        found = (rcm.inverse() * tip).homogeneous
        assert np.abs(found - dh(PSM_DH, q, TOOLTIP)).max() < 1e-9 and found[:3, 3] * 1e3 == pytest.approx(millimetres, abs=1e-4)


def test_home_shows_both_tips_left_and_right_before_the_camera(tree):
    right, left = in_view(tree, "PSM1_tip")[:3, 3], in_view(tree, "PSM2_tip")[:3, 3]
    assert 0.08 < right[2] < 0.12 and 0.08 < left[2] < 0.12
    assert right[0] == pytest.approx(-0.025, abs=1e-4) and left[0] == pytest.approx(0.025, abs=1e-4)  # view x is left
    assert abs(right[1]) < 0.005 and abs(left[1]) < 0.005
    up = tree.pose("endoscope_view", home_joints())[:3, 1]
    assert up[2] > 0.5  # the picture is the right way up


def test_board_and_rings_are_in_a_50_degree_picture_and_below_the_tools(tree):
    view = np.linalg.inv(tree.pose("endoscope_view", home_joints()))
    for at in rings().start.values():
        x, y, z = (view @ [*at, 1.0])[:3]
        assert 0 < z < 0.16 and max(abs(x) * 3 / 4, abs(y)) / z < np.tan(np.deg2rad(25))
    for arm in ("PSM1", "PSM2"):
        tip = tree.pose(f"{arm}_tip", home_joints())[2, 3]
        assert 0.025 < tip - tree.pose("peg_board", {})[2, 3] < 0.045


@pytest.mark.parametrize("arm", ["PSM1", "PSM2"])
def test_50_mm_around_each_tip_is_reachable_beyond_60_mm_insertion(arm):
    tip = np.array([0, 0, -(homes()[arm].joints[2] - 0.0065)])
    directions = [np.array(d) / np.linalg.norm(d) for d in itertools.product((-1, 0, 1), repeat=3) if any(d)]
    for direction in directions:
        x, y, z = tip + 0.05 * direction
        reach = np.linalg.norm([x, y, z])
        assert 0.06 < reach + 0.0065 < 0.24
        assert abs(np.arcsin(y / reach)) < 0.9 and abs(np.arctan2(x, -z)) < 1.5


def test_optical_frames_look_along_the_view_with_5_mm_between(tree):
    left, right = in_view(tree, "endoscope_left_optical_frame"), in_view(tree, "endoscope_right_optical_frame")
    for eye in (left, right):
        assert np.abs(eye[:3, :3] - np.diag([-1, -1, 1])).max() < 1e-12  # REP-103: x right, y down, z forward
    assert (left - right)[:3, 3] == pytest.approx([0.005, 0, 0])


def test_every_moving_joint_has_limits_and_every_shape_is_a_primitive():
    root = ElementTree.fromstring(robot_description())
    moving = [joint for joint in root.iter("joint") if joint.get("type") in ("revolute", "prismatic")]
    assert len(moving) == 3 * 8 + 4
    for joint in moving:
        limit = {key: float(value) for key, value in joint.find("limit").attrib.items()}
        assert limit["lower"] < limit["upper"] and limit["effort"] > 0 and 0.1 < limit["velocity"] < 10
    assert not list(root.iter("mesh"))


def test_homes_are_inside_the_limits():
    limits = {joint.get("name"): joint.find("limit") for joint in ElementTree.fromstring(robot_description()).iter("joint")}
    for name, value in home_joints().items():
        assert float(limits[name].get("lower")) <= value <= float(limits[name].get("upper"))


def test_a_broken_xacro_is_a_config_error(tmp_path):
    path = tmp_path / "bad.xacro"
    path.write_text("<robot><unclosed></robot>")
    with pytest.raises(ConfigError, match=r"bad\.xacro"):
        expand(path)


@pytest.mark.parametrize("name", ["patient", "surgeon"])
def test_rviz_files_name_only_topics_the_suite_has(name):
    config = yaml.safe_load(find_resource(f"rviz/{name}.rviz").read_text())
    displays = config["Visualization Manager"]["Displays"]
    topics = {display["Topic"]["Value"] for display in displays if "Topic" in display}
    assert {"PSM1/path", "PSM2/path"} <= topics or name == "surgeon"
    arms, eyes = (*INSTRUMENTS, CAMERA_ARM, *MASTERS), ("left", "right")
    known = {row.name.format(arm=arm, eye=eye, pair="MTMR_PSM1") for row in CHANNELS.values() for arm in arms for eye in eyes}
    assert topics and topics <= known, topics - known
    assert all("Class" in display for display in displays)
