"""Every struct that crosses the WAN as a table of fields: the packing formats and docs/wire.md are both made from it.

Big-endian, no padding. A layout is turned into a `struct.Struct` once, at import; encoding and decoding (wire.py) pay nothing for it.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Mapping
from dataclasses import dataclass

VERSION = 2
MAX_DATAGRAM = 1200  # QUIC's safe minimum (RFC 9000 section 14); wan.md 8.4
PROBE_SIZES = (MAX_DATAGRAM, 1400)  # [B] padded heartbeats that find out what a path carries whole; wan.md 8.4
LATELY_S = 5.0  # how long a size that came counts as carried
TAG_BYTES = 16  # AES-GCM
HISTORY = 3  # earlier samples repeated in every command (RFC 2198 idea; wan.md section 7)
MAX_ANSWERS = 4  # how many strangers' challenges one heartbeat answers

ACK_WORDS = 4  # 64 bit each: how far beyond the first gap one acknowledgement tells what came

# Stages of a command's stay on the patient side, in travel order; the bit of each in RobotState's stage mask is its index.
HELD_STAGES: tuple[str, ...] = ("path_up", "unpack", "playout", "hop_in", "kinematics", "robot", "hop_out")
FLAGS: tuple[str, ...] = ("head", "engage", "clutch", "camera", "follow", "aligning", "hands_fresh")
STICKY_FLAGS: tuple[str, ...] = ("head", "engage", "stop")
# What one stands for, in the docs and in struct's language.
KINDS: Mapping[str, str] = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q", "f32": "f", "f64": "d"}


class Stream(enum.IntEnum):
    """Streams in order of strict priority."""

    HEARTBEAT = 0
    COMMAND = 1
    STATE = 2
    VIDEO = 3
    RELIABLE = 4
    TOPIC = 5


STREAMS: Mapping[Stream, str] = {
    Stream.HEARTBEAT: "per path, 50 Hz, and at once on a change: stop, pedal, presence; life sign, clock, admission. Never held back",
    Stream.COMMAND: "surgeon to patient: what the tools shall do; newest wins. Never held back",
    Stream.STATE: "patient to surgeon: tools, verdict, echo; newest wins. Never held back",
    Stream.VIDEO: "patient to surgeon: pictures in fragments, paced below 85 % of the path's rate",
    Stream.RELIABLE: "both ways: messages of further topics, acknowledged and sent again until they are there; in what video leaves over",
    Stream.TOPIC: "both ways: messages of further topics, newest wins; in what all others leave over",
}

# DSCP of each stream (wan.md 8.4): expedited forwarding (RFC 3246), assured forwarding 41 (RFC 2597), lower effort CS1 (RFC 4594).
EXPEDITED, ASSURED, BULK = 46, 34, 8
DSCP: Mapping[Stream, int] = {
    Stream.HEARTBEAT: EXPEDITED,
    Stream.COMMAND: EXPEDITED,
    Stream.STATE: EXPEDITED,
    Stream.VIDEO: ASSURED,
    Stream.RELIABLE: BULK,
    Stream.TOPIC: BULK,
}
DSCP_NAMES: Mapping[int, str] = {EXPEDITED: "EF", ASSURED: "AF41", BULK: "CS1"}


@dataclass(frozen=True)
class Field:
    """``count`` values of ``kind`` (a key of KINDS) that stand together under one ``name``; ``what`` with the unit."""

    name: str
    kind: str
    what: str
    count: int = 1

    @property
    def code(self) -> str:
        """In struct's language."""
        return KINDS[self.kind] if self.count == 1 else f"{self.count}{KINDS[self.kind]}"

    @property
    def size(self) -> int:
        """Bytes."""
        return struct.calcsize(">" + self.code)


@dataclass(frozen=True)
class Layout:
    """One run of fields. ``where`` says what it is part of and what follows it."""

    where: str
    fields: tuple[Field, ...]

    def made(self) -> struct.Struct:
        """The packer."""
        return struct.Struct(">" + "".join(field.code for field in self.fields))


LAYOUTS: Mapping[str, Layout] = {
    "header": Layout("in front of every datagram, in the clear but authenticated; then the sealed payload and the tag", (
        Field("version", "u8", f"{VERSION}"),
        Field("stream", "u8", "table above"),
        Field("key_epoch", "u16", "which key"),
        Field("session", "u32", "random, new for every start of the sender, never 0"),
        Field("sequence", "u64", "upper half: the sender's random boot number; lower half: counts the datagrams of this stream"),
    )),
    "heartbeat": Layout("the payload of stream 0; a probe adds zeros until the datagram has one of the probe sizes", (
        Field("path", "u8", "index of the path it was sent on; another one here means crossed cables"),
        Field("count", "u32", "heartbeats sent on this path"),
        Field("challenge", "u64", "what a new peer life has to answer before it is heard"),
        Field("answers", "u64", "challenges of the peer and of strangers, 0 where none", MAX_ANSWERS),
        Field("sent", "f64", "sending time, sender's steady clock [s]"),
        Field("peer_sent", "f64", "`sent` of the newest heartbeat the sender got on this path [s]; NaN before the first"),
        Field("peer_heard", "f64", "when that one came, sender's clock [s]; NaN before the first"),
        Field("next_up", "u64", "next sequence of each stream; at admission everything below is refused", len(Stream)),
        Field("sticky", "u8", "bit by bit: " + ", ".join(STICKY_FLAGS) + " (latched at the surgeon)"),
        Field("stop_count", "u32", "presses of the sender's stop in this session"),
        Field("acted_for", "u32", "session whose stops the next field counts, 0 for none"),
        Field("acted", "u32", "stops of that session the sender has acted on"),
        Field("largest", "u16", f"largest probe size that came over this path in the last {LATELY_S:g} s, 0 for none [B]"),
    )),
    "command": Layout(
        f"stream 1 begins with one byte, how many records follow (1 to {HISTORY + 1}, newest first); a record is this, then its arms", (
            Field("seq", "u32", "counts commands"),
            Field("stamp", "f64", "sending time, surgeon's steady clock [s]"),
            Field("sample_stamp", "f64", "time of the hand sample behind it [s]"),
            Field("epoch", "u32", "clutch epoch: displacements count from its beginning"),
            Field("press_count", "u32", "presses of the engage pedal so far"),
            Field("flags", "u8", "bit by bit: " + ", ".join(FLAGS)),
            Field("picture_age", "f32", "age of what the surgeon sees [s], infinity: nothing"),
            Field("arms", "u8", "bit n: an arm record of PSMn+1 follows; bit 3: a camera record follows them"),
            Field("feedback", "u8", "force feedback (force.md): 0 off; 1 passivity, 2 waves: a port record behind each arm"),
        )),
    "arm": Layout("behind a command record, for each arm in its mask", (
        Field("displacement", "f32", "tip since the epoch began, scaled, view frame [m]", 3),
        Field("rotation", "f32", "since the epoch began, unit quaternion w x y z", 4),
        Field("jaw", "f32", "[rad]"),
    )),
    "port": Layout("behind an arm record where `feedback` is not 0", (
        Field("wave", "f32", "running integral of the hand's wave", 3),
        Field("credit", "f64", "energy the hand's end has given so far in this epoch [J]"),
    )),
    "camera": Layout("behind the arm records where bit 3 of the mask says so", (
        Field("turn", "f32", "of the camera about its remote centre since the epoch began: tilt, pan, roll as a rotation vector [rad], "
              "view frame of that time", 3),
        Field("insertion", "f32", "deeper since the epoch began [m]"),
    )),
    "state": Layout("stream 2 begins with this; then the stages, then the tools", (
        Field("seq", "u32", "counts states"),
        Field("stamp", "f64", "sending time, patient's steady clock [s]"),
        Field("echo_seq", "u32", "newest command whose effect reached the robot, 0 for none"),
        Field("phase", "u8", "phase of the watchdog (safety.md)"),
        Field("cause", "u16", "code of the cause (safety.md)"),
        Field("motion_epoch", "u32", "counts fresh beginnings of following"),
        Field("tools", "u8", "bit n: a tool record of PSMn+1 follows"),
        Field("touched", "u8", "bit n: its force is known, a touch record follows the tool record"),
        Field("stages", "u8", "bit by bit, which stage times follow: " + ", ".join(HELD_STAGES)),
    )),
    "stage": Layout("for each bit of `stages`", (Field("time", "f32", "the echoed command spent in this stage [s]"),)),
    "tool": Layout("for each bit of `tools`", (
        Field("position", "f32", "measured tip, view frame [m]", 3),
        Field("rotation", "f32", "measured, unit quaternion w x y z", 4),
        Field("jaw", "f32", "measured [rad]"),
        Field("tracking_error", "f32", "distance to the set point [m]"),
    )),
    "touch": Layout("behind a tool record, for each bit of `touched`", (
        Field("force", "f32", "of the surroundings on the tip, view frame [N]", 3),
        Field("wave", "f32", "running integral of the tool's wave", 3),
        Field("credit", "f64", "energy the tool's end has given so far in the epoch [J]"),
        Field("epoch", "u32", "clutch epoch that wave and credit belong to, 0 for none"),
    )),
    "lap": Layout("stream 3 begins with this; then a fragment record, then a piece of a picture", (
        Field("held", "f32", "from the bridge's taking the picture to the sealing of this piece [s]"),
    )),
    "trip": Layout("a picture, put together again, begins with this; then the coded picture", (
        Field("taken", "f64", "when the bridge took it, patient's steady clock [s]"),
        Field("camera", "f32", "capture to both eyes drawn or grabbed [s]; NaN: not known"),
        Field("encode", "f32", "to both eyes coded [s]; NaN: not known"),
        Field("hop_coded", "f32", "camera node to bridge [s]; NaN: not known"),
    )),
    "fragment": Layout("in front of a piece of a picture (stream 3, behind a lap) or of a message (stream 5, behind a topic record)", (
        Field("number", "u64", "counts pictures, or the messages of a topic"),
        Field("stamp", "f64", "sender's steady clock [s]: of a picture the capture, of a message the sending"),
        Field("index", "u16", "of this piece"),
        Field("count", "u16", "pieces of the whole"),
        Field("flags", "u8", "bit 0: key frame"),
    )),
    "chunk": Layout("stream 4, part of a message; the rest of the payload is the part", (
        Field("kind", "u8", "0"),
        Field("to", "u32", "session of the peer it is meant for"),
        Field("life", "u32", "counts the peers this sender has had: chunks and messages count from 0 in each"),
        Field("chunk", "u32", "counts chunks; this is what is acknowledged"),
        Field("message", "u32", "counts messages"),
        Field("index", "u16", "of this part"),
        Field("count", "u16", "parts of the message"),
        Field("topic", "u32", "what the message is about"),
    )),
    "ack": Layout("stream 4, the whole payload: what came of the other direction's chunks", (
        Field("kind", "u8", "1"),
        Field("life", "u32", "of the chunks"),
        Field("next", "u32", "the first chunk that is missing"),
        Field("came", "u64", "bit n of word m: chunk next + 64 m + n came", ACK_WORDS),
    )),
    "topic": Layout("stream 5, then a fragment record, then the piece", (Field("topic", "u32", "what the message is about"),)),
}  # fmt: skip
HEADER_BYTES = LAYOUTS["header"].made().size
SEAL_BYTES = HEADER_BYTES + TAG_BYTES  # what a datagram has beside its payload


def room(stream: Stream) -> int:
    """Largest payload of a stream [B]. Only a heartbeat may be longer than MAX_DATAGRAM: it probes."""
    return (PROBE_SIZES[-1] if stream is Stream.HEARTBEAT else MAX_DATAGRAM) - SEAL_BYTES


_TRAFFIC_CLASS = {bytes((stream,)): dscp << 2 for stream, dscp in DSCP.items()}


def traffic_class(datagram: bytes) -> int:
    """TOS byte of a datagram, from the stream in its header; 0 (best effort) where that names none."""
    return _TRAFFIC_CLASS.get(datagram[1:2], 0)


_PROBING = bytes((Stream.HEARTBEAT,))


def size_limit(datagram: bytes) -> int:
    """How long a datagram with this header may be [B]."""
    return PROBE_SIZES[-1] if datagram[1:2] == _PROBING else MAX_DATAGRAM
