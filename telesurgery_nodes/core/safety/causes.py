"""The one table of safety causes: what each does, when, how it clears, and how it is told to humans.

The integer of a ``Cause`` travels in ``Permit.cause``, so codes are never reused. A cause is measured in seconds (the age of the
last good input, or how long a condition has lasted): beyond ``hold_after`` the arm holds and may go on by itself, beyond
``latch_after`` the row's ``forces`` applies. Numbers: safety.md sections 3 and 5. Adding a cause is one row here and one test.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

NEVER = math.inf
AT_ONCE = -1.0  # any measured duration, also zero, is beyond it


class Cause(enum.IntEnum):
    """Why the arm may not move (or what the team should know). 0: nothing."""

    NONE = 0
    STARTUP = 1
    COMMAND_SILENT = 2
    MASTER_STALE = 3
    PICTURE_OLD = 4
    PICTURE_STALE = 5
    VIDEO_SILENT = 6
    ROUND_TRIP = 7
    PATH_LOST = 8
    PATHS_DOWN = 9
    BRIDGE_SILENT = 10
    BRIDGE_RESTART = 11
    PEER_RESTART = 12
    ARM_SILENT = 13
    ARM_RESTART = 14
    ROBOT_SILENT = 15
    ROBOT_NOT_READY = 16
    TRACKING = 17
    BAD_COMMAND = 18
    JUMP = 19
    PERMIT_LOST = 20
    WATCHDOG_OVERRUN = 21
    WATCHDOG_RESTART = 22
    LOCAL_PAUSE = 23
    LOCAL_STOP = 24
    NO_PERMISSION = 25
    REMOTE_STOP = 26
    REMOTE_STOP_HELD = 27
    ONE_PATH = 28
    OVER_FORCE = 30
    FORCE_UNKNOWN = 31


class Tier(enum.IntEnum):
    """How hard a cause bites at this instant; the greatest wins."""

    CLEAR = 0
    NOTE = 1
    HOLD = 2
    LATCH = 3
    FAULT = 4


class Scope(enum.Enum):
    """Where a cause drives the phase. Outside its scope a biting cause still forbids entering FOLLOWING."""

    MOVING = "while following, clutched or coasting"
    ENABLED = "in every enabled phase"
    ALWAYS = "in every phase"
    GATE = "inside arm control's gate only"


class Clear(enum.Enum):
    """Who or what ends it once it is latched."""

    ITSELF = "by itself when it ends"
    RELEASE = "2 s calm, pedal released, then a new press"
    RESUME = "local resume, then 2 s calm, pedal released, a new press"
    RESET = "local reset, then enable"
    EPOCH = "a permit with a larger motion epoch (a new press)"


class Alarm(enum.Enum):
    """Alarm priority, after IEC 60601-1-8 (orientation, not compliance)."""

    NONE = "-"
    LOW = "L"
    MEDIUM = "M"
    HIGH = "H"


@dataclass(frozen=True)
class CauseRow:
    """One cause. ``hold_after``/``latch_after`` [s]; ``scaled``: the host's timing profile stretches them."""

    forces: Tier
    hold_after: float
    latch_after: float
    scope: Scope
    clear: Clear
    alarm: Alarm
    scaled: bool
    sentence: str


@dataclass(frozen=True)
class Timing:
    """How patient the rules are on this host: factors on the hold and the latch times of scaled rows."""

    name: str
    hold_factor: float
    latch_factor: float


# A shared host starves the *publishers* for up to 100 ms (safety.md 4.1: 9 to 51 false holds in 27 s at 30 ms), so 50/150 -> 100/250 ms.
TIMINGS: Mapping[str, Timing] = MappingProxyType(
    {"realtime": Timing("realtime", 1.0, 1.0), "shared": Timing("shared", 2.0, 5.0 / 3.0)}
)

_M, _E, _A, _G = Scope.MOVING, Scope.ENABLED, Scope.ALWAYS, Scope.GATE
_HIGH, _MED, _LOW = Alarm.HIGH, Alarm.MEDIUM, Alarm.LOW
_PAUSE, _FAULT, _NOTE, _HOLD = Tier.LATCH, Tier.FAULT, Tier.NOTE, Tier.HOLD
_REL, _SELF = Clear.RELEASE, Clear.ITSELF

CAUSES: Mapping[Cause, CauseRow] = MappingProxyType(
    {
        Cause.NONE: CauseRow(Tier.CLEAR, NEVER, NEVER, _A, _SELF, Alarm.NONE, False, "nothing forbids motion"),
        Cause.STARTUP: CauseRow(_HOLD, AT_ONCE, NEVER, _A, _SELF, _LOW, False, "waiting for the first report of the bridge and the arm"),
        Cause.COMMAND_SILENT: CauseRow(_PAUSE, 0.050, 0.150, _M, _REL, _HIGH, True, "no command from the surgeon"),
        Cause.MASTER_STALE: CauseRow(_PAUSE, AT_ONCE, 0.100, _M, _REL, _HIGH, True, "the surgeon's hands are not being measured"),
        Cause.PICTURE_OLD: CauseRow(_NOTE, NEVER, 0.300, _M, _SELF, _MED, False, "the surgeon's picture is getting old"),
        Cause.PICTURE_STALE: CauseRow(_PAUSE, NEVER, 0.500, _M, _REL, _HIGH, False, "the surgeon sees an old or frozen picture"),
        Cause.VIDEO_SILENT: CauseRow(_PAUSE, 0.150, 0.300, _M, _REL, _HIGH, False, "the camera at the patient sends nothing"),
        Cause.ROUND_TRIP: CauseRow(_PAUSE, NEVER, 0.500, _M, _REL, _MED, False, "the round trip is too long to operate"),
        Cause.PATH_LOST: CauseRow(_NOTE, NEVER, AT_ONCE, _M, _SELF, _MED, False, "a network path is lost: no redundancy"),
        Cause.ONE_PATH: CauseRow(_NOTE, NEVER, AT_ONCE, _A, _SELF, _LOW, False, "there is one network path only: no redundancy"),
        Cause.PATHS_DOWN: CauseRow(_PAUSE, 0.050, 0.150, _M, _REL, _HIGH, True, "no network path is up"),
        Cause.BRIDGE_SILENT: CauseRow(_PAUSE, 0.060, 0.150, _M, _REL, _HIGH, True, "the bridge at the patient is silent"),
        Cause.BRIDGE_RESTART: CauseRow(_PAUSE, NEVER, AT_ONCE, _E, _REL, _HIGH, False, "the bridge at the patient started again"),
        Cause.PEER_RESTART: CauseRow(_PAUSE, NEVER, AT_ONCE, _E, _REL, _HIGH, False, "the surgeon's session changed"),
        Cause.ARM_SILENT: CauseRow(_PAUSE, 0.060, 0.150, _E, _REL, _HIGH, True, "arm control is silent"),
        Cause.ARM_RESTART: CauseRow(_PAUSE, NEVER, AT_ONCE, _E, _REL, _HIGH, False, "arm control started again"),
        Cause.ROBOT_SILENT: CauseRow(_PAUSE, 0.050, 0.150, _E, _REL, _HIGH, True, "a robot arm is silent"),
        Cause.ROBOT_NOT_READY: CauseRow(_PAUSE, AT_ONCE, 0.150, _E, _REL, _MED, True, "a robot arm is not enabled and homed"),
        Cause.TRACKING: CauseRow(_FAULT, NEVER, AT_ONCE, _E, Clear.RESET, _HIGH, False, "a robot arm does not follow its set point"),
        Cause.BAD_COMMAND: CauseRow(_PAUSE, NEVER, AT_ONCE, _M, _REL, _HIGH, False, "commands were refused as impossible, again and again"),
        Cause.JUMP: CauseRow(_PAUSE, AT_ONCE, NEVER, _G, Clear.EPOCH, _HIGH, False, "the target jumped away from the set point"),
        Cause.PERMIT_LOST: CauseRow(_PAUSE, 0.060, 0.150, _G, Clear.EPOCH, _HIGH, True, "no live motion permit"),
        Cause.WATCHDOG_OVERRUN: CauseRow(_PAUSE, 0.060, 0.150, _E, _REL, _HIGH, True, "the safety watchdog ran late"),
        Cause.WATCHDOG_RESTART: CauseRow(_PAUSE, NEVER, AT_ONCE, _G, Clear.EPOCH, _HIGH, False, "the safety watchdog started again"),
        Cause.LOCAL_PAUSE: CauseRow(_PAUSE, NEVER, AT_ONCE, _E, Clear.RESUME, _MED, False, "paused by the team at the patient"),
        Cause.LOCAL_STOP: CauseRow(_FAULT, NEVER, AT_ONCE, _A, Clear.RESET, _HIGH, False, "stopped by the team at the patient"),
        Cause.REMOTE_STOP: CauseRow(_FAULT, NEVER, AT_ONCE, _A, Clear.RESET, _HIGH, False, "stopped by the surgeon"),
        # Not a fault, so that a stop stuck at the far end cannot keep the local team from resetting and taking over.
        Cause.REMOTE_STOP_HELD: CauseRow(_HOLD, AT_ONCE, NEVER, _A, _SELF, _MED, False, "the surgeon's stop is still latched"),
        Cause.NO_PERMISSION: CauseRow(_HOLD, AT_ONCE, NEVER, _G, _SELF, Alarm.NONE, False, "the permit does not allow motion"),
        Cause.OVER_FORCE: CauseRow(_HOLD, AT_ONCE, NEVER, _G, _SELF, _HIGH, False, "a tool pushes too hard: it may only come away"),
        Cause.FORCE_UNKNOWN: CauseRow(_HOLD, AT_ONCE, NEVER, _G, _SELF, _MED, False, "the force on a tool is not known"),
    }
)


def limits(cause: Cause, timing: Timing) -> tuple[float, float]:
    """(hold, latch) times [s] of a cause under a timing profile."""
    row = CAUSES[cause]
    if not row.scaled:
        return row.hold_after, row.latch_after
    return row.hold_after * timing.hold_factor, row.latch_after * timing.latch_factor


def tier(cause: Cause, lasting: float, timing: Timing) -> Tier:
    """How hard a cause that has lasted ``lasting`` [s] bites. Not a number, or negative, counts as for ever."""
    hold_after, latch_after = limits(cause, timing)
    seconds = lasting if lasting >= 0.0 else math.inf
    if seconds > latch_after:
        return CAUSES[cause].forces
    return Tier.HOLD if seconds > hold_after else Tier.CLEAR
