"""Values to and from the layouts of layouts.py; nothing here is trusted before seal.py opened it.

The upper half of a header's sequence is the sender's random boot number, so (session, boot) names one life of one process with 64 bits.
A malformed payload raises RemoteLinkError and nothing else; a value that does not fit raises LocalLinkError.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ...errors import KinematicsError, LocalLinkError, RemoteLinkError
from ..rotations import is_rotation, quaternion_from_rotation, rotation_from_quaternion
from ..values import INSTRUMENTS, ArmMotion, FloatArray, MotionCommand, Pedals, Phase, Pose, RobotState, ToolState
from .layouts import (
    FLAGS,
    HELD_STAGES,
    HISTORY,
    LAYOUTS,
    MAX_ANSWERS,
    MAX_DATAGRAM,
    PROBE_SIZES,
    SEAL_BYTES,
    STICKY_FLAGS,
    VERSION,
    Stream,
    size_limit,
)
from .packing import checked as _checked
from .packing import finite as _finite
from .packing import pack as _pack
from .packing import unpack as _unpack
from .packing import vector as _vector
from .sticky import SILENT, Sticky
from .wire_camera import CAMERA_BIT, decode_camera, encode_camera
from .wire_touch import feedback_of, pack_port, pack_touch, take_port, take_touch, touched_mask

__all__ = ["HELD_STAGES", "MAX_ANSWERS", "MAX_DATAGRAM", "Stream"]  # stand in layouts.py, are looked for here

HEADER, HEARTBEAT, COMMAND, ARM = (LAYOUTS[name].made() for name in ("header", "heartbeat", "command", "arm"))
STATE, STAGE, TOOL = (LAYOUTS[name].made() for name in ("state", "stage", "tool"))
_STREAMS = tuple(Stream)  # by number
VIDEO_ROOM = MAX_DATAGRAM - SEAL_BYTES
PROBES = tuple(size - SEAL_BYTES for size in PROBE_SIZES)  # payloads of probing heartbeats [B]


class Header(NamedTuple):
    """The 16 bytes in front of every datagram: made for each, so a tuple, which costs a third of a frozen dataclass."""

    stream: Stream
    key_epoch: int
    session: int
    sequence: int

    @property
    def boot(self) -> int:
        """The sender's boot number, 32 bit."""
        return self.sequence >> 32


@dataclass(frozen=True)
class Heartbeat:
    """Per path: life sign, two-way clock exchange, and the challenge that admits a new peer session (session.py).

    ``sent`` [s] sender's clock; ``peer_sent`` is the receiver's own ``sent`` of the newest heartbeat the sender got on this
    path and ``peer_heard`` the sender's clock at its arrival (both NaN before the first); with the arrival these are the four stamps.
    ``next_up``: sequence the sender will use next per stream; at admission everything below is refused. ``sticky``: sticky.py.
    ``largest`` [B]: of PROBE_SIZES what the sender heard lately on this path, 0 for none. ``padded``: it was a probe.
    """

    path: int
    count: int
    challenge: int
    answers: tuple[int, ...]
    sent: float
    peer_sent: float
    peer_heard: float
    next_up: tuple[int, ...]
    sticky: Sticky = SILENT
    largest: int = 0
    padded: bool = False


def encode_header(header: Header) -> bytes:
    """16 bytes."""
    return HEADER.pack(VERSION, header.stream, header.key_epoch, header.session, header.sequence)


def decode_header(datagram: bytes) -> Header:
    """Header of a datagram; only its form is checked."""
    if not HEADER.size <= len(datagram) <= size_limit(datagram):
        raise RemoteLinkError(f"datagram of {len(datagram)} B; valid: {HEADER.size} to {size_limit(datagram)}")
    version, stream, key_epoch, session, sequence = HEADER.unpack_from(datagram)
    if version != VERSION:
        raise RemoteLinkError(f"wire version {version}; this side speaks {VERSION}")
    if stream >= len(_STREAMS):
        raise RemoteLinkError(f"stream {stream}; valid: 0 to {len(_STREAMS) - 1}")
    return Header(_STREAMS[stream], key_epoch, session, sequence)


def encode_heartbeat(beat: Heartbeat, probe: int = 0) -> bytes:
    """Payload of stream 0; with ``probe`` [B] of PROBE_SIZES padded until the datagram is that long."""
    answers = (*beat.answers, *(0,) * MAX_ANSWERS)[:MAX_ANSWERS]
    said, stamps = beat.sticky, (beat.sent, beat.peer_sent, beat.peer_heard)
    sticky = (_mask((said.head, said.engage, said.stop)), said.stop_count, said.acted_for, said.acted)
    payload = _pack(HEARTBEAT, beat.path, beat.count, beat.challenge, *answers, *stamps, *beat.next_up, *sticky, beat.largest)
    return payload.ljust(probe - SEAL_BYTES, b"\0") if probe else payload


def decode_heartbeat(payload: bytes) -> Heartbeat:
    """Payload of stream 0; the two echoed stamps are both NaN or both finite."""
    padded = len(payload) in PROBES and not any(payload[HEARTBEAT.size :])
    fields = _unpack(HEARTBEAT, payload, 0, exact=not padded)
    path, count, challenge = fields[:3]
    sent, peer_sent, peer_heard = fields[7:10]
    if not math.isfinite(sent) or math.isfinite(peer_sent) != math.isfinite(peer_heard):
        raise RemoteLinkError(f"heartbeat stamps {sent}, {peer_sent}, {peer_heard}; wanted finite, or the last two both NaN")
    if fields[-1] not in (0, *PROBE_SIZES):
        raise RemoteLinkError(f"heartbeat says that {fields[-1]} B came; valid: 0, {', '.join(map(str, PROBE_SIZES))}")
    answers = tuple(value for value in fields[3:7] if value)
    flags, *counts, largest = fields[-5:]
    if flags >> len(STICKY_FLAGS):
        raise RemoteLinkError(f"heartbeat flags {flags:#x}; valid: below {1 << len(STICKY_FLAGS):#x}")
    sticky = Sticky(*(bool(flags >> bit & 1) for bit in range(len(STICKY_FLAGS))), *counts)
    return Heartbeat(path, count, challenge, answers, sent, peer_sent, peer_heard, fields[10:-5], sticky, largest, padded)


class CommandEncoder:
    """Packs commands; each datagram also carries the HISTORY commands before it, so a short burst on all paths costs only delay."""

    def __init__(self) -> None:
        self._records: deque[bytes] = deque(maxlen=HISTORY + 1)

    def encode(self, command: MotionCommand) -> bytes:
        """Payload of stream 1: a count byte, then records newest first."""
        self._records.appendleft(_command_record(command))
        return bytes((len(self._records),)) + b"".join(self._records)


def _command_record(command: MotionCommand) -> bytes:
    flags = _mask((*_pedal_bits(command.pedals), command.follow, command.aligning, command.hands_fresh))
    mask = _arm_mask(command.arms) | (CAMERA_BIT if command.camera is not None else 0)
    if math.isnan(command.picture_age):
        raise LocalLinkError("picture age is NaN; wanted seconds, inf where there is no picture")
    head = _pack(
        COMMAND, command.seq, command.stamp, command.sample_stamp, command.epoch, command.press_count, flags, command.picture_age, mask,
        command.feedback,
    )  # fmt: skip
    moved = [command.arms[name] for name in INSTRUMENTS if name in command.arms]
    arms = b"".join(_pack_arm(arm) + pack_port(arm, command.feedback) for arm in moved)
    return head + arms + encode_camera(command.camera)


def decode_commands(payload: bytes) -> tuple[MotionCommand, ...]:
    """Commands of a stream 1 payload, newest first (1 to HISTORY + 1)."""
    commands = []
    offset = 1
    for _ in range(_record_count(payload)):
        command, offset = _command_from(payload, offset)
        commands.append(command)
    _end(payload, offset)
    return tuple(commands)


def decode_newest(payload: bytes) -> MotionCommand:
    """Only the newest command of a payload: the hot path when nothing was lost."""
    _record_count(payload)
    return _command_from(payload, 1)[0]


def _record_count(payload: bytes) -> int:
    if not payload or not 1 <= payload[0] <= HISTORY + 1:
        raise RemoteLinkError(f"command payload of {len(payload)} B without a count of 1 to {HISTORY + 1}")
    return payload[0]


def _command_from(payload: bytes, offset: int) -> tuple[MotionCommand, int]:
    seq, stamp, sample, epoch, presses, flags, picture_age, mask, number = _unpack(COMMAND, payload, offset)
    offset += COMMAND.size
    if not (math.isfinite(stamp) and math.isfinite(sample)) or math.isnan(picture_age) or flags >> len(FLAGS):
        raise RemoteLinkError(f"command {seq}: stamps {stamp}, {sample}, picture age {picture_age} or flags {flags:#x} are not valid")
    mode, arms = feedback_of(number), dict[str, ArmMotion]()
    for name in _arms_of(mask & ~CAMERA_BIT):
        values = _finite(_unpack(ARM, payload, offset))
        port, offset = take_port(payload, offset + ARM.size, mode)
        arms[name] = ArmMotion(_vector(values), _rotation(values[3:7]), values[7], port)
    camera, offset = decode_camera(payload, offset, mask)
    bits = [bool(flags >> bit & 1) for bit in range(len(FLAGS))]
    pedals = Pedals(*bits[:4])
    return MotionCommand(seq, stamp, sample, epoch, presses, pedals, bits[4], bits[5], bits[6], picture_age, arms, camera, mode), offset


def encode_state(state: RobotState) -> bytes:
    """Payload of stream 2."""
    unknown = [name for name in state.held if name not in HELD_STAGES]
    if unknown:
        raise LocalLinkError(f"held stages {unknown} have no place on the wire; valid: {', '.join(HELD_STAGES)}")
    stages = _mask(tuple(name in state.held for name in HELD_STAGES))
    masks = _arm_mask(state.tools), touched_mask(state.tools)
    parts = [_pack(STATE, state.seq, state.stamp, state.echo_seq, state.phase, state.cause, state.motion_epoch, *masks, stages)]
    parts += [_pack(STAGE, state.held[name]) for name in HELD_STAGES if name in state.held]
    parts += [_pack_tool(state.tools[name]) for name in INSTRUMENTS if name in state.tools]
    return b"".join(parts)


def decode_state(payload: bytes) -> RobotState:
    """Payload of stream 2."""
    seq, stamp, echo, phase, cause, motion_epoch, mask, touched, stages = _unpack(STATE, payload, 0)
    if not math.isfinite(stamp) or phase >= len(Phase) or stages >> len(HELD_STAGES) or touched & ~mask:
        raise RemoteLinkError(f"state {seq}: stamp {stamp}, phase {phase}, masks {mask:#x}, {touched:#x} or {stages:#x} are not valid")
    offset = STATE.size
    held: dict[str, float] = {}
    for bit, name in enumerate(HELD_STAGES):
        if stages >> bit & 1:
            held[name] = _finite(_unpack(STAGE, payload, offset))[0]
            offset += STAGE.size
    tools: dict[str, ToolState] = {}
    for name in _arms_of(mask):
        values = _finite(_unpack(TOOL, payload, offset))
        touch, offset = take_touch(payload, offset + TOOL.size, bool(touched >> INSTRUMENTS.index(name) & 1))
        tools[name] = ToolState(Pose(_vector(values), _rotation(values[3:7])), values[7], values[8], touch)
    _end(payload, offset)
    return RobotState(seq, stamp, echo, held, Phase(phase), cause, motion_epoch, tools)


def _pack_arm(arm: ArmMotion) -> bytes:
    return _pack(ARM, *_checked((*arm.displacement, *_quaternion(arm.rotation), arm.jaw)))


def _pack_tool(tool: ToolState) -> bytes:
    record = _pack(TOOL, *_checked((*tool.pose.position, *_quaternion(tool.pose.rotation), tool.jaw, tool.tracking_error)))
    return record + pack_touch(tool.touch)


def _pedal_bits(pedals: Pedals) -> tuple[bool, bool, bool, bool]:
    return pedals.head, pedals.engage, pedals.clutch, pedals.camera


def _mask(bits: Sequence[bool]) -> int:
    mask = 0
    for bit, on in enumerate(bits):
        if on:
            mask |= 1 << bit
    return mask


def _arm_mask(arms: Mapping[str, object]) -> int:
    unknown = [name for name in arms if name not in INSTRUMENTS]
    if unknown:
        raise LocalLinkError(f"arms {unknown} have no place on the wire; valid: {', '.join(INSTRUMENTS)}")
    return _mask(tuple(name in arms for name in INSTRUMENTS))


def _arms_of(mask: int) -> list[str]:
    if mask >> len(INSTRUMENTS):
        raise RemoteLinkError(f"arm mask {mask:#x}; valid: below {1 << len(INSTRUMENTS):#x}")
    return [name for bit, name in enumerate(INSTRUMENTS) if mask >> bit & 1]


def _quaternion(rotation: FloatArray) -> tuple[float, float, float, float]:
    if not is_rotation(rotation):
        raise LocalLinkError(f"wanted a proper rotation matrix, got {rotation.tolist()}")
    return quaternion_from_rotation(rotation)


def _rotation(quaternion: Sequence[float]) -> FloatArray:
    try:
        return rotation_from_quaternion(*quaternion)
    except KinematicsError as error:
        raise RemoteLinkError(str(error)) from error


def _end(payload: bytes, offset: int) -> None:
    if len(payload) != offset:
        raise RemoteLinkError(f"payload of {len(payload)} B; its contents end at {offset}")
