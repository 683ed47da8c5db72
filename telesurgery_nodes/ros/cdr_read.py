"""Strings, headers and the stamped types with fixed numbers, read from little-endian CDR (cdr.py).

Whatever is not plain raises one of UNUSUAL: another byte order or encapsulation, a string that is long, not UTF-8 or not ended by its
only NUL, a length beyond the bytes. Nothing is guessed, and no value is there before all of it was read. Bytes behind the last field
mean nothing, as to rclpy: RTPS fills messages up to multiples of four.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct, error

from .cdr import DOUBLE, LITTLE, NAMES, gap
from .light import Header, Pose, PoseStamped, Quaternion, Time, Twist, TwistStamped, Vector3, Wrench, WrenchStamped

HEAD = Struct("<2s2xiII")  # encapsulation, stamp, length of the frame's name
SEVEN, SIX = Struct("<7d"), Struct("<6d")
LONGEST = 256  # bytes of a string; a longer one shall not be remembered
UNUSUAL = (error, ValueError)  # ValueError: also what is not UTF-8


@lru_cache(NAMES)
def _text(raw: bytes) -> str:
    if raw.find(0) != len(raw) - 1:
        raise ValueError("wanted one NUL, at the end")
    return raw[:-1].decode()


def read_string(raw: bytes, at: int, size: int) -> str:
    """The string whose ``size`` bytes begin at ``at``."""
    end = at + size
    if not 0 < size <= LONGEST or end > len(raw):
        raise ValueError("wanted a short string")
    return _text(raw[at:end])


def read_header(raw: bytes) -> tuple[Header, int]:
    """The header, and where it ends."""
    kind, sec, nanosec, size = HEAD.unpack_from(raw)
    if kind != LITTLE:
        raise ValueError("wanted plain little-endian CDR")
    return Header(Time(sec, nanosec), read_string(raw, HEAD.size, size)), HEAD.size + size


def read_pose(raw: bytes) -> PoseStamped:
    """PoseStamped of its bytes."""
    header, at = read_header(raw)
    px, py, pz, x, y, z, w = SEVEN.unpack_from(raw, at + gap(at, DOUBLE))
    return PoseStamped(header, Pose(Vector3(px, py, pz), Quaternion(x, y, z, w)))


def _two_vectors(raw: bytes) -> tuple[Header, Vector3, Vector3]:
    header, at = read_header(raw)
    ax, ay, az, bx, by, bz = SIX.unpack_from(raw, at + gap(at, DOUBLE))
    return header, Vector3(ax, ay, az), Vector3(bx, by, bz)


def read_wrench(raw: bytes) -> WrenchStamped:
    """WrenchStamped of its bytes."""
    header, force, torque = _two_vectors(raw)
    return WrenchStamped(header, Wrench(force, torque))


def read_twist(raw: bytes) -> TwistStamped:
    """TwistStamped of its bytes."""
    header, linear, angular = _two_vectors(raw)
    return TwistStamped(header, Twist(linear, angular))
