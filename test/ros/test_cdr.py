"""Bytes and values against rclpy's own serialisation: what we write it reads, what it writes we read, and of the rest its word counts."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("rclpy", reason="rclpy comes from the wheels or a ROS 2 installation")

from geometry_msgs.msg import PoseStamped, TwistStamped, WrenchStamped
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import JointState, Joy

from telesurgery_nodes.channels import CHANNELS
from telesurgery_nodes.errors import MessageError
from telesurgery_nodes.ros import cdr_joints, cdr_read, light
from telesurgery_nodes.ros.cdr import ENCAPSULATION, joint_cdr, pose_cdr, twist_cdr, wrench_cdr
from telesurgery_nodes.ros.decode import READERS, decode

LAWS = settings(max_examples=300, deadline=None)
numbers = st.floats()  # NaN and infinity too
letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
texts = st.text(letters, max_size=40) | st.sampled_from(["", "endoscope_view", "é" * 120])
stamps = st.builds(light.Time, st.integers(-(2**31), 2**31 - 1), st.integers(0, 2**32 - 1))
vectors = st.lists(numbers, max_size=8)


class Reference:
    """CDR by its rule, one field after the other, without layouts. ``mask`` has a 0 where padding lies, which may be anything."""

    def __init__(self):
        self.raw, self.mask = bytearray(ENCAPSULATION), bytearray(b"\1\1\0\0")  # options mean nothing

    def put(self, code, value):
        packed = struct.pack(f"<{code}", value)
        gap = -(len(self.raw) - 4) % len(packed)
        self.raw += bytes(gap) + packed
        self.mask += bytes(gap) + b"\1" * len(packed)

    def text(self, value):
        packed = value.encode() + b"\0"
        self.put("I", len(packed))
        self.raw += packed
        self.mask += b"\1" * len(packed)

    def header(self, header):
        self.put("i", header.stamp.sec)
        self.put("I", header.stamp.nanosec)
        self.text(header.frame_id)

    def doubles(self, values):
        for value in values:
            self.put("d", value)


def written(msg):
    """``msg``, of rclpy or light, by the rule."""
    out = Reference()
    out.header(msg.header)
    if hasattr(msg, "name"):
        out.put("I", len(msg.name))
        for name in msg.name:
            out.text(name)
        for part in (msg.position, msg.velocity, msg.effort):
            out.put("I", len(part))
            out.doubles(part)
    else:
        out.doubles(flat(msg))
    return out


def flat(msg):
    """The numbers of a message in the order of its definition."""
    if hasattr(msg, "pose"):
        at, turn = msg.pose.position, msg.pose.orientation
        return [at.x, at.y, at.z, turn.x, turn.y, turn.z, turn.w]
    if hasattr(msg, "wrench"):
        parts = (msg.wrench.force, msg.wrench.torque)
    elif hasattr(msg, "twist"):
        parts = (msg.twist.linear, msg.twist.angular)
    else:
        return [*msg.position, math.inf, *msg.velocity, math.inf, *msg.effort]
    return [value for part in parts for value in (part.x, part.y, part.z)]


def fields(msg):
    """Everything a message says, comparable also where it is NaN, whatever class it is of."""
    sizes = [len(part) for part in (msg.position, msg.velocity, msg.effort)] if hasattr(msg, "name") else []
    head = (msg.header.stamp.sec, msg.header.stamp.nanosec, msg.header.frame_id)
    return (*head, tuple(getattr(msg, "name", ())), *sizes, struct.pack(f"{len(flat(msg))}d", *flat(msg)))


poses = st.builds(
    lambda at, turn, stamp, frame: (PoseStamped, pose_cdr(at, turn, stamp, frame), (stamp, frame, [*at, *turn[1:], turn[0]])),
    st.tuples(numbers, numbers, numbers), st.tuples(numbers, numbers, numbers, numbers), stamps, texts,
)  # fmt: skip
pairs = st.builds(
    lambda kind, a, b, stamp, frame: (kind[0], kind[1](a, b, stamp, frame), (stamp, frame, [*a, *b])),
    st.sampled_from([(WrenchStamped, wrench_cdr), (TwistStamped, twist_cdr)]), *[st.tuples(numbers, numbers, numbers)] * 2, stamps, texts,
)  # fmt: skip
joints = st.builds(
    lambda names, *vectors, stamp, frame: (
        JointState, joint_cdr(names, *vectors, stamp=stamp, frame=frame), (stamp, frame, [names, *vectors])),
    st.lists(texts, max_size=7), vectors, vectors, vectors, stamp=stamps, frame=texts,
)  # fmt: skip
messages = poses | pairs | joints


@LAWS
@given(messages)
def test_rclpy_reads_what_we_write(made):
    kind, raw, (stamp, frame, values) = made
    msg = deserialize_message(raw, kind)
    assert (msg.header.stamp.sec, msg.header.stamp.nanosec, msg.header.frame_id) == (*stamp, frame)
    if kind is JointState:
        assert list(msg.name) == values[0]
        values = [*values[1], math.inf, *values[2], math.inf, *values[3]]
    assert struct.pack(f"{len(values)}d", *flat(msg)) == struct.pack(f"{len(values)}d", *values)


@LAWS
@given(messages)
def test_our_bytes_are_rclpys_but_for_its_padding(made):
    """rclpy leaves what lay in memory between fields, and room for more behind the last one; we write zeros and stop."""
    kind, raw, _ = made
    theirs, rule = serialize_message(deserialize_message(raw, kind)), written(decode(kind, raw))
    assert raw == bytes(rule.raw)
    assert len(theirs) >= len(raw)
    assert [b for b, m in zip(theirs, rule.mask, strict=False) if m] == [b for b, m in zip(raw, rule.mask, strict=True) if m]


@LAWS
@given(messages)
def test_we_read_what_rclpy_writes(made):
    kind, raw, _ = made
    msg = deserialize_message(raw, kind)
    for _ in range(2):  # the second time a JointState may be read by the layout of the first
        light_one = decode(kind, serialize_message(msg))
        assert type(light_one).__module__ == light.__name__ and fields(light_one) == fields(msg) == fields(decode(kind, raw))


def verdicts(kind, raw):
    """What rclpy and we say about bytes: the fields, or None."""
    said = []
    for read in (lambda: deserialize_message(raw, kind), lambda: decode(kind, raw)):
        try:
            said.append(fields(read()))
        except (MessageError, RuntimeError):
            said.append(None)
    return said


@LAWS
@given(messages, st.data())
def test_cut_and_corrupted_bytes_are_what_rclpy_says_they_are(made, data):
    kind, raw, _ = made
    decode(kind, raw)  # its layout is known now
    bad = bytearray(raw)
    for at, value in data.draw(st.dictionaries(st.integers(0, len(raw) - 1), st.integers(0, 255), max_size=3)).items():
        bad[at] = value
    if data.draw(st.booleans()):
        at = data.draw(st.integers(1, len(raw) // 4 - 1)) * 4  # where lengths may lie
        bad[at : at + 4] = struct.pack("<I", data.draw(st.sampled_from([0, 1, 2, 255, 256, 2**16, 2**31 - 1, 2**31, 2**32 - 1])))
    cut = bytes(bad[: data.draw(st.integers(0, len(raw)))]) + data.draw(st.binary(max_size=12))
    for one in (bytes(bad), cut):
        theirs, ours = verdicts(kind, one)
        assert ours == theirs


@pytest.mark.parametrize("kind", READERS)
def test_every_truncation_is_an_error_and_none_a_part(kind):
    raw = serialize_message(kind())
    whole = len(written(decode(kind, raw)).raw)
    for end in range(whole):
        with pytest.raises(MessageError, match=kind.__name__):
            decode(kind, raw[:end])


@pytest.mark.parametrize("kind", READERS)
def test_what_is_not_plain_is_for_rclpy(kind, monkeypatch):
    """Big endian and XCDR 2 headers, strings without their NUL, with one inside, of no UTF-8, or empty: never guessed."""
    asked = []
    monkeypatch.setattr("telesurgery_nodes.ros.decode.deserialize_message", lambda raw, kind: asked.append(raw) or kind())
    msg = kind()
    msg.header.frame_id = "abc"
    raw = serialize_message(msg)
    assert raw[16:20] == b"abc\0"
    decode(kind, raw)  # its layout is known now
    heads = [bytes([0, code, 0, 0]) + raw[4:] for code in range(256) if code != 1] + [b"\1" + raw[1:]]
    texts = [raw[:16] + text + raw[20:] for text in (b"abcd", b"a\0c\0", b"\xff\xfe\xfd\0")] + [raw[:12] + bytes(4) + raw[16:]]
    for one in (*heads, *texts):
        assert decode(kind, one) == kind()
    assert asked == [*heads, *texts]
    assert decode(kind, raw[:2] + b"\0\3" + raw[4:]).header.frame_id == "abc", "options only say how much padding lies at the end"


def test_big_endian_is_read_by_who_can_or_by_none():
    raw = b"\0\0\0\0" + struct.pack(">iII", 1, 2, 1) + bytes(4) + struct.pack(">7d", 1, 2, 3, 0, 0, 0, 1)
    theirs, ours = verdicts(PoseStamped, raw)
    assert ours == theirs


def test_a_long_name_is_not_remembered():
    frame = "f" * 5000
    before = len(cdr_joints._KNOWN), cdr_read._text.cache_info().currsize
    msg = JointState(name=[frame])
    msg.header.frame_id = frame
    assert decode(JointState, serialize_message(msg)) == msg, "rclpy's own"
    many = JointState(name=[f"joint_{number}" for number in range(400)])
    assert fields(decode(JointState, serialize_message(many))) == fields(many)
    assert len(cdr_joints._KNOWN) == before[0]
    for number in range(3 * cdr_joints.NAMES):
        msg = JointState(name=[f"n{number}"])
        assert decode(JointState, serialize_message(msg)).name == (f"n{number}",)
    assert len(cdr_joints._KNOWN) <= cdr_joints.NAMES and cdr_read._text.cache_info().currsize <= cdr_joints.NAMES


def test_a_known_layout_reads_only_what_is_like_it():
    """Same length, same beginning, other names or other lengths of its vectors."""
    stamp = light.Time(1, 2)
    names = ("a_joint_with_a_long_name", "bb")
    made = [
        joint_cdr(names, (1.0, 2.0), (3.0,), (), stamp=stamp), joint_cdr((names[0], "cc"), (1.0, 2.0), (3.0,), (), stamp=stamp),
        joint_cdr(names, (1.0,), (2.0, 3.0), (), stamp=stamp), joint_cdr(names, (), (2.0, 3.0), (1.0,), stamp=stamp),
    ]  # fmt: skip
    for raw in (*made, *made, *reversed(made)):
        assert fields(decode(JointState, raw)) == fields(deserialize_message(raw, JointState))


def test_a_known_layout_reads_no_part_and_no_other_lengths():
    stamp, (one,) = light.Time(1, 2), struct.unpack("<d", struct.pack("<II", 1, 0))
    known = joint_cdr(("a",), (1.0,), (2.0,), (3.0,), stamp=stamp)
    alike = joint_cdr(("a",), (1.0,), (), (2.0, one, 3.0), stamp=stamp)  # its second effort looks like the length of one
    longer = joint_cdr(("a",), (1.0,), (2.0,), (3.0, 4.0), stamp=stamp)
    assert len(known) == len(alike)
    assert decode(JointState, known).effort == (3.0,)
    with pytest.raises(MessageError):
        decode(JointState, longer[: len(known)])
    assert decode(JointState, alike).effort == (2.0, one, 3.0)
    assert decode(JointState, known).effort == (3.0,)


def test_a_string_ends_with_the_bytes():
    assert cdr_read.read_string(b"ab\0", 0, 3) == "ab"
    with pytest.raises(ValueError):
        cdr_read.read_string(b"ab\0", 0, 4)


def test_other_types_are_rclpys():
    msg = Joy(buttons=[1])
    assert decode(Joy, serialize_message(msg)) == msg
    with pytest.raises(MessageError, match="Joy"):
        decode(Joy, serialize_message(msg)[:9])


@pytest.mark.parametrize("name", ["a\0b", "\0", "\ud800"])
def test_a_name_no_message_can_carry_is_refused(name):
    for make in (lambda: joint_cdr((name,), (), stamp=light.Time(0, 0)), lambda: pose_cdr((0, 0, 0), (1, 0, 0, 0), light.Time(0, 0), name)):
        with pytest.raises(MessageError):
            make()


def test_values_are_read_only():
    for kind in READERS:
        with pytest.raises(AttributeError):
            decode(kind, serialize_message(kind())).header.frame_id = "x"


def test_no_fast_type_changes_where_crtk_msgs_is_installed():
    """Publishers of these rows are given bytes of their plain type."""
    fast = {f"{kind.__module__.split('.')[0]}/{kind.__name__}" for kind in READERS}
    rows = [channel for channel in CHANNELS.values() if channel.type in fast]
    assert rows and not [channel.name for channel in rows if channel.crtk]
