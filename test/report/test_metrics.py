"""Numbers on paths whose answer is known."""

import numpy as np
import pytest

from telesurgery_nodes.report import summary
from telesurgery_nodes.report.metrics import (
    BRAKE_TIME,
    MOVED_LENGTH,
    continuous,
    joint_limits,
    leave_times,
    ledger_difference,
    moved_without_leave,
    path_error,
    rate,
    rotation_angle_deg,
    segments,
    spread,
    steady_rate,
    stop_time,
)
from telesurgery_nodes.report.text import refused_words
from telesurgery_nodes.tapes import Tape

T = np.arange(0.0, 10.0, 0.004)


def about_z(angle):
    return np.stack([np.cos(angle / 2), 0 * angle, 0 * angle, np.sin(angle / 2)], axis=1)


def path(t, shift=0.0):
    position = np.stack([0.03 * np.sin(2.0 * t), 0.02 * np.cos(1.3 * t) + shift, 0.01 * np.sin(3.1 * t)], axis=1)
    return np.concatenate([position, about_z(0.5 * np.sin(t))], axis=1)


def test_a_pure_delay_leaves_no_error():
    error = path_error(T, path(T), path(T - 0.0375), np.ones(len(T), bool))
    assert error.delay == pytest.approx(0.0375, abs=0.0006)
    assert error.rms_m < 1e-5
    assert error.rms_deg < 0.02


def test_a_shift_is_not_taken_for_delay():
    error = path_error(T, path(T), path(T, shift=0.0007), np.ones(len(T), bool))
    assert error.rms_m == pytest.approx(0.0007, rel=0.05)


def test_a_rotation_error_is_seen():
    got = path(T)
    got[:, 3:] = about_z(0.5 * np.sin(T) + np.deg2rad(2.0))
    assert path_error(T, path(T), got, np.ones(len(T), bool)).rms_deg == pytest.approx(2.0, abs=0.01)


def test_flipped_quaternion_signs_are_the_same_rotation():
    got = path(T)
    got[1000:1500, 3:] *= -1.0
    assert path_error(T, path(T), got, np.ones(len(T), bool)).max_deg < 0.05


def test_only_following_counts():
    got, following = path(T), np.ones(len(T), bool)
    got[1000:1300] += 1.0
    following[950:1350] = False
    assert path_error(T, path(T), got, following).rms_m < 1e-6


def test_nothing_to_compare():
    assert path_error(T, path(T) * np.nan, path(T), np.ones(len(T), bool)) is None
    assert path_error(T, path(T), path(T), np.zeros(len(T), bool)) is None


def test_segments():
    assert segments(np.array([1, 1, 0, 0, 1], bool)) == [(0, 2), (4, 5)]
    assert segments(np.zeros(3, bool)) == []


def test_small_angles_are_exact():
    assert rotation_angle_deg(about_z(np.array([0.3])), about_z(np.array([0.3 + 1e-7])))[0] == pytest.approx(np.rad2deg(1e-7), rel=1e-3)


def test_continuous_has_no_flips():
    quaternions = about_z(np.linspace(0, 3, 50))
    broken = quaternions.copy()
    broken[10:20] *= -1.0
    assert np.allclose(continuous(broken), quaternions)


LIMITS = np.array([0.001])


def test_motion_under_leave_is_allowed():
    joints = np.where((T > 2.0) & (T < 5.0), T, np.where(T >= 5.0, 5.0, 2.0))[:, None]
    assert moved_without_leave(T, joints, LIMITS, [(1.9, 5.0)]) is None


def test_motion_within_the_brake_time_is_allowed_and_after_it_not():
    def ramp_until(end):
        return np.clip(T, 2.0, end)[:, None]

    assert moved_without_leave(T, ramp_until(5.0 + BRAKE_TIME - 0.02), LIMITS, [(1.9, 5.0)]) is None
    when, joint = moved_without_leave(T, ramp_until(5.0 + BRAKE_TIME + 0.02), LIMITS, [(1.9, 5.0)])
    assert joint == 0
    assert 5.0 + BRAKE_TIME < when < 5.0 + BRAKE_TIME + 0.03


def test_slow_creep_is_motion():
    assert moved_without_leave(T, (T * 0.0005)[:, None], LIMITS, []) is not None


def test_rest_is_rest():
    assert moved_without_leave(T, np.zeros((len(T), 1)), LIMITS, []) is None


def test_leave_lasts_until_the_next_row():
    assert leave_times(np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 1.0, 1.0, 0.0]), valid=0.06) == [(1.0, 3.06)]
    assert leave_times(np.array([0.0, 1.0]), np.array([0.0, 1.0])) == [(1.0, np.inf)]


def test_stop_time():
    joints = np.clip(T, 0.0, 4.2)[:, None]
    assert stop_time(T, joints, np.array([0.001]), 4.0) == pytest.approx(0.2, abs=0.005)
    assert stop_time(T, joints, np.array([0.001]), 5.0) == 0.0


def test_moving_again_later_counts_as_not_stopped():
    joints = np.clip(T, 0.0, 4.2)[:, None] + np.where(T > 8.0, 0.01, 0.0)[:, None]
    assert stop_time(T, joints, np.array([0.001]), 4.0) > 3.9


def test_insertion_is_a_length():
    limits = joint_limits(["PSM1_yaw", "PSM1_insertion"])
    assert limits[1] == MOVED_LENGTH
    assert limits[0] == pytest.approx(np.deg2rad(0.1))


def test_spread_and_rate():
    assert spread(np.array([np.nan])) is None
    assert spread(np.array([1.0, 2.0, np.nan, 3.0]))["p50"] == 2.0
    assert rate(T) == pytest.approx(250.0)
    assert rate(T[:1]) is None


def test_ledger_difference():
    assert ledger_difference(np.array([0.2, np.nan]), np.array([[0.1, 0.097], [1.0, 1.0]])) == pytest.approx([0.003])


def test_a_steady_rate_leaves_pauses_out():
    t = np.concatenate([np.arange(100) * 0.004, 10.0 + np.arange(100) * 0.004])
    assert steady_rate(t, 0.35) == pytest.approx(250.0)
    assert steady_rate(t[:1], 0.35) is None


def test_what_the_gate_refused_is_named_with_the_strongest_force():
    columns = ("t", "force_x", "force_y", "force_z", "refused_rate", "refused_force", "refused_held_by_force")
    first, last = [0.0, np.nan, np.nan, np.nan, 0.0, 0.0, 0.0], [2.0, 1.0, 0.0, 0.0, 0.0, 2.0, 9.0]
    rows = np.array([first, [1.0, 3.0, 0.0, 4.0, 0.0, 2.0, 7.0], last])
    tapes = {"arm_control.arm_PSM1": Tape(columns, rows), "empty": Tape(("t",), rows[:, :1])}
    assert summary.strongest(tapes, "arm_control.arm_PSM1") == 5.0 and summary.strongest(tapes, "empty") is None
    found = summary.refused(tapes, "arm_control.arm_PSM1")
    assert found == {"force": 2, "held_by_force": 9}
    assert refused_words(found) == "2 force, 9 held by force" and refused_words({}) == "none" and refused_words(None) == "not measured"
    assert summary.refused(tapes, "empty") is None and summary.refused(tapes, "none") is None
