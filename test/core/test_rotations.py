"""Laws of the rotation helpers."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transforms3d.euler import euler2mat
from transforms3d.quaternions import mat2quat

from telesurgery_nodes.core import rotations
from telesurgery_nodes.core.rotations import (
    angle,
    exp,
    is_rotation,
    log,
    orthonormal,
    quaternion_from_rotation,
    rotation_from_quaternion,
    towards,
    twist,
)
from telesurgery_nodes.errors import KinematicsError

AXES = st.tuples(*[st.floats(-1.0, 1.0)] * 3).map(np.array).filter(lambda v: np.linalg.norm(v) > 0.1)
VECTORS = st.builds(lambda axis, turn: axis / np.linalg.norm(axis) * turn, AXES, st.floats(0.0, math.pi - 1e-3))


@settings(max_examples=80, deadline=None)
@given(VECTORS)
def test_log_undoes_exp(vector):
    matrix = exp(vector)
    assert is_rotation(matrix, 1e-9)
    assert log(matrix) == pytest.approx(vector, abs=1e-6)
    assert angle(matrix) == pytest.approx(np.linalg.norm(vector), abs=1e-7)


@settings(max_examples=50, deadline=None)
@given(VECTORS, VECTORS, st.floats(0.0, 4.0))
def test_towards_turns_by_the_step_and_never_past_the_goal(start, end, step):
    current, goal = exp(start), exp(end)
    gap = angle(goal @ current.T)
    result = towards(current, goal, step)
    assert angle(result @ current.T) == pytest.approx(min(step, gap), abs=1e-6)
    assert angle(goal @ result.T) == pytest.approx(max(0.0, gap - step), abs=1e-6)


@pytest.mark.parametrize("axis", [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.6, -0.8, 0.0), (0.0, -0.6, 0.8)])
@pytest.mark.parametrize("turn", [math.pi, math.pi - 1e-9])
def test_a_half_turn_has_an_axis(axis, turn):
    matrix = exp(np.array(axis) * turn)
    assert exp(log(matrix)) == pytest.approx(matrix, abs=1e-6)
    assert np.linalg.norm(log(matrix)) == pytest.approx(math.pi, abs=1e-6)


def test_a_trace_that_rounds_above_three_is_angle_zero():
    assert angle(np.eye(3) * (1.0 + 1e-15)) == 0.0
    assert log(np.eye(3)) == pytest.approx(np.zeros(3))


def test_twist_sees_only_the_roll():
    assert twist(exp(np.array([0.0, 0.0, 0.3]))) == pytest.approx(0.3)
    assert twist(exp(np.array([0.4, 0.0, 0.0]))) == pytest.approx(0.0)


@pytest.mark.parametrize("angles", [(0, 0, 0), (3.1, 0, 0), (0, 3.1, 0), (0, 0, 3.1), (0.1, 0.2, 0.3), (math.pi, 0, 0), (2, -1.5, 3)])
def test_quaternions_agree_with_transforms3d_and_come_back(angles):
    rotation = euler2mat(*angles)
    ours, theirs = np.array(quaternion_from_rotation(rotation)), mat2quat(rotation)
    assert abs(ours @ theirs) == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(rotation_from_quaternion(*ours), rotation, atol=1e-12)


def test_a_quaternion_of_a_rounded_rotation_is_unit_all_the_same():
    rounded = np.round(euler2mat(0.3, -1.1, 2.9), 3)
    assert is_rotation(rounded, 2e-3)
    assert np.linalg.norm(quaternion_from_rotation(rounded)) == pytest.approx(1.0, abs=1e-15)


@pytest.mark.parametrize("wrong", [(0, 0, 0, 0), (1, 1, 0, 0), (math.nan, 0, 0, 1), (math.inf, 0, 0, 0)])
def test_a_quaternion_that_is_not_unit_is_refused(wrong):
    with pytest.raises(KinematicsError, match="unit quaternion"):
        rotation_from_quaternion(*wrong)


@pytest.mark.parametrize("bad", [np.eye(2), np.full((3, 3), np.nan), np.diag([1.0, 1.0, -1.0]), np.eye(3) * 1.01, np.zeros((3, 3))])
def test_what_is_no_rotation(bad):
    assert not is_rotation(bad)


def test_orthonormal_gives_the_nearest_proper_rotation():
    rotation = exp(np.array([0.3, -0.2, 0.9]))
    assert orthonormal(rotation + 1e-4) == pytest.approx(rotation, abs=3e-4)
    assert is_rotation(orthonormal(np.diag([1.0, 1.0, -0.5])), 1e-12)


@settings(max_examples=200, deadline=None)
@given(VECTORS, st.lists(st.floats(-1.0, 1.0), min_size=9, max_size=9), st.sampled_from([0.0, 1e-9, 1e-5, 1e-3, 4e-3, 0.1]))
def test_orthonormal_is_the_nearest_however_far_off(turn, error, size):
    matrix = exp(turn) + size * np.reshape(error, (3, 3))
    left, _, right = np.linalg.svd(matrix)
    nearest = left @ np.diag([1.0, 1.0, np.linalg.det(left @ right)]) @ right
    assert np.abs(orthonormal(matrix) - nearest).max() < 1e-14


def test_orthonormal_turns_a_mirror_into_a_rotation():
    assert is_rotation(orthonormal(np.diag([1.0, 1.0, -1.0])), 1e-12)


@given(st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=3))
def test_length_is_the_norm(vector):
    assert rotations.length(np.array(vector)) == pytest.approx(np.linalg.norm(vector), rel=1e-14, abs=1e-300)


@pytest.mark.parametrize("place", [(row, column) for row in range(3) for column in range(3)])
def test_every_row_is_looked_at_and_every_two(place):
    for error, good in ((0.9e-3, True), (1.1e-3, False)):
        matrix = np.eye(3)
        matrix[place] += error / 2.0 if place[0] == place[1] else error  # twice in a square
        assert rotations.is_rotation(matrix) is good


@pytest.mark.parametrize("row", range(3))
def test_a_mirror_is_no_rotation(row):
    mirror = np.eye(3)
    mirror[row, row] = -1.0
    assert not rotations.is_rotation(mirror)
