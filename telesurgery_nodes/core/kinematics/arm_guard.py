"""What one arm's stepper asks of the collision guard."""

from __future__ import annotations

from dataclasses import dataclass

from .collision import CollisionGuard
from .limits import Joints
from .reasons import Limit


@dataclass(frozen=True)
class ArmGuard:
    """A stepper.Guard."""

    guard: CollisionGuard
    arm: str

    def law(self, q: Joints, wanted: Joints) -> tuple[float, Limit]:
        """See `CollisionGuard.law`."""
        return self.guard.law(self.arm, q, wanted)

    def clear(self, q: Joints, new: Joints, dt: float) -> bool:
        """See `CollisionGuard.clear`."""
        return self.guard.clear(self.arm, q, new, dt)
