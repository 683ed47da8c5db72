"""How a simulated human behaves at the console: head in, wait, squeeze, press the pedal, keep it down; press anew when refused."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

from ...core.values import ConsoleState, Phase

# Squeeze: a little more than the 40 deg the console asks for, over half a second.
WIGGLE = math.radians(45.0)
WIGGLE_TIME = 0.5
# The pedal goes down this long after the squeeze began, once the hands have come into line.
PRESS_AFTER = 0.6
# The operator starts squeezing when the masters begin to align, and tries anyway when nothing happens for this long.
PATIENCE = 2.0
# Not following for this long with the pedal down: let go, wait, press again.
GIVE_UP_AFTER = 1.0
RELEASE_TIME = 0.3
# Followed for this long: the session has begun, and an operator who does not engage again keeps the pedal down from now on.
BEGUN_AFTER = 2.0

AVAILABLE = frozenset({Phase.HOLDING, Phase.ALIGNING})


class Mood(enum.Enum):
    """What the operator is doing."""

    WAITING = enum.auto()
    SQUEEZING = enum.auto()
    PRESSING = enum.auto()
    RELEASED = enum.auto()


@dataclass(frozen=True)
class Act:
    """What feet and fingers do now: engage pedal, and an angle [rad] added to both grippers."""

    engage: bool
    squeeze: float


class Operator:
    """``reengage`` False: once the arms have followed for a while, keep the pedal down whatever happens."""

    def __init__(self, reengage: bool = True) -> None:
        self._reengage = reengage
        self._mood = Mood.WAITING
        self._waiting_since: float | None = None
        self._since = -math.inf
        self._refused_since: float | None = None
        self._begun = False
        self._moods = {
            Mood.WAITING: self._waiting,
            Mood.SQUEEZING: self._squeezing,
            Mood.PRESSING: self._pressing,
            Mood.RELEASED: self._released,
        }

    def update(self, console: ConsoleState | None, aligned: bool, now: float) -> Act:
        """``console``: newest feedback, None before any; ``aligned``: the masters have stopped turning."""
        self._moods[self._mood](console, aligned, now)
        squeezing = self._mood is Mood.SQUEEZING
        return Act(self._mood is Mood.PRESSING, _wiggle(now - self._since) if squeezing else 0.0)

    def _become(self, mood: Mood, now: float) -> None:
        self._mood, self._since = mood, now
        self._waiting_since = self._refused_since = None

    def _waiting(self, console: ConsoleState | None, aligned: bool, now: float) -> None:
        if console is None or console.phase not in AVAILABLE:
            self._waiting_since = None
            return
        if self._waiting_since is None:
            self._waiting_since = now
        if console.align_goals or now - self._waiting_since > PATIENCE:
            self._become(Mood.SQUEEZING, now)

    def _squeezing(self, console: ConsoleState | None, aligned: bool, now: float) -> None:
        if console is None or console.phase not in AVAILABLE:
            self._become(Mood.WAITING, now)
        elif aligned and now - self._since >= PRESS_AFTER:
            self._become(Mood.PRESSING, now)

    def _pressing(self, console: ConsoleState | None, aligned: bool, now: float) -> None:
        # Also while PAUSED: the patient side resumes only after it has seen the pedal released.
        refused = console is not None and not console.following and console.phase is not Phase.CLUTCHED
        if not refused:
            self._refused_since = None
            self._begun = self._begun or now - self._since > BEGUN_AFTER
        elif self._refused_since is None:
            self._refused_since = now
        elif (self._reengage or not self._begun) and now - self._refused_since > GIVE_UP_AFTER:
            self._become(Mood.RELEASED, now)

    def _released(self, console: ConsoleState | None, aligned: bool, now: float) -> None:
        if now - self._since >= RELEASE_TIME:
            self._become(Mood.WAITING, now)


def _wiggle(elapsed: float) -> float:
    """Open by WIGGLE and back once, smoothly, within WIGGLE_TIME."""
    return WIGGLE * math.sin(math.pi * min(max(elapsed / WIGGLE_TIME, 0.0), 1.0)) ** 2
