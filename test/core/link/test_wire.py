"""Layouts: what goes in comes out, and nothing malformed raises anything but RemoteLinkError."""

import dataclasses
import math
import random
import struct

import numpy as np
import pytest
from transforms3d.euler import euler2mat

from telesurgery_nodes.core.link import wire
from telesurgery_nodes.core.link.sticky import Sticky
from telesurgery_nodes.core.values import (
    ArmMotion,
    FeedbackMode,
    MotionCommand,
    Pedals,
    Phase,
    PortSays,
    Pose,
    RobotState,
    ToolState,
    Touch,
)
from telesurgery_nodes.errors import LocalLinkError, RemoteLinkError


def arm(angle=0.3):
    return ArmMotion(np.array([0.01, -0.02, 0.03]), euler2mat(angle, -0.2, 2.9), 0.5)


def command(seq=1, arms=("PSM1", "PSM2")):
    moves = {name: arm(0.1 * seq) for name in arms}
    return MotionCommand(seq, 10.5, 10.25, 7, 3, Pedals(True, True, False, True), True, False, True, 0.14, moves)


def state():
    tools = {"PSM1": ToolState(Pose(np.array([0.1, 0.2, 0.3]), euler2mat(1, 2, 3)), 0.25, 0.001)}
    held = {"unpack": 0.001, "robot": 0.002}
    return RobotState(9, 4.5, 8, held, Phase.FOLLOWING, 17, 6, tools)


def beat():
    return wire.Heartbeat(1, 2, 3, (4, 5), 1.0, 0.5, 0.75, (0, 1, 2, 3, 4, 5), Sticky(True, False, True, 7, 8, 6))


@pytest.mark.parametrize("wrong", [np.full((3, 3), np.nan), np.diag([1.0, 1.0, -1.0]), 2 * np.eye(3), np.diag([2.0, 0.5, 1.0])])
def test_a_matrix_that_is_no_rotation_does_not_leave(wrong):
    sent = dataclasses.replace(command(), arms={"PSM1": dataclasses.replace(arm(), rotation=wrong)})
    with pytest.raises(LocalLinkError, match="proper rotation"):
        wire.CommandEncoder().encode(sent)


@pytest.mark.parametrize("wrong", [(0, 0, 0, 0), (1, 1, 0, 0), (1.01, 0, 0, 0)])
def test_a_quaternion_that_is_not_unit_is_refused(wrong):
    payload = wire.CommandEncoder().encode(command(arms=("PSM1",)))
    place = len(payload) - wire.ARM.size + 12  # behind the displacement
    with pytest.raises(RemoteLinkError, match="unit quaternion"):
        wire.decode_newest(payload[:place] + struct.pack(">4f", *wrong) + payload[place + 16 :])


@pytest.mark.parametrize("arms", [(), ("PSM2",), ("PSM1", "PSM2"), ("PSM1", "PSM2", "PSM3")])
def test_command_comes_back(arms):
    sent = command(arms=arms)
    got = wire.decode_newest(wire.CommandEncoder().encode(sent))
    plain = [field.name for field in dataclasses.fields(sent) if field.name not in ("arms", "picture_age")]
    assert [getattr(got, name) for name in plain] == [getattr(sent, name) for name in plain]
    assert got.picture_age == pytest.approx(0.14) and set(got.arms) == set(arms)
    for name in arms:
        np.testing.assert_allclose(got.arms[name].displacement, sent.arms[name].displacement, atol=1e-8)
        np.testing.assert_allclose(got.arms[name].rotation, sent.arms[name].rotation, atol=1e-6)


def test_no_picture_travels_as_infinity():
    sent = dataclasses.replace(command(), picture_age=math.inf)
    assert wire.decode_newest(wire.CommandEncoder().encode(sent)).picture_age == math.inf


def test_history_carries_the_last_three_newest_first_within_a_datagram():
    encoder = wire.CommandEncoder()
    payloads = [encoder.encode(command(seq, ("PSM1", "PSM2", "PSM3"))) for seq in range(1, 7)]
    got = [[one.seq for one in wire.decode_commands(payload)] for payload in payloads]
    assert got == [[1], [2, 1], [3, 2, 1], [4, 3, 2, 1], [5, 4, 3, 2], [6, 5, 4, 3]]
    assert max(map(len, payloads)) <= wire.VIDEO_ROOM


def test_state_comes_back():
    got = wire.decode_state(wire.encode_state(state()))
    assert (got.seq, got.stamp, got.echo_seq, got.phase, got.cause, got.motion_epoch) == (9, 4.5, 8, Phase.FOLLOWING, 17, 6)
    assert got.held == pytest.approx(state().held)
    np.testing.assert_allclose(got.tools["PSM1"].pose.rotation, state().tools["PSM1"].pose.rotation, atol=1e-6)
    assert got.tools["PSM1"].tracking_error == pytest.approx(0.001)


def test_heartbeat_comes_back_with_and_without_echo():
    assert wire.decode_heartbeat(wire.encode_heartbeat(beat())) == beat()
    first = dataclasses.replace(beat(), peer_sent=math.nan, peer_heard=math.nan)
    assert math.isnan(wire.decode_heartbeat(wire.encode_heartbeat(first)).peer_sent)


def test_a_heartbeat_bit_nobody_knows_is_refused():
    payload = bytearray(wire.encode_heartbeat(beat()))
    payload[-15] |= 8
    with pytest.raises(RemoteLinkError, match="flags"):
        wire.decode_heartbeat(bytes(payload))


def test_header_comes_back_and_names_the_boot():
    header = wire.Header(wire.Stream.STATE, 2, 77, 5 << 32 | 9)
    data = wire.encode_header(header)
    assert len(data) == 16 and wire.decode_header(data) == header and header.boot == 5


@pytest.mark.parametrize(
    "data", [b"", b"\x02" * 15, b"\x01" + bytes(15), bytes(16), b"\x02\x06" + bytes(14), b"\x02\x01" + bytes(wire.MAX_DATAGRAM)]
)
def test_bad_headers_are_refused(data):
    with pytest.raises(RemoteLinkError):
        wire.decode_header(data)


DECODERS = [
    (wire.decode_commands, lambda: wire.CommandEncoder().encode(command())),
    (wire.decode_newest, lambda: wire.CommandEncoder().encode(command())),
    (wire.decode_state, lambda: wire.encode_state(state())),
    (wire.decode_heartbeat, lambda: wire.encode_heartbeat(beat())),
]


@pytest.mark.parametrize(("decode", "make"), DECODERS)
def test_damaged_payloads_never_raise_another_error_and_never_give_a_non_number(decode, make):
    good, rng, refused = make(), random.Random(7), 0
    damaged = [good[:n] for n in range(len(good))] + [good + b"\0"]
    for _ in range(1500):
        copy = bytearray(good)
        for _ in range(rng.randint(1, 4)):
            copy[rng.randrange(len(copy))] = rng.choice((0x7F, 0xFF, 0xC0, 0x00, rng.randrange(256)))
        damaged.append(bytes(copy))
    for payload in damaged:
        try:
            got = decode(payload)
        except RemoteLinkError:
            refused += 1
            continue
        for one in got if isinstance(got, tuple) else (got,):
            for move in getattr(one, "arms", {}).values():
                assert np.isfinite(move.displacement).all() and np.isfinite(move.rotation).all() and math.isfinite(move.jaw)
    assert refused > 50


@pytest.mark.parametrize(
    "sent",
    [
        dataclasses.replace(command(), picture_age=math.nan),
        dataclasses.replace(command(), seq=-1),
        dataclasses.replace(command(), arms={"PSM9": arm()}),
        dataclasses.replace(command(), arms={"PSM1": dataclasses.replace(arm(), jaw=math.nan)}),
        dataclasses.replace(command(), arms={"PSM1": dataclasses.replace(arm(), jaw=1e300)}),
    ],
)
def test_commands_that_must_not_leave(sent):
    with pytest.raises(LocalLinkError):
        wire.CommandEncoder().encode(sent)


def test_a_stage_without_a_place_does_not_leave():
    with pytest.raises(LocalLinkError):
        wire.encode_state(dataclasses.replace(state(), held={"coffee": 1.0}))


def pushing(mode=FeedbackMode.WAVE, arms=("PSM1", "PSM2")):
    says = [PortSays(np.array([0.1, -0.2, number]), 1.5 + number) for number in range(len(arms))]
    moves = {name: dataclasses.replace(arm(), port=port) for name, port in zip(arms, says, strict=True)}
    return dataclasses.replace(command(arms=()), arms=moves, feedback=mode)


def touched(credit=3.25, epoch=7):
    touch = Touch(np.array([1.0, -2.0, 0.5]), np.array([0.0, 0.25, -0.5]), credit, epoch)
    tools = {"PSM1": state().tools["PSM1"], "PSM2": dataclasses.replace(state().tools["PSM1"], touch=touch)}
    return dataclasses.replace(state(), tools=tools)


@pytest.mark.parametrize("mode", [FeedbackMode.TDPA, FeedbackMode.WAVE])
def test_what_the_hands_end_says_comes_back_with_every_arm(mode):
    encoder = wire.CommandEncoder()
    encoder.encode(command())
    got = wire.decode_commands(encoder.encode(pushing(mode)))
    assert [one.feedback for one in got] == [mode, FeedbackMode.OFF] and got[1].arms["PSM1"].port is None
    for number, name in enumerate(("PSM1", "PSM2")):
        assert got[0].arms[name].port.credit == 1.5 + number
        np.testing.assert_allclose(got[0].arms[name].port.wave, [0.1, -0.2, number], atol=1e-7)


def test_what_a_tool_feels_comes_back_only_where_it_is_known():
    got = wire.decode_state(wire.encode_state(touched()))
    assert got.tools["PSM1"].touch is None and (got.tools["PSM2"].touch.credit, got.tools["PSM2"].touch.epoch) == (3.25, 7)
    assert got.tools["PSM2"].touch.force.tolist() == [1.0, -2.0, 0.5] and got.tools["PSM2"].touch.wave.tolist() == [0.0, 0.25, -0.5]


def test_a_force_of_a_tool_that_is_not_there_and_an_unknown_mode_are_refused():
    payload = bytearray(wire.encode_state(state()))
    payload[wire.STATE.size - 2] = 0b10
    with pytest.raises(RemoteLinkError, match="masks"):
        wire.decode_state(bytes(payload))
    payload = bytearray(wire.CommandEncoder().encode(command(arms=())))
    payload[-1] = 3
    with pytest.raises(RemoteLinkError, match="force feedback 3"):
        wire.decode_newest(bytes(payload))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_force_that_is_not_a_number_neither_leaves_nor_arrives(bad):
    with pytest.raises(LocalLinkError, match="finite"):
        wire.encode_state(touched(credit=bad))
    with pytest.raises(LocalLinkError, match="finite"):
        wrong = dataclasses.replace(arm(), port=PortSays(np.full(3, bad), 0.0))
        wire.CommandEncoder().encode(dataclasses.replace(pushing(), arms={"PSM1": wrong}))
    with pytest.raises(LocalLinkError, match="every arm"):
        wire.CommandEncoder().encode(dataclasses.replace(pushing(), arms={"PSM1": arm()}))
    payload = wire.encode_state(touched())
    with pytest.raises(RemoteLinkError, match="finite"):
        wire.decode_state(payload[:-12] + struct.pack(">d", bad) + payload[-4:])


def test_four_commands_with_force_feedback_fit_a_datagram():
    encoder = wire.CommandEncoder()
    sizes = [len(encoder.encode(pushing(arms=("PSM1", "PSM2", "PSM3")))) for _ in range(5)]
    assert sizes[-1] == sizes[-2] <= wire.VIDEO_ROOM
