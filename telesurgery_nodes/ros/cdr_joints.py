"""JointState read from little-endian CDR; raises as cdr_read.py does.

Of an arm's messages only stamp and numbers change: where all else is as it was in the last one, one unpack reads them.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct
from typing import NamedTuple

from .cdr import DOUBLE, ENCAPSULATION, NAMES, WORD, JointLayout, gap, joint_layout
from .cdr_read import read_header, read_string
from .light import Header, JointState, Time

COUNT = Struct("<I")
HINT = slice(12, 44)  # from the frame to the first name: bytes that likely say whose message it is
LONGEST_KEPT = 4096  # [bytes] the layout of a longer message is not remembered


@lru_cache(NAMES)
def _doubles(count: int) -> Struct:
    return Struct(f"<{count}d")


def read_count(raw: bytes, at: int) -> tuple[int, int]:
    """A length, and where it ends."""
    at += gap(at, WORD)
    return COUNT.unpack_from(raw, at)[0], at + WORD


def read_vector(raw: bytes, at: int) -> tuple[tuple[float, ...], int]:
    """A vector, and where it ends."""
    count, at = read_count(raw, at)
    if count == 0:
        return (), at
    at += gap(at, DOUBLE)
    return _doubles(count).unpack_from(raw, at), at + DOUBLE * count


class _Known(NamedTuple):
    """Layout of the last JointState with such a beginning. ``fixed``: where its constant bytes are among what one unpack reads."""

    layout: JointLayout
    frame: str
    name: tuple[str, ...]
    fixed: tuple[int, int, int]


_KNOWN: dict[tuple[int, bytes], _Known] = {}


def read_joint_state(raw: bytes) -> JointState:
    """JointState of its bytes."""
    hint = len(raw), raw[HINT]
    return _like(_KNOWN.get(hint), raw) or _keep(hint, _walk(raw))


def _like(known: _Known | None, raw: bytes) -> JointState | None:
    """Read by one unpack where every byte that is not a number is as it was."""
    if known is None:
        return None
    read = known.layout.struct.unpack_from(raw)
    first, second, third = known.fixed
    if read[0] != ENCAPSULATION or (read[first], read[second], read[third]) != known.layout.fixed:
        return None
    header = Header(Time(read[1], read[2]), known.frame)
    return JointState(header, known.name, read[first + 1 : second], read[second + 1 : third], read[third + 1 :])


def _keep(hint: tuple[int, bytes], msg: JointState) -> JointState:
    if hint[0] > LONGEST_KEPT:
        return msg
    if len(_KNOWN) >= NAMES:
        _KNOWN.clear()
    lengths = len(msg.position), len(msg.velocity), len(msg.effort)
    fixed = 3, 4 + lengths[0], 5 + lengths[0] + lengths[1]  # behind the encapsulation and the two numbers of the stamp
    _KNOWN[hint] = _Known(joint_layout(msg.name, lengths, msg.header.frame_id), msg.header.frame_id, msg.name, fixed)
    return msg


def _walk(raw: bytes) -> JointState:
    header, at = read_header(raw)
    count, at = read_count(raw, at)
    names = []
    for _ in range(count):  # each takes bytes, so that a false count ends with them
        size, at = read_count(raw, at)
        names.append(read_string(raw, at, size))
        at += size
    position, at = read_vector(raw, at)
    velocity, at = read_vector(raw, at)
    effort, at = read_vector(raw, at)
    return JointState(header, tuple(names), position, velocity, effort)
