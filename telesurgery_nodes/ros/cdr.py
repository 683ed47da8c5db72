"""Four message types straight as bytes: the CDR of ROS 2, written by one pack.

rclpy fills a message object field by field, walks it again in C and again to serialise it; a publisher takes ready bytes as well, and
at 250 Hz and four arms that is a good part of what two cores have. Little-endian CDR (OMG DDSI-RTPS 9.4.2.16 and 10, XCDR version 1)
is what every RMW of ROS 2 reads: numbers lie at multiples of their size, counted from behind the encapsulation header; a string has
its length, which counts the NUL at its end; an empty sequence is a zero. Reading: decode.py.

``stamp`` is anything with sec and nanosec, of ROS or of light.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from struct import Struct, pack
from typing import Any, NamedTuple

from ..errors import MessageError

LITTLE = b"\x00\x01"  # XCDR version 1, little endian; two bytes of options follow, which mean nothing here
ENCAPSULATION = LITTLE + b"\x00\x00"
BEHIND = 4  # bytes of the encapsulation header: where counting begins
WORD, DOUBLE = 4, 8  # bytes of an integer and of a float64
NAMES = 256  # frames and joint lists remembered; a session has a few dozen

Three = Sequence[float]
Packer = Callable[..., bytes]


def gap(at: int, size: int) -> int:
    """Bytes of padding between offset ``at`` of the message and a number of ``size`` bytes."""
    return (BEHIND - at) % size


def _text(text: str) -> bytes:
    """Length, UTF-8, NUL. A NUL inside would end the string early for half of the readers."""
    try:
        raw = text.encode() + b"\0"
    except UnicodeEncodeError as error:
        raise MessageError(f"wanted a name that UTF-8 can write, got {text!r}") from error
    if raw.index(0) != len(raw) - 1:
        raise MessageError(f"wanted a name without NUL, got {text!r}")
    return pack("<I", len(raw)) + raw


def _padded(raw: bytes, size: int) -> bytes:
    """Zeros up to the next number of ``size`` bytes; ``raw`` lies behind the stamp."""
    return raw + bytes(-len(raw) % size)


@lru_cache(NAMES)
def _stamped(frame: str, doubles: int) -> tuple[Packer, bytes]:
    """Packer of a header and so many numbers, and the constant bytes between the stamp and them."""
    fixed = _padded(_text(frame), DOUBLE)
    return Struct(f"<4siI{len(fixed)}s{doubles}d").pack, fixed


class JointLayout(NamedTuple):
    """Where everything lies in a JointState of certain names and lengths. ``fixed``: the constant bytes before its three vectors."""

    struct: Struct
    fixed: tuple[bytes, bytes, bytes]


@lru_cache(NAMES)
def joint_layout(names: tuple[str, ...], lengths: tuple[int, int, int], frame: str) -> JointLayout:
    """Layout of a JointState; its numbers are the encapsulation, the stamp, and then ``fixed`` and the vectors by turns."""
    fixed = _padded(_text(frame), WORD) + pack("<I", len(names))
    for name in names:
        fixed = _padded(fixed, WORD) + _text(name)
    code, blocks, behind = "<4siI", [], 0
    for count in lengths:
        fixed = _padded(fixed, WORD) + pack("<I", count)
        fixed += bytes(-(behind + len(fixed)) % DOUBLE if count else 0)
        code, behind = f"{code}{len(fixed)}s{count}d", behind + len(fixed)
        blocks.append(fixed)
        fixed = b""
    position, velocity, effort = blocks
    return JointLayout(Struct(code), (position, velocity, effort))


def pose_cdr(position: Three, quaternion: Sequence[float], stamp: Any, frame: str) -> bytes:
    """PoseStamped of a position [m] and a quaternion w-x-y-z."""
    packer, fixed = _stamped(frame, 7)
    px, py, pz = position
    w, x, y, z = quaternion
    return packer(ENCAPSULATION, stamp.sec, stamp.nanosec, fixed, px, py, pz, x, y, z, w)


def _two_vectors(first: Three, second: Three, stamp: Any, frame: str) -> bytes:
    packer, fixed = _stamped(frame, 6)
    ax, ay, az = first
    bx, by, bz = second
    return packer(ENCAPSULATION, stamp.sec, stamp.nanosec, fixed, ax, ay, az, bx, by, bz)


def wrench_cdr(force: Three, torque: Three, stamp: Any, frame: str) -> bytes:
    """WrenchStamped of a force [N] and a torque [Nm]."""
    return _two_vectors(force, torque, stamp, frame)


def twist_cdr(linear: Three, angular: Three, stamp: Any, frame: str) -> bytes:
    """TwistStamped of velocities [m/s] and [rad/s]."""
    return _two_vectors(linear, angular, stamp, frame)


def joint_cdr(
    names: Sequence[str],
    position: Sequence[float],
    velocity: Sequence[float] = (),
    effort: Sequence[float] = (),
    *,
    stamp: Any,
    frame: str = "",
) -> bytes:
    """JointState; a missing part is an empty vector, as CRTK asks."""
    struct, fixed = joint_layout(tuple(names), (len(position), len(velocity), len(effort)), frame)
    return struct.pack(ENCAPSULATION, stamp.sec, stamp.nanosec, fixed[0], *position, fixed[1], *velocity, fixed[2], *effort)
