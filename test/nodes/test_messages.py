"""Conversions keep what they carry, and refuse what is not a value."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("rclpy", reason="rclpy comes from the wheels or a ROS 2 installation")

from telesurgery_nodes.core.kinematics.frames import IDENTITY, frame_of
from telesurgery_nodes.core.rotations import rotation_from_quaternion
from telesurgery_nodes.core.values import ArmReport, Pedals, Permit, Phase, Pose, RemoteReport
from telesurgery_nodes.errors import KinematicsError, SafetyError
from telesurgery_nodes.ros import messages as m

finite = st.floats(-10, 10)
ages = st.one_of(st.just(math.inf), st.floats(0, 1e4))
words = st.integers(0, 2**63)


@given(st.tuples(finite, finite, finite), st.tuples(finite, finite, finite, finite))
def test_pose_round_trip(position, raw):
    norm = math.sqrt(sum(x * x for x in raw))
    if norm < 1e-3:
        return
    rotation = rotation_from_quaternion(*(x / norm for x in raw))
    back = m.pose_from_msg(m.pose_msg(frame_of(Pose(np.array(position), rotation)), m.stamp_from(1.5), "f"))
    assert back.position.tolist() == list(position)
    assert np.allclose(back.rotation, rotation, atol=1e-12)


@pytest.mark.parametrize("field", ["x", "y", "z"])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_pose_refuses_non_finite(field, bad):
    msg = m.pose_msg(IDENTITY, m.stamp_from(0.0), "f")
    setattr(msg.pose.position, field, bad)
    with pytest.raises(KinematicsError):
        m.pose_from_msg(msg)


@pytest.mark.parametrize("w", [0.0, 2.0, math.nan])
def test_pose_refuses_a_quaternion_that_is_not_unit(w):
    msg = m.pose_msg(IDENTITY, m.stamp_from(0.0), "f")
    msg.pose.orientation.w = w
    with pytest.raises(KinematicsError):
        m.pose_from_msg(msg)


@given(words, words, words, st.sampled_from(Phase), st.booleans(), st.integers(0, 100))
def test_permit_round_trip(boot, seq, epoch, phase, motion, cause):
    permit = Permit(boot, seq, epoch, phase, motion, cause)
    assert m.permit_from_msg(m.permit_to_msg(permit)) == permit


@pytest.mark.parametrize("change", [(3, 99), (4, 2)])
def test_permit_refuses_unknown_words(change):
    msg = m.permit_to_msg(Permit(1, 2, 3, Phase.FOLLOWING, True, 0))
    msg.data[change[0]] = change[1]
    with pytest.raises(SafetyError):
        m.permit_from_msg(msg)


def test_short_words_are_refused():
    msg = m.permit_to_msg(Permit(1, 2, 3, Phase.FOLLOWING, True, 0))
    msg.data = msg.data[:-2]
    for read in (m.permit_from_msg, m.remote_from_msg, m.arm_from_msg):
        with pytest.raises(SafetyError):
            read(msg)


@given(words, st.tuples(*[st.booleans()] * 8), ages, ages, ages, ages, st.integers(0, 2**32 - 1))
def test_remote_round_trip(seq, flags, command, picture, video, trip, stops):
    report = RemoteReport(1, seq, 2, 3, 4, Pedals(*flags[:4]), *flags[4:7], command, picture, video, trip, 2, 3, 1, flags[7], stops)
    back = m.remote_from_msg(m.remote_to_msg(report))
    assert back.pedals == report.pedals and (back.follow, back.aligning, back.hands_fresh, back.stop) == flags[4:]
    assert (back.paths_up, back.paths, back.paths_ready) == (2, 3, 1)
    assert back.stop_count == stops == m.remote_stops(m.remote_to_msg(report))
    for name in ("command_age", "picture_age", "video_age", "round_trip"):
        assert getattr(back, name) == pytest.approx(getattr(report, name), abs=1e-6)


@pytest.mark.parametrize("age", [math.nan, -1.0, math.inf])
def test_an_age_that_is_none_reads_as_never(age):
    report = ArmReport(1, 2, True, age, True, False, 0)
    assert m.arm_from_msg(m.arm_to_msg(report)).robot_age == math.inf


def test_an_image_carries_every_pixel():
    picture = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    msg = m.image_msg(picture[:, ::-1], m.stamp_from(2.0), "eye")
    assert bytes(msg.data) == picture[:, ::-1].tobytes()
    assert (msg.height, msg.width, msg.step, msg.encoding, msg.header.frame_id) == (4, 6, 18, "rgb8", "eye")


@given(st.floats(0, 2e9))
def test_stamp_round_trip(value):
    assert m.seconds(m.stamp_from(value)) == pytest.approx(value, abs=1e-6)


def test_pedal_that_says_nothing_is_not_pressed():
    from sensor_msgs.msg import Joy

    assert not m.joy_pressed(Joy()) and not m.joy_pressed(Joy(buttons=[2])) and m.joy_pressed(m.joy_msg(True, m.stamp_from(0.0)))
