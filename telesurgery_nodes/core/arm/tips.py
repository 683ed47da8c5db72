"""The tips of an arm's joints, each computed once: gate, watch, telemetry and tape all ask for the same two."""

from __future__ import annotations

from collections.abc import Callable

from ..kinematics.frames import Frame
from ..kinematics.limits import Joints

KEPT = 2  # the set point's and the measured ones


class Tips:
    """What was asked for last is kept. The same numbers have the same tip: an arm that rests is measured again and again."""

    def __init__(self, forward: Callable[[Joints], Frame]) -> None:
        """``forward``: joints -> tip in the RCM frame."""
        self._forward = forward
        self._known: list[tuple[Joints, Frame]] = []

    def of(self, joints: Joints) -> Frame:
        """Tip at ``joints`` in the RCM frame."""
        for index, (known, tip) in enumerate(self._known):
            if known is joints or known == joints:
                if index:
                    self._known.insert(0, self._known.pop(index))
                return tip
        tip = self._forward(joints)
        self._known = [(joints, tip), *self._known[: KEPT - 1]]
        return tip
