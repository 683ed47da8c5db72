"""How hard the tool pushes, and what may still move: the force the surroundings exert on the tip, judged against two limits.

Denies by default: a force that is required and missing, old or not a number forbids every motion. Above the stop limit the tool
may still come away: a step whose tip goes along the force, never one against it.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, replace

from telesurgery_nodes.core.kinematics.frames import Vector, dot, norm

WARN_N, STOP_N = 3.0, 5.0  # safety.md section 3
AGE = 0.15  # [s] an older force is not the present one: where a silent robot latches on a real-time host
ALONG = 1e-9  # [m] a step against the force by no more than this is rounding


class Push(enum.Enum):
    """What is known about the force."""

    FREE = "free"
    WARN = "warn"
    STOP = "stop"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Force:
    """Force on the tip ``vector`` [N], RCM frame, measured ``age`` [s] ago."""

    vector: Vector
    age: float


@dataclass(frozen=True)
class ForceLimits:
    """``warn`` is told, ``stop`` forbids pushing further [N]; ``age`` [s]; ``required`` False: an arm that measures no force moves."""

    warn: float = WARN_N
    stop: float = STOP_N
    age: float = AGE
    required: bool = True

    def unrequired(self) -> ForceLimits:
        """The same for an arm on which nobody measures it."""
        return replace(self, required=False)


def push(force: Force | None, limits: ForceLimits) -> Push:
    """How severe a force is. Without one: unknown where it is required, free elsewhere."""
    if force is None:
        return Push.UNKNOWN if limits.required else Push.FREE
    if not (0.0 <= force.age <= limits.age and all(map(math.isfinite, force.vector))):
        return Push.UNKNOWN
    size = norm(force.vector)
    if size > limits.stop:
        return Push.STOP
    return Push.WARN if size > limits.warn else Push.FREE


def pushes(step: Vector, force: Force) -> bool:
    """Whether a tip's ``step`` [m] goes against the force (same frame), that is further into what is being pushed."""
    return not dot(step, force.vector) >= -ALONG * norm(force.vector)  # True for NaN
