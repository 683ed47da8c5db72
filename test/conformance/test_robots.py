"""What every robot behind the Robot Protocol promises."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("xacro", reason="pip install xacro")

from telesurgery_nodes.core.kinematics.frames import compose, matrix_of
from telesurgery_nodes.description import board, homes, robot_description
from telesurgery_nodes.devices.protocols import ForceSensing
from telesurgery_nodes.devices.robots.kinematic import BOARD, KinematicRobot
from telesurgery_nodes.devices.robots.layout import read_layout, start_positions, tips
from telesurgery_nodes.devices.robots.mujoco import MujocoRobot
from telesurgery_nodes.errors import ConfigError, DeviceError

PERIOD = 0.004
TIGHT = 1e-4  # 0.1 mm, 0.1 mrad
TIP = 0.1135  # [m] tip to remote centre at home
HAND = 0.06  # [m/s] the fastest following


@pytest.fixture(params=["kinematic", "mujoco"])
def kind(request):
    if request.param == "mujoco":
        pytest.importorskip("mujoco", reason="pip install 'mujoco>=3.2'")
    return {"kinematic": KinematicRobot, "mujoco": MujocoRobot}[request.param]


@pytest.fixture
def robot(kind):
    made = kind(robot_description())
    yield made
    made.close()


def everything(robot):
    return np.concatenate([np.append(robot.state(arm).position, robot.state(arm).jaw) for arm in robot.joint_names])


def swing(robot, seconds=0.4):
    """PSM1 follows at 60 mm/s; returns the largest error [m] at the tip and the last set point."""
    q, worst = robot.state("PSM1").position.copy(), 0.0
    for tick in range(round(seconds / PERIOD)):
        q = q + np.array([HAND / TIP * PERIOD, 0, 0, 0, 0, 0])
        robot.servo_jp("PSM1", q)
        robot.step(PERIOD)
        if tick > 5:
            worst = max(worst, TIP * abs(robot.state("PSM1").position[0] - q[0]))
    return worst, q


def test_starts_at_home_and_stays(robot):
    robot.step(0.2)
    assert set(robot.joint_names) == {"PSM1", "PSM2", "PSM3", "ECM"}
    for arm, names in robot.joint_names.items():
        assert all(name.startswith(f"{arm}_") for name in names)
        assert np.abs(robot.state(arm).position - homes()[arm].joints).max() < TIGHT


def test_settles_at_the_set_point(robot):
    goals = {"PSM1": np.array([0.2, -0.1, 0.13, 0.5, 0.3, -0.3]), "ECM": np.array([0.05, 0.05, 0.11, 0.1])}
    for arm, goal in goals.items():
        robot.servo_jp(arm, goal)
    robot.servo_jaw("PSM1", 0.9)
    robot.step(1.0)
    for arm, goal in goals.items():
        state = robot.state(arm)
        assert np.abs(state.position - goal).max() < TIGHT and np.abs(state.velocity).max() < 1e-3
        assert state.position.shape == state.velocity.shape == state.effort.shape == goal.shape
    assert robot.state("PSM1").jaw == pytest.approx(0.9, abs=1e-3)
    assert np.abs(robot.state("PSM2").position - homes()["PSM2"].joints).max() < TIGHT


def test_tracks_a_hand_within_0_3_mm(robot):
    assert swing(robot)[0] < 3e-4


def test_brake_holds_within_0_2_mm_and_ignores_set_points(robot):
    _, q = swing(robot)
    before = robot.state("PSM1").position
    robot.brake(True)
    for _ in range(100):
        robot.servo_jp("PSM1", q + 0.2)
        robot.servo_jaw("PSM1", 1.2)
        robot.step(PERIOD)
        moved = np.abs(robot.state("PSM1").position - before)
        assert TIP * moved[0] < 2e-4 and moved[2] < 2e-4
    robot.brake(False)
    robot.step(0.2)  # letting go does not move it either
    assert TIP * abs(robot.state("PSM1").position[0] - before[0]) < 2e-4
    robot.servo_jp("PSM1", before + np.array([0.1, 0, 0, 0, 0, 0]))
    robot.step(0.5)
    assert robot.state("PSM1").position[0] == pytest.approx(before[0] + 0.1, abs=TIGHT)


@pytest.mark.parametrize("bad", [np.full(6, np.nan), np.array([0, 0, np.inf, 0, 0, 0]), np.zeros(5), np.zeros((6, 1)), np.zeros(0)])
def test_a_bad_set_point_is_refused_and_nothing_moves(robot, bad):
    robot.step(0.02)
    before = everything(robot)
    with pytest.raises(DeviceError):
        robot.servo_jp("PSM1", bad)
    with pytest.raises(DeviceError):
        robot.servo_jaw("PSM1", float("nan"))
    with pytest.raises(DeviceError):
        robot.servo_jp("PSM9", np.zeros(6))
    with pytest.raises(DeviceError):
        robot.servo_jaw("ECM", 0.0)
    robot.step(0.1)
    assert np.abs(everything(robot) - before).max() < 1e-9


@pytest.mark.parametrize("dt", [0.0, -0.001, float("nan"), float("inf")])
def test_a_time_that_is_none_is_refused(robot, dt):
    with pytest.raises(DeviceError):
        robot.step(dt)


def test_limits_are_never_exceeded_and_clamping_is_counted(robot):
    layout, where = read_layout(robot_description()).limits, slice(0, 6)
    assert robot.clamped == 0
    for sign in (1.0, -1.0):
        robot.servo_jp("PSM1", np.array([0.4 * sign, 0.3 * sign, -9.0, 9.0 * sign, 9.0 * sign, 9.0 * sign]))  # where nothing is in the way
        for _ in range(600):
            robot.step(PERIOD)
            state = robot.state("PSM1")
            assert (state.position >= layout.lower[where] - TIGHT).all() and (state.position <= layout.upper[where] + TIGHT).all()
            assert (np.abs(state.velocity) <= layout.velocity[where]).all()
    assert robot.clamped == 2


def test_same_inputs_same_motion(kind):
    def run():
        robot = kind(robot_description())
        swing(robot, 0.1)
        return np.concatenate([everything(robot), *robot.objects().values()])

    assert (run() == run()).all()


def test_one_long_step_is_many_short_ones(kind):
    ends = []
    for parts in (1, 20):
        robot = kind(robot_description())
        robot.servo_jp("PSM1", homes()["PSM1"].joints + 0.01)
        for _ in range(parts):
            robot.step(0.02 / parts)
        ends.append(everything(robot))
    assert ends[0] == pytest.approx(ends[1], abs=1e-9)


def test_objects_are_poses_and_rest(robot):
    before = robot.objects()
    robot.step(1.0)
    assert sorted(before) == [f"ring_{n}" for n in range(1, 7)]
    for name, pose in robot.objects().items():
        assert pose.shape == (7,) and np.isfinite(pose).all() and np.linalg.norm(pose[3:]) == pytest.approx(1.0)
        assert np.linalg.norm(pose[:3] - before[name][:3]) < 5e-4


def test_what_a_robot_returns_is_a_copy(robot):
    robot.state("PSM1").position[:] = 9.0
    robot.objects()["ring_1"][:] = 9.0
    assert robot.state("PSM1").position == pytest.approx(homes()["PSM1"].joints) and robot.objects()["ring_1"][0] < 1.0


def test_a_description_without_the_names_is_refused(kind):
    for text in ("not xml", "<robot name='x'/>", robot_description().replace("PSM2_tip", "PSM2_end")):
        with pytest.raises(ConfigError):
            kind(text)


def test_a_home_that_does_not_fit_is_refused():
    layout, good = read_layout(robot_description()), dict(homes())
    with pytest.raises(ConfigError, match="PSM1"):
        start_positions(layout, {**good, "PSM1": good["ECM"]})
    with pytest.raises(ConfigError, match="home of ECM"):
        start_positions(layout, {arm: home for arm, home in good.items() if arm != "ECM"})


def touch_board(robot, newton, speed=0.005, arm="PSM1", seconds=20.0):
    """Push an instrument into the board until it feels ``newton``; its measured tip end below the board [m] and the wrench."""
    tip, q = tips(robot_description(), read_layout(robot_description()))[arm], robot.state(arm).position.copy()
    robot.servo_jaw(arm, 0.0)
    for _ in range(round(seconds / PERIOD)):
        q[2] += speed * PERIOD
        robot.servo_jp(arm, q)
        robot.step(PERIOD)
        if np.linalg.norm(robot.wrench(arm).force) > newton:
            return board().middle[2] - tip.end(robot.state(arm).position)[2], robot.wrench(arm), tip, q
    raise AssertionError("never touched")


def test_free_air_exerts_nothing(robot):
    assert isinstance(robot, ForceSensing)
    swing(robot)
    for arm in ("PSM1", "PSM2", "PSM3"):
        assert np.abs(robot.wrench(arm).force).max() < 1e-9 and np.abs(robot.wrench(arm).torque).max() < 1e-9
    assert robot.wrench("ECM") is None
    with pytest.raises(DeviceError):
        robot.wrench("PSM9")


@pytest.mark.parametrize("arm", ["PSM1", "PSM2"])
def test_the_board_pushes_back_upwards_in_every_arms_own_frame(robot, arm):
    depth, wrench, tip, _ = touch_board(robot, 4.0, arm=arm)
    up = matrix_of(tip.mount.r) @ wrench.force
    assert up[2] > 0.95 * np.linalg.norm(up) and abs(depth) < 2e-3
    assert np.abs(wrench.torque).max() < 0.02 * np.linalg.norm(wrench.force), "meets the fingers no further than 20 mm from the tip"
    other = "PSM2" if arm == "PSM1" else "PSM1"
    assert np.abs(robot.wrench(other).force).max() < 1e-9


def test_deeper_is_harder_and_away_is_free(robot):
    *_, q = touch_board(robot, 2.0)
    sizes = []
    for _ in range(4):
        q[2] += 5e-5
        robot.servo_jp("PSM1", q)
        robot.step(0.1)
        sizes.append(np.linalg.norm(robot.wrench("PSM1").force))
    assert sizes == sorted(sizes) and sizes[-1] > sizes[0] + 0.5
    q[2] -= 0.01
    robot.servo_jp("PSM1", q)
    robot.step(0.5)
    assert np.abs(robot.wrench("PSM1").force).max() < 1e-3


def test_the_kinematic_robot_feels_what_its_law_says():
    robot = KinematicRobot(robot_description())
    _, _, tip, _ = touch_board(robot, 2.0)
    robot.step(0.2)
    robot.step(PERIOD)
    depth = board().middle[2] - tip.end(robot.state("PSM1").position)[2]
    assert np.linalg.norm(robot.wrench("PSM1").force) == pytest.approx(BOARD.stiffness * depth**1.5, rel=1e-3)


def test_the_end_of_a_tool_is_where_its_whole_frames_put_it():
    layout, random = read_layout(robot_description()), np.random.default_rng(2)
    for arm, tip in tips(robot_description(), layout).items():
        where = layout.arms[arm]
        for q in random.uniform(layout.limits.lower[where], layout.limits.upper[where], (50, where.stop - where.start)).tolist():
            frame = compose(tip.mount, tip.chain.forward(q))
            end = np.array(frame.p) + matrix_of(frame.r) @ [0.0, 0.0, tip.length]
            assert np.abs(np.array(tip.end(q)) - end).max() < 1e-15


def test_mujoco_wrench_is_the_felt_one_about_the_tip():
    pytest.importorskip("mujoco", reason="pip install 'mujoco>=3.2'")
    robot = MujocoRobot(robot_description())
    *_, tip, _ = touch_board(robot, 4.0)
    data, last, felt = robot._data, robot._model.body(tip.last).id, robot._touch._felt[0]
    at = data.xpos[last] + data.xmat[last].reshape(3, 3) @ np.array(tip.chain.tool.p)
    torque = felt[:3] + np.cross(data.subtree_com[robot._model.body_rootid[last]] - at, felt[3:])
    axes, wrench = matrix_of(tip.mount.r).T, robot.wrench("PSM1")
    assert np.abs(wrench.force - axes @ felt[3:]).max() < 1e-12 and np.abs(wrench.torque - axes @ torque).max() < 1e-12


def test_the_kinematic_board_pushes_by_depth_and_by_how_fast_it_grew():
    robot = KinematicRobot(robot_description())
    touch_board(robot, 2.0)
    depths = []
    for _ in range(2):
        depths.append(robot._board.depth(robot._tips["PSM1"].end(robot.state("PSM1").position.tolist())))
        force = float(np.linalg.norm(robot.wrench("PSM1").force))
        robot.step(PERIOD)
    assert force == pytest.approx(BOARD.force(depths[1], (depths[1] - depths[0]) / PERIOD), abs=1e-12)
