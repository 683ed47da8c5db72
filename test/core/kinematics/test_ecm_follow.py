"""The camera arm follows: there and back exactly, at the edges said, and the view is the URDF's."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telesurgery_nodes.core.kinematics.ecm_follow import VIEW_IN_TIP, EcmFollower
from telesurgery_nodes.core.kinematics.frames import IDENTITY, Frame, angle_between, distance
from telesurgery_nodes.core.kinematics.limits import JointLimits, Limit
from telesurgery_nodes.core.kinematics.model import RobotModel
from telesurgery_nodes.description import robot_description
from telesurgery_nodes.errors import KinematicsError

LIMITS = JointLimits((-1.5658, -0.763, 0.045, -1.547), (1.5658, 1.129, 0.2545, 1.547), (0.5,) * 4, (4.0,) * 4, (0.0,) * 4, (800.0,) * 4)
ECM = EcmFollower(LIMITS)
JOINTS = st.tuples(st.floats(-1.5, 1.5), st.floats(-0.75, 1.1), st.floats(0.05, 0.25), st.floats(-1.5, 1.5))


@settings(max_examples=200, deadline=None)
@given(JOINTS, JOINTS)
def test_joints_come_back_from_their_pose(joints, reference):
    got = ECM.follow(ECM.forward(joints), reference)
    assert got.joints == pytest.approx(joints, abs=1e-9) and Limit.POSITION not in got.reasons


def test_beyond_the_range_it_goes_to_the_edge_and_says_so():
    got = ECM.follow(ECM.forward((0.0, 0.0, 0.3, 0.0)), (0.0, 0.0, 0.1, 0.0))
    assert got.joints[2] == LIMITS.upper[2] and Limit.POSITION in got.reasons


def test_a_pose_that_is_none_is_refused():
    with pytest.raises(KinematicsError, match="finite"):
        ECM.follow(Frame((math.nan, 0.0, 0.0), IDENTITY.r), (0.0, 0.0, 0.1, 0.0))


def test_the_view_stands_in_the_tip_as_the_urdf_says():
    pytest.importorskip("xacro")
    found = RobotModel(robot_description()).fixed("ECM_tip", "endoscope_view")
    assert distance(found.p, (0.0, 0.0, 0.0)) < 1e-12 and angle_between(found.r, VIEW_IN_TIP) < 1e-9
