"""The robot's own brake: the innermost of the three layers that can stop the arms (DESIGN.md 8).

As a dVRK board's watchdog does, the robot stops by itself when set points stop coming, whoever is to blame, and stays stopped
until it is told to go on. It trusts nothing above it.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass

from telesurgery_nodes.errors import ConfigError

# Default 50 ms: 12 missed set points at 250 Hz. The longest allowed is what a hand covers in 12 mm at 60 mm/s.
DEFAULT_SILENCE = 0.05
LONGEST_SILENCE = 0.2


class OperatingState(str, enum.Enum):
    """CRTK operating states the robot uses."""

    DISABLED = "DISABLED"
    ENABLED = "ENABLED"
    PAUSED = "PAUSED"


@dataclass(frozen=True)
class BrakeConfig:
    """``silence`` [s]: set points silent for longer brake the robot."""

    silence: float = DEFAULT_SILENCE

    def __post_init__(self) -> None:
        """Refuse a silence that would never brake."""
        if not 0.0 < self.silence <= LONGEST_SILENCE:  # also refuses NaN
            raise ConfigError(f"brake silence: wanted more than 0 and at most {LONGEST_SILENCE} s, got {self.silence}")


@dataclass(frozen=True)
class BrakeOutput:
    """``frozen``: the brake is on. ``cause``: why it came on last. ``refused``: state commands refused since the start."""

    frozen: bool
    state: OperatingState
    cause: str
    refused: int


# state command -> the state it leads to. "resume" only leaves PAUSED: it must not wake a robot nobody enabled.
_COMMANDS: Mapping[str, OperatingState] = {
    "enable": OperatingState.ENABLED,
    "resume": OperatingState.ENABLED,
    "pause": OperatingState.PAUSED,
    "disable": OperatingState.DISABLED,
}


class RobotBrake:
    """Latched brake of the whole cart. Starts DISABLED and braked.

    An arm is watched from its first set point after the brake was let go; before that it stands still anyway.
    """

    def __init__(self, config: BrakeConfig) -> None:
        """Start braked."""
        self._config = config
        self._state = OperatingState.DISABLED
        self._cause = "not enabled yet"
        self._released = math.inf
        self._refused = 0

    def update(self, now: float, last_setpoint: Mapping[str, float], command: str | None = None) -> BrakeOutput:
        """Take one state command (CRTK word or None) and the time of each arm's newest set point [s]; say whether to brake.

        Times are of the steady clock. A clock that is not a number, or a set point from the future, brakes: neither can be trusted.
        """
        if command is not None:
            self._obey(command, now)
        if self._state is OperatingState.ENABLED:
            self._watch(now, last_setpoint)
        return BrakeOutput(self._state is not OperatingState.ENABLED, self._state, self._cause, self._refused)

    def _obey(self, command: str, now: float) -> None:
        wanted = _COMMANDS.get(command)
        if wanted is None or (self._state is OperatingState.DISABLED and command in ("resume", "pause")):
            self._refused += 1
            return
        if wanted is OperatingState.ENABLED:
            if self._state is not OperatingState.ENABLED:
                self._released = now
            self._state, self._cause = wanted, ""
            return
        self._state, self._cause = wanted, f"state command {command}"

    def _watch(self, now: float, last_setpoint: Mapping[str, float]) -> None:
        if not math.isfinite(now):
            self._pause("the clock is not a number")
            return
        for arm, at in last_setpoint.items():
            if not at <= now:  # the future, or NaN
                self._pause(f"{arm}: set point from the future")
            elif at >= self._released and now - at > self._config.silence:
                self._pause(f"{arm}: no set point for {(now - at) * 1e3:.0f} ms")

    def _pause(self, cause: str) -> None:
        self._state, self._cause = OperatingState.PAUSED, cause
