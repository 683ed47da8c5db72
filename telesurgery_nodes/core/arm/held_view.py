"""The view an arm's targets stand in. While they follow it is held: a camera that moves must not drag the instruments with it.

dVRK composes the goal with the change of the base frame since the clutch (mtsTeleOperationPSM, base_frame); holding the frame of the
beginning is the same thing without the arithmetic.
"""

from __future__ import annotations

from ..kinematics.frames import Frame


class HeldView:
    """``held``: view -> RCM frame in force."""

    def __init__(self) -> None:
        self.held: Frame | None = None

    def update(self, live: Frame | None, following: bool) -> Frame | None:
        """The view of this tick: ``live`` until a target is followed, then the one it began in."""
        if not following or self.held is None:
            self.held = live
        return self.held
