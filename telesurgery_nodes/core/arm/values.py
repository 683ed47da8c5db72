"""What goes into and comes out of one arm's control tick."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from ..kinematics.frames import Frame
from ..kinematics.limits import Joints
from ..kinematics.reasons import Limit
from .trace import Stamp

Ceiling = tuple[float, Limit]
FREE: Ceiling = (1.0, Limit.NONE)


class Measured(NamedTuple):
    """Joints as the robot reports them, plain floats; ``jaw`` NaN where there is none. ``age`` [s]."""

    position: Joints
    velocity: Joints
    jaw: float
    age: float


@dataclass(frozen=True)
class ArmInputs:
    """One tick's facts.

    ``target`` tip pose in the view frame with its ``stamp``; ``jaw`` target [rad]; ``motion``: the gate's leave for target and
    jaw; ``local_motion``: the leave for joint moves and homing (live permit, nobody follows); ``rcm_view``: view -> RCM frame.
    ``ceilings``: shares [0, 1] of the speed the arm would have otherwise that others allow in this tick (collision, force), each with
    its reason; the smallest counts, 0 or NaN brakes.
    """

    target: Frame | None
    stamp: Stamp | None
    jaw: float | None
    motion: bool
    local_motion: bool
    measured: Measured | None
    rcm_view: Frame
    ceilings: tuple[Ceiling, ...] = ()

    @property
    def ceiling(self) -> Ceiling:
        """The strictest of them; a share that is no number counts as 0."""
        if not self.ceilings:
            return FREE
        sound = [(share if share >= 0.0 else 0.0, reason) for share, reason in self.ceilings]
        return min(sound, key=lambda ceiling: ceiling[0])


@dataclass(frozen=True)
class ArmOutput:
    """``joints``/``jaw`` None: send nothing, the robot's own brake holds. ``served``: stamp of the command this set point serves."""

    joints: Joints | None
    jaw: float | None
    reasons: Limit
    served: Stamp | None
    moving: bool
