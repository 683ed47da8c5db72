"""Anchors and the camera: the camera arm's own epoch, and instruments that never follow an old picture."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telesurgery_nodes.core.kinematics.ecm_follow import VIEW_IN_TIP, EcmFollower
from telesurgery_nodes.core.kinematics.frames import frame_of, matrix_of, pose_of
from telesurgery_nodes.core.kinematics.limits import JointLimits
from telesurgery_nodes.core.link.anchor import AnchoredMotion, AnchorInputs, moves_of
from telesurgery_nodes.core.link.view_watch import View
from telesurgery_nodes.core.rotations import exp
from telesurgery_nodes.core.values import ArmMotion, CameraMotion, MotionCommand, Pedals, Permit, Phase, Pose

ECM = EcmFollower(JointLimits((-1.6, -1.6, 0.0, -1.6), (1.6, 1.6, 0.3, 1.6), (0.5,) * 4, (4.0,) * 4, (0.0,) * 4, (800.0,) * 4))
BASE = Pose(np.array([0.1, 0.2, 0.3]), np.eye(3))
CAMERA = pose_of(ECM.forward((0.2, -0.1, 0.1, 0.4)))
PERMIT = Permit(1, 1, 5, Phase.FOLLOWING, True, 0)
JOINTS = st.tuples(st.floats(-1.0, 1.0), st.floats(-0.7, 0.7), st.floats(0.05, 0.2), st.floats(-1.0, 1.0))
TURNS = st.tuples(*[st.floats(-0.1, 0.1)] * 3).map(np.array)


def inputs(seq, epoch=1, camera=None, x=None, view=None, permit=PERMIT, age=0.01):
    arms = {"PSM1": ArmMotion(np.array([x, 0.0, 0.0]), np.eye(3), 0.4)} if x is not None else {}
    command = MotionCommand(seq, 0.0, 0.0, epoch, 1, Pedals(True, True, False, camera is not None), True, False, True, 0.1, arms, camera)
    return AnchorInputs(9, command, {"PSM1": (BASE, age), "ECM": (CAMERA, age)}, permit, 0.01, view)


def grip(turn=(0.0, 0.0, 0.0), insertion=0.0):
    return CameraMotion(np.array(turn), insertion)


def machine():
    return AnchoredMotion(0.05, 0.1)


def still(turn=0.0):
    return View(Pose(CAMERA.position, CAMERA.rotation @ exp(np.array([0.0, turn, 0.0]))), True)


def test_the_camera_begins_where_it_stands_and_has_no_jaw():
    target = machine().update(inputs(1, camera=grip()))["ECM"]
    assert target.pose.position == pytest.approx(CAMERA.position) and target.pose.rotation == pytest.approx(CAMERA.rotation)
    assert target.jaw is None


@settings(max_examples=100, deadline=None)
@given(JOINTS, TURNS, st.floats(-0.02, 0.02))
def test_a_turn_in_the_view_turns_the_view_by_it_about_the_remote_centre_at_any_roll(joints, turn, insertion):
    motion, start = machine(), pose_of(ECM.forward(joints))
    first = dataclasses.replace(inputs(1, camera=grip()), setpoints={"ECM": (start, 0.0)})
    motion.update(first)
    target = motion.update(inputs(2, camera=grip(turn, insertion)))["ECM"].pose
    view = matrix_of(VIEW_IN_TIP)
    assert target.rotation @ view == pytest.approx(start.rotation @ view @ exp(turn), abs=1e-9)
    reached = pose_of(ECM.forward(ECM.follow(frame_of(target), joints).joints))
    assert reached.position == pytest.approx(target.position, abs=1e-9) and reached.rotation == pytest.approx(target.rotation, abs=1e-9)
    assert np.linalg.norm(target.position) == pytest.approx(np.linalg.norm(start.position) + insertion, abs=1e-9)


@pytest.mark.parametrize("late", [grip((0.3, 0.0, 0.0)), grip(insertion=0.01), grip((math.nan, 0.0, 0.0)), grip(insertion=math.nan)])
def test_a_camera_epoch_first_seen_late_never_begins(late):
    motion = machine()
    assert motion.update(inputs(1, camera=late)) == {} and motion.update(inputs(2, camera=grip())) == {}
    assert motion.given_up == {"ECM"} and motion.update(inputs(3, epoch=2, camera=grip()))


@pytest.mark.parametrize("change", [{"permit": None}, {"permit": Permit(1, 1, 5, Phase.CLUTCHED, False, 0)}, {"age": 0.2}])
def test_the_camera_needs_what_an_instrument_needs(change):
    assert machine().update(inputs(1, camera=grip(), **change)) == {}


def test_while_the_hands_hold_the_camera_nothing_else_is_moved():
    both = inputs(1, camera=grip(), x=0.0)
    assert set(moves_of(both.command)) == {"ECM"} and set(machine().update(both)) == {"ECM"}


@pytest.mark.parametrize(("pedal", "camera", "x"), [(True, None, 0.0), (False, grip(), None), (False, grip(), 0.0)])
def test_the_pedal_and_the_command_must_agree(pedal, camera, x):
    one = inputs(1, camera=camera, x=x)
    wrong = dataclasses.replace(one, command=dataclasses.replace(one.command, pedals=Pedals(True, True, False, pedal)))
    assert machine().update(wrong) == {}


def test_no_instrument_is_anchored_while_the_camera_moves_and_it_is_once_it_stands():
    motion = machine()
    assert motion.update(inputs(1, x=0.0, view=View(CAMERA, False))) == {} and motion.refused["view_moves"] == 1
    assert motion.update(inputs(2, x=0.001, view=still()))["PSM1"].pose.position[0] == pytest.approx(0.101)


@pytest.mark.parametrize("moved", [still(math.radians(0.12)), None, View(Pose(np.full(3, np.nan), np.eye(3)), False)])
def test_an_epoch_ends_when_the_camera_moves_and_the_next_one_begins_in_the_new_view(moved):
    motion = machine()
    assert motion.update(inputs(1, x=0.0, view=still())) and motion.update(inputs(2, x=0.001, view=still(math.radians(0.08))))
    assert motion.update(inputs(3, x=0.002, view=moved)) == {} and motion.given_up == {"PSM1"}
    assert motion.update(inputs(4, x=0.002, view=still())) == {}, "not even when it comes back"
    assert motion.refused["camera_moved"] == 1
    assert motion.update(inputs(5, epoch=2, x=0.0, view=still(0.3)))


def test_the_camera_epoch_itself_is_not_ended_by_the_camera():
    motion = machine()
    motion.update(inputs(1, camera=grip(), view=still()))
    assert motion.update(inputs(2, camera=grip((0.1, 0, 0)), view=View(CAMERA, False)))


def test_a_site_without_a_camera_arm_is_served():
    motion = machine()
    assert motion.update(inputs(1, x=0.0)) and motion.update(inputs(2, x=0.001))
