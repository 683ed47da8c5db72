"""Why a set point is not what was asked for: every clamp, refusal and slow-down has one bit, one kind and one sentence.

The bits are counted by arm control, published in /diagnostics, taped, and named in the report by the sentences below.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import NamedTuple


class Limit(enum.IntFlag):
    """What bit while a set point was made."""

    NONE = 0
    VELOCITY = 1
    ACCELERATION = 2
    POSITION = 4
    SOFT_MARGIN = 8
    WRIST = 16
    INSERTION = 32
    TIP_SPEED = 64
    STOPPING = 128
    UNREACHABLE = 256
    BRANCH = 512
    LATE = 1024
    COLLISION = 2048
    FORCE = 4096
    SINGULARITY = 8192
    JERK = 16384
    JAW = 32768
    TROCAR = 65536

    def __or__(self, other: int) -> Limit:
        """Nearly always one side is NONE, and the flags' own costs 1 us; 20 a control tick."""
        if not other:
            return self
        return super().__or__(other) if self or not isinstance(other, Limit) else other


class Kind(enum.Enum):
    """What a reason does to the motion."""

    CLAMP = "clamp"  # the arm goes somewhere else than asked, as near as it may
    SLOW = "slow-down"  # the arm goes there later
    REFUSAL = "refusal"  # the arm stays
    NOTE = "note"  # told only


class Reason(NamedTuple):
    """``sentence`` is for people: what happened, not what to do."""

    kind: Kind
    sentence: str


REASONS: Mapping[Limit, Reason] = {
    Limit.VELOCITY: Reason(Kind.SLOW, "a joint is at its speed limit"),
    Limit.ACCELERATION: Reason(Kind.SLOW, "a joint is at its acceleration limit"),
    Limit.POSITION: Reason(Kind.CLAMP, "a joint is at the end of its range"),
    Limit.SOFT_MARGIN: Reason(Kind.SLOW, "a joint is in the margin before the end of its range: the nearer, the slower"),
    Limit.WRIST: Reason(Kind.CLAMP, "the orientation cannot be reached: given up to keep the tip position"),
    Limit.INSERTION: Reason(Kind.CLAMP, "the tool is as deep, or as near to the trocar, as it may be"),
    Limit.TIP_SPEED: Reason(Kind.SLOW, "the tip is at its speed limit"),
    Limit.STOPPING: Reason(Kind.SLOW, "slowed so that the arm can still stop inside its range"),
    Limit.UNREACHABLE: Reason(Kind.REFUSAL, "no joints for this tip pose within range and trocar: the arm holds"),
    Limit.BRANCH: Reason(Kind.CLAMP, "the only solution is a wrist flip away: the orientation is held back"),
    Limit.LATE: Reason(Kind.SLOW, "the control tick was late: its step was not stretched"),
    Limit.COLLISION: Reason(Kind.SLOW, "another arm, the table or a forbidden zone is near"),
    Limit.FORCE: Reason(Kind.SLOW, "the force at the tool is near its limit"),
    Limit.SINGULARITY: Reason(Kind.SLOW, "near a posture in which a small tip step needs a large joint step"),
    Limit.JERK: Reason(Kind.SLOW, "a change of acceleration was spread over the rise time"),
    Limit.JAW: Reason(Kind.CLAMP, "the jaw is at the end of its range"),
    Limit.TROCAR: Reason(Kind.NOTE, "the shaft is further from the trocar than it should be"),
}


_SINGLE = tuple((int(reason), reason) for reason in REASONS)  # plain numbers: arithmetic on flags costs 1 us each


def bits(reasons: int) -> list[Limit]:
    """The single reasons in ``reasons``, lowest bit first."""
    number = int(reasons)
    return [reason for bit, reason in _SINGLE if bit & number] if number else []


def name_of(reason: Limit) -> str:
    """Key of a single reason in counters, diagnostics and the report."""
    return str(reason.name).lower()


def words(reasons: int) -> str:
    """Sentences of everything in ``reasons``; "nothing" for none."""
    return "; ".join(REASONS[reason].sentence for reason in bits(reasons)) or "nothing"
