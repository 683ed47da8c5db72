"""Timelines of the patient side's clutch: what is a target and what is not."""

import dataclasses
import math

import numpy as np
import pytest
from transforms3d.euler import euler2mat

from telesurgery_nodes.core.link.anchor import AnchoredMotion, AnchorInputs
from telesurgery_nodes.core.values import ArmMotion, MotionCommand, Pedals, Permit, Phase, Pose

BASE = Pose(np.array([0.1, 0.2, 0.3]), euler2mat(0.1, 0.2, 0.3))
TURN = euler2mat(0.05, 0.0, 0.0)


def command(seq, x=0.0, epoch=1, follow=True, rotation=None, arms=("PSM1",)):
    rotation = np.eye(3) if rotation is None else rotation
    moves = {arm: ArmMotion(np.array([x, 0.0, 0.0]), rotation, 0.4) for arm in arms}
    return MotionCommand(seq, 0.0, 0.0, epoch, 1, Pedals(True, True), follow, False, True, 0.1, moves)


def inputs(seq, x=0.0, phase=Phase.FOLLOWING, motion=True, motion_epoch=5, permit_age=0.01, base=BASE, age=0.01, session=9, **more):
    permit = Permit(1, 1, motion_epoch, phase, motion, 0)
    return AnchorInputs(session, command(seq, x, **more), {"PSM1": (base, age)} if base else {}, permit, permit_age)


def machine():
    return AnchoredMotion(0.05, 0.1)


def test_target_is_the_anchor_plus_the_displacement_even_when_the_arm_has_moved():
    motion, moved = machine(), Pose(BASE.position + 1.0, np.eye(3))
    motion.update(inputs(1))
    target = motion.update(inputs(2, 0.01, base=moved, rotation=TURN))["PSM1"]
    np.testing.assert_allclose(target.pose.position, BASE.position + np.array([0.01, 0, 0]))
    np.testing.assert_allclose(target.pose.rotation, TURN @ BASE.rotation)
    assert target.jaw == 0.4


def test_anchored_while_holding_and_served_once_permitted():
    motion = machine()
    assert motion.update(inputs(1, phase=Phase.HOLDING, motion=False)) == {}
    moved = Pose(BASE.position + 1.0, np.eye(3))
    assert motion.update(inputs(2, 0.001, base=moved))["PSM1"].pose.position[0] == pytest.approx(0.101)


def test_the_same_or_an_older_command_gives_nothing():
    motion = machine()
    assert motion.update(inputs(5)) and not motion.update(inputs(5)) and not motion.update(inputs(4)) and motion.update(inputs(6))
    assert motion.refused["not_new"] == 2


@pytest.mark.parametrize(
    "change",
    [{"follow": False}, {"arms": ()}, {"phase": Phase.COAST_HOLD}, {"motion": False}, {"permit_age": 0.2}, {"permit_age": math.nan}],
)
def test_not_permitted_is_no_target(change):
    motion = machine()
    motion.update(inputs(1))
    assert motion.update(inputs(2, **change)) == {} and motion.update(inputs(3))


def test_no_permit_ever_is_no_target():
    assert machine().update(dataclasses.replace(inputs(1), permit=None)) == {}


@pytest.mark.parametrize("change", [{"base": None}, {"age": 0.06}, {"age": math.nan}])
def test_no_fresh_set_point_is_no_anchor_until_there_is_one(change):
    motion = machine()
    assert motion.update(inputs(1, **change)) == {} and motion.refused["setpoint_old"] == 1
    assert motion.update(inputs(2, 0.001))


@pytest.mark.parametrize("late", [{"x": 0.006}, {"x": math.nan}, {"rotation": euler2mat(0.2, 0, 0)}])
def test_an_epoch_first_seen_late_never_begins(late):
    motion = machine()
    assert motion.update(inputs(1, **late)) == {} and motion.update(inputs(2)) == {} and motion.refused["late_anchor"] == 1
    assert motion.update(inputs(3, epoch=2))


def test_an_epoch_serves_one_motion_epoch():
    motion = machine()
    assert motion.update(inputs(1)) and not motion.update(inputs(2, motion_epoch=6))
    assert motion.update(inputs(3, motion_epoch=6, epoch=2)) and motion.refused["foreign_motion_epoch"] == 1


def test_a_new_session_counts_anew_and_anchors_anew():
    motion, moved = machine(), Pose(BASE.position + 1.0, np.eye(3))
    motion.update(inputs(50))
    assert motion.update(inputs(1, session=10, base=moved))["PSM1"].pose.position[0] == pytest.approx(1.1)
