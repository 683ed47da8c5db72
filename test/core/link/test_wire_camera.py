"""The camera record: it comes back, and nothing that is none does."""

import dataclasses
import math
import struct

import numpy as np
import pytest

from telesurgery_nodes.core.link import wire
from telesurgery_nodes.core.link.wire_camera import CAMERA, CAMERA_BIT
from telesurgery_nodes.core.values import ArmMotion, CameraMotion, MotionCommand, Pedals
from telesurgery_nodes.errors import LocalLinkError, RemoteLinkError

MOTION = CameraMotion(np.array([0.1, -0.2, 0.3]), -0.01)
ARM = ArmMotion(np.zeros(3), np.eye(3), 0.4)
PLAIN = MotionCommand(1, 10.5, 10.25, 7, 3, Pedals(True, True, False, True), True, False, True, 0.14, {}, MOTION)


@pytest.mark.parametrize("arms", [{}, {"PSM3": ARM}])
def test_it_comes_back_in_every_record(arms):
    encoder = wire.CommandEncoder()
    encoder.encode(dataclasses.replace(PLAIN, seq=1, arms=arms))
    got = wire.decode_commands(encoder.encode(dataclasses.replace(PLAIN, seq=2, arms=arms)))
    for one in got:
        assert one.camera.turn == pytest.approx(MOTION.turn, abs=1e-7) and one.camera.insertion == pytest.approx(-0.01)
        assert set(one.arms) == set(arms)
    without = wire.decode_newest(wire.CommandEncoder().encode(dataclasses.replace(PLAIN, camera=None)))
    assert without.camera is None


@pytest.mark.parametrize("wrong", [(math.nan, 0, 0, 0), (0, 0, 0, math.inf), (4.0, 0, 0, 0)])
def test_what_is_no_camera_motion_is_refused_at_arrival(wrong):
    payload = wire.CommandEncoder().encode(PLAIN)
    with pytest.raises(RemoteLinkError, match="camera"):
        wire.decode_newest(payload[: -CAMERA.size] + struct.pack(">4f", *wrong))
    with pytest.raises(RemoteLinkError):
        wire.decode_newest(payload[:-1])


def test_what_is_not_finite_does_not_leave():
    for turn, insertion in ((np.array([0.0, math.nan, 0.0]), 0.0), (np.zeros(3), math.inf), (np.zeros(3), 1e60)):
        with pytest.raises(LocalLinkError, match="camera"):
            wire.CommandEncoder().encode(dataclasses.replace(PLAIN, camera=CameraMotion(turn, insertion)))


def test_bits_beyond_the_camera_are_still_refused():
    payload = bytearray(wire.CommandEncoder().encode(dataclasses.replace(PLAIN, camera=None)))
    payload[-2] = CAMERA_BIT << 1  # the mask; behind it the mode of feedback
    with pytest.raises(RemoteLinkError, match="mask"):
        wire.decode_newest(bytes(payload))
