"""The camera from both hands: the scene goes where the hands pull it, and the pedal only ever holds the instruments."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from teleop_bench import REST, Bench, hands_at

from telesurgery_nodes.core.rotations import exp, log
from telesurgery_nodes.core.teleop.camera import CAMERA_SCALE, FORCE_MAX, CameraGrip, can_hold
from telesurgery_nodes.core.teleop.table import State
from telesurgery_nodes.core.values import Phase, Pose
from telesurgery_nodes.errors import ConfigError

MOVES = st.tuples(*[st.floats(-0.05, 0.05)] * 3).map(np.array)


def poses(left=(0.0, 0.0, 0.0), right=(0.0, 0.0, 0.0)):
    return {"MTML": Pose(REST["MTML"] + np.array(left), np.eye(3)), "MTMR": Pose(REST["MTMR"] + np.array(right), np.eye(3))}


def turned(rotation):
    return {m: Pose(rotation @ p, np.eye(3)) for m, p in REST.items()}


@settings(max_examples=60, deadline=None)
@given(MOVES, MOVES, st.tuples(*[st.floats(-0.3, 0.3)] * 3).map(np.array))
def test_a_grip_begins_with_exactly_nothing_and_hands_that_turn_together_turn_the_scene_with_them(left, right, turn):
    start = poses(left, right)
    grip = CameraGrip(start)
    motion = grip.motion(start)
    assert not motion.turn.any() and motion.insertion == 0.0
    about_the_eye = {m: Pose(exp(turn) @ pose.position, pose.rotation) for m, pose in start.items()}
    moved = grip.motion(about_the_eye)
    assert moved.turn == pytest.approx(-turn, abs=1e-9) and moved.insertion == pytest.approx(0.0, abs=1e-12)
    # A point of the scene, seen from a camera that has turned by moved.turn, has turned with the hands.
    assert exp(moved.turn).T @ np.array([0.0, 0.0, 0.1]) == pytest.approx(exp(turn) @ np.array([0.0, 0.0, 0.1]), abs=1e-9)


@pytest.mark.parametrize(
    ("left", "right", "axis", "sign"),
    [
        ((0.03, 0, 0), (0.03, 0, 0), 1, -1),  # hands left (x): the scene turns about +y, the camera about -y
        ((0, 0.03, 0), (0, 0.03, 0), 0, 1),  # hands up: the scene turns about -x, the camera about +x
        ((0, 0.03, 0), (0, -0.03, 0), 2, -1),  # left hand up, right hand down: the scene turns about +z, the camera about -z
    ],
)
def test_pan_tilt_and_roll_one_by_one(left, right, axis, sign):
    motion = CameraGrip(poses()).motion(poses(left, right))
    assert np.argmax(np.abs(motion.turn)) == axis and motion.turn[axis] * sign > 0.02


def test_pulling_both_hands_near_brings_the_scene_near():
    near = {m: Pose(0.9 * p, np.eye(3)) for m, p in REST.items()}
    motion = CameraGrip(turned(np.eye(3))).motion(near)
    middle = np.linalg.norm(0.5 * (REST["MTML"] + REST["MTMR"]))
    assert motion.insertion == pytest.approx(CAMERA_SCALE * 0.1 * middle) and not np.abs(motion.turn).max() > 1e-12


@settings(max_examples=60, deadline=None)
@given(MOVES, MOVES)
def test_the_spring_is_opposite_equal_and_bounded_and_rests_where_it_began(left, right):
    grip = CameraGrip(poses())
    assert all(np.allclose(force, 0.0, atol=1e-9) for force in grip.forces(poses()).values())
    forces = grip.forces(poses(left, right))
    assert forces["MTML"] == pytest.approx(-forces["MTMR"], abs=1e-9)
    assert all(np.linalg.norm(force) <= FORCE_MAX * 1.0000001 for force in forces.values())


def test_hands_drawn_apart_are_pulled_together():
    forces = CameraGrip(poses()).forces(poses((0.01, 0, 0), (-0.01, 0, 0)))
    assert forces["MTML"][0] < -1.0 and forces["MTMR"][0] > 1.0


@pytest.mark.parametrize(
    "hands",
    [
        {"MTML": Pose(REST["MTML"], np.eye(3))},
        poses((0.5, 0, 0)),
        poses((0, 0, -0.3), (0, 0, -0.3)),
        poses((-0.1, 0, 0), (0.099, 0, 0)),
    ],
)
def test_hands_that_cannot_hold_the_picture_are_refused(hands):
    assert not can_hold(hands)
    with pytest.raises(ConfigError, match="both hands"):
        CameraGrip(hands)


def test_the_pedal_takes_the_instruments_off_the_hands_and_gives_them_back_aligned_in_a_new_epoch():
    bench = Bench().following()
    before = bench.out.epoch
    held = bench.go(camera=True)
    assert (held.state, held.follow, dict(held.arms), held.epoch) == (State.CAMERA, True, {}, before + 1)
    assert not held.camera.turn.any() and set(held.align_goals) == {"MTML", "MTMR"}
    moved = bench.go(5, hands=hands_at((0.03, 0.0, 0.0)))
    assert moved.camera.turn[1] < -0.05 and not moved.arms and moved.epoch == before + 1
    waiting = bench.go(2, camera=False, hands=hands_at((0.03, 0.0, 0.0), tilt=3.0))
    assert (waiting.state, waiting.camera, dict(waiting.arms)) == (State.CLUTCHED, None, {})
    back = bench.go(hands=hands_at((0.03, 0.0, 0.0), tilt=1.0))
    assert (back.state, back.epoch, back.press_count) == (State.FOLLOWING, before + 2, 1)
    assert not any(motion.displacement.any() for motion in back.arms.values())


def test_a_clutch_during_camera_control_lets_the_hands_go_and_the_grip_begins_anew():
    bench = Bench().following()
    bench.go(camera=True)
    bench.go(hands=hands_at((0.03, 0.0, 0.0)))
    assert bench.go(clutch=True).state is State.CLUTCHED and bench.out.camera is None
    bench.go(hands=hands_at((-0.03, 0.0, 0.0)))
    again = bench.go(clutch=False)
    assert again.state is State.CAMERA and not again.camera.turn.any()


def test_hands_out_of_the_area_hold_everything_until_they_are_back():
    bench = Bench().following()
    bench.go(camera=True)
    out = bench.go(hands=hands_at((0.0, 0.0, 0.6)))
    assert (out.state, out.camera, dict(out.arms)) == (State.CLUTCHED, None, {}) and "work area" in out.reason
    assert bench.go(hands=hands_at()).state is State.CAMERA


@pytest.mark.parametrize("change", [{"engage": False}, {"head": False}, {"hands_fresh": False}, {"phase": Phase.PAUSED}])
def test_whatever_ends_following_ends_camera_control(change):
    bench = Bench().following()
    bench.go(camera=True)
    out = bench.go(**change)
    assert (out.state, out.camera, out.follow) == (State.DISABLED, None, False)


def test_the_camera_pedal_alone_moves_nothing():
    bench = Bench().ready()
    assert bench.go(20, camera=True).camera is None and bench.out.state is State.READY


def test_the_turn_is_small_and_never_wraps_within_the_area():
    grip = CameraGrip(poses())
    for turn in np.linspace(-0.6, 0.6, 13):
        rotation = exp(np.array([0.0, 0.0, turn]))
        if can_hold(turned(rotation)):
            assert np.linalg.norm(grip.motion(turned(rotation)).turn - (-log(rotation))) < 1e-9
    assert math.isfinite(float(grip.motion(poses((0.1, 0.1, 0.1))).insertion))
