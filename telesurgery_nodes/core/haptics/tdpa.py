"""Time-domain passivity on a delayed two-port: position one way, force the other, an observer and a controller at each end.

Observer: a tank (tank.py). Controller: the hand's force and the tool's step are shortened to what the tank can pay for, before they
act, not after. The tool always aims at the hand's newest displacement, so no drift is left once the tank fills again.

A tool may press only with what the hand has paid for, but a hand that feels nothing pays nothing. So a hand whose tank is low moves
against a little damping until both tanks are filled (the tank level controller of Franken et al. 2011).
"""

from __future__ import annotations

import math

import numpy as np

from ..values import FloatArray
from .control import safe_force, safe_step, shortened, spent
from .ports import FASTEST, HandOutput, HandSays, Ticks, ToolOutput, ToolSays
from .tank import HAND_KEEP, HAND_SLACK, TOOL_KEEP, TOOL_SLACK, Tank

FILL_LEVEL = 5e-3  # [J] below this the hand's damping begins, in full at zero
HALF = 0.5  # of what a hand with a low tank puts in goes to the tool
FILL_DAMPING = 10.0  # [N s/m] 0.5 N at 50 mm/s fills a tank within half a second

class TdpaHand:
    """The surgeon's end."""

    def __init__(self, axes: int = 3, start: FloatArray | None = None) -> None:
        """``start``: displacement it begins at."""
        self.tank = Tank(HAND_SLACK, HAND_KEEP)
        self._ticks, self._none = Ticks(), np.zeros(axes)
        self._force, self._before = self._none, self._none if start is None else start

    def update(self, displacement: FloatArray, heard: ToolSays | None, now: float, most: float = math.inf) -> HandOutput:
        """What the hand put in goes to the tool; what the tool gave back pays for pushing the hand."""
        dt, step = self._ticks.since(now), displacement - self._before
        entered = float(self._force @ step)
        self._before = displacement
        self.tank.flow(entered)
        if heard is not None:
            self.tank.receive(heard.credit)
        self.tank.give(entered if self.tank.level > FILL_LEVEL else HALF * entered)
        self.tank.dump()
        wanted = (heard.force if heard is not None else self._none) + self._filling(step, dt)
        self._force = shortened(safe_force(wanted, step, dt, self.tank.level), most)
        return HandOutput(self._force, HandSays(displacement, self._none, self.tank.sent), self._force is not wanted)

    def _filling(self, step: FloatArray, dt: float) -> FloatArray:
        shortage = min(max(1.0 - self.tank.level / FILL_LEVEL, 0.0), 1.0)
        return step * (shortage * FILL_DAMPING / dt) if dt > 0.0 else self._none


class TdpaTool:
    """The patient's end."""

    def __init__(self, axes: int = 3, start: FloatArray | None = None) -> None:
        """``start``: displacement it begins at."""
        self.tank = Tank(TOOL_SLACK, TOOL_KEEP)
        self._ticks, self._none = Ticks(), np.zeros(axes)
        self._at, self._step, self._force = self._none if start is None else start, self._none, self._none

    def update(self, heard: HandSays | None, force: FloatArray, now: float) -> ToolOutput:
        """What the surroundings gave back goes to the hand, beyond what is kept; the next step is what can be paid for."""
        dt = self._ticks.since(now)
        back = -spent(self._step, self._force, force)
        self.tank.flow(back)
        if heard is not None:
            self.tank.receive(heard.credit)
        self.tank.give(min(back, self.tank.level - self.tank.keep))
        self.tank.dump()
        wanted = heard.displacement - self._at if heard is not None else self._none
        self._step, self._force = safe_step(wanted, force, self.tank.level, FASTEST * dt), force
        self._at = self._at + self._step
        limited = bool(np.any(self._step != wanted))
        return ToolOutput(self._at, ToolSays(force, self._none, self.tank.sent), limited)
