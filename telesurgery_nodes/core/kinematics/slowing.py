"""Slow down before a singular posture, stop in front of it, and never hinder the way back."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ...errors import ConfigError
from .limits import JointLimits, Joints
from .reasons import Limit

PROBE = 1e-3  # [s] how far ahead the wanted speed is followed to see whether it leads nearer
HYSTERESIS = 0.1  # share of the zone the arm has to leave behind before it may come nearer again once it was stopped


@dataclass(frozen=True)
class Zone:
    """Dexterity (larger is better, the unit is the kinematics') below which the arm is ``slow``, and at which it must ``stop``."""

    slow: float
    stop: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.slow) and 0.0 < self.stop < self.slow):
            raise ConfigError(f"singularity: 0 < stop < slow wanted, got {self}")


class SingularityLaw:
    """A speed law (stepper.SpeedLaw). Nearer: joint speeds fall from their limits at ``slow`` to zero at ``stop``. Away: free."""

    def __init__(self, dexterity: Callable[[Joints], float], limits: JointLimits, zone: Zone) -> None:
        self._dexterity, self._limits, self._zone = dexterity, limits, zone
        self.stopped = False

    def __call__(self, q: Joints, v: Joints) -> tuple[float, Limit]:
        """Share of ``v`` allowed at ``q``, and SINGULARITY where it is less than all."""
        here, zone = self._dexterity(q), self._zone
        if here >= zone.slow:
            self.stopped = False
            return 1.0, Limit.NONE
        release = zone.stop + HYSTERESIS * (zone.slow - zone.stop)
        self.stopped = not here > (release if self.stopped else zone.stop)  # written so that NaN stops
        ahead = self._dexterity(tuple(x + speed * PROBE for x, speed in zip(q, v, strict=True)))
        if ahead >= here:
            return 1.0, Limit.NONE
        allowed = 0.0 if self.stopped else (here - zone.stop) / (zone.slow - zone.stop)
        used = max(abs(speed) / most for speed, most in zip(v, self._limits.velocity, strict=True))
        return (allowed / used, Limit.SINGULARITY) if allowed < used else (1.0, Limit.NONE)
