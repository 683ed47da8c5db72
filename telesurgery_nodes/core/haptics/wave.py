"""Wave variables (Anderson and Spong 1989; Niemeyer and Slotine 1991), made safe for jitter and loss by sending integrals and energy.

With the wave impedance b: u = (b v + f) / sqrt(2 b) goes to the tool, w = (b v - f) / sqrt(2 b) comes back. A line of any constant
delay then stores energy and never makes any. Delay that changes would: so what is sent is the running integral of the wave and the
running total of its energy (Niemeyer and Slotine 1998), and the receiver plays the integral back no faster than the energy in its
tank pays for. A lost datagram loses nothing, and a gap only dissipates.
"""

from __future__ import annotations

import math

import numpy as np

from ..values import FloatArray
from .control import NOISE_N, safe_force, safe_step, shortened, spent
from .ports import FASTEST, HandOutput, HandSays, Ticks, ToolOutput, ToolSays
from .tank import HAND_KEEP, HAND_SLACK, TOOL_KEEP, TOOL_SLACK, Tank

IMPEDANCE = 10.0  # b [N s/m]: 0.5 N of resistance to a hand at 50 mm/s while the wave travels
ECHO = 0.5  # of the tool's motion in the returning wave; all of it would run to and fro for ever between a free tool and a firm hand
SHARE = (1.0 + ECHO) / 2.0  # of the hand's motion in the wave it sends, so that a tool in free space keeps up with the hand
PLAYBACK = 0.02  # [s] over which what came at once is played back
DRIFT = 1.0  # [1/s] share of a left-over displacement taken back per second in free space
ROOT = math.sqrt(2.0 * IMPEDANCE)


class WaveIn:
    """Plays a received wave integral back."""

    def __init__(self, axes: int) -> None:
        self._played = np.zeros(axes)

    def play(self, integral: FloatArray | None, dt: float) -> FloatArray:
        """The wave for this tick."""
        if integral is None or dt <= 0.0:
            return np.zeros_like(self._played)
        wave: FloatArray = (integral - self._played) / max(PLAYBACK, dt)
        self._played = self._played + wave * dt
        return wave


class WaveOut:
    """Sends a wave as far as the tank pays for it."""

    def __init__(self, axes: int) -> None:
        self.integral = np.zeros(axes)

    def send(self, wave: FloatArray, dt: float, tank: Tank) -> None:
        """Half its square times ``dt`` leaves the tank; one that cannot be paid for is made smaller."""
        cost = 0.5 * float(wave @ wave) * dt
        paid = tank.give(cost)
        if cost > 0.0:
            self.integral = self.integral + wave * (math.sqrt(paid / cost) * dt)
        tank.dump()


class WaveHand:
    """The surgeon's end."""

    def __init__(self, axes: int = 3, start: FloatArray | None = None) -> None:
        """``start``: displacement it begins at."""
        self.tank = Tank(HAND_SLACK, HAND_KEEP)
        self._ticks, self._in, self._out = Ticks(), WaveIn(axes), WaveOut(axes)
        self._force = self._wave = np.zeros(axes)
        self._before = self._force if start is None else start

    def update(self, displacement: FloatArray, heard: ToolSays | None, now: float, most: float = math.inf) -> HandOutput:
        """Send the wave of the last tick, then make the force of the next."""
        dt, step = self._ticks.since(now), displacement - self._before
        self._before = displacement
        self.tank.flow(float(self._force @ step))
        if heard is not None:
            self.tank.receive(heard.credit)
        speed = step / dt if dt > 0.0 else np.zeros_like(step)
        self._out.send(SHARE * ROOT * speed - self._wave, dt, self.tank)
        self._wave = self._in.play(heard.wave if heard is not None else None, dt)
        wanted = IMPEDANCE * speed - ROOT * self._wave
        self._force = shortened(safe_force(wanted, step, dt, self.tank.level), most)
        return HandOutput(self._force, HandSays(displacement, self._out.integral, self.tank.sent), self._force is not wanted)


class WaveTool:
    """The patient's end."""

    def __init__(self, axes: int = 3, start: FloatArray | None = None) -> None:
        """``start``: displacement it begins at."""
        self.tank = Tank(TOOL_SLACK, TOOL_KEEP)
        self._ticks, self._in, self._out = Ticks(), WaveIn(axes), WaveOut(axes)
        self._step = self._force = self._wave = self._aside = np.zeros(axes)
        self._at = self._step if start is None else start

    def update(self, heard: HandSays | None, force: FloatArray, now: float) -> ToolOutput:
        """Return the wave of the last tick, then make the next step."""
        dt, mean = self._ticks.since(now), 0.5 * (self._force + force)
        self.tank.flow(-spent(self._step, self._force, force))
        if heard is not None:
            self.tank.receive(heard.credit)
        speed = (self._step - self._aside) / dt if dt > 0.0 else np.zeros_like(force)
        self._out.send((ECHO * IMPEDANCE * speed - mean) / ROOT, dt, self.tank)
        self._wave = self._in.play(heard.wave if heard is not None else None, dt)
        self._aside = self._left_over(heard, force, dt)
        wanted = (ROOT * self._wave - force) * (dt / IMPEDANCE) + self._aside
        self._step, self._force = safe_step(wanted, force, self.tank.level, FASTEST * dt), force
        self._at = self._at + self._step
        limited = bool(np.any(self._step != wanted))
        return ToolOutput(self._at, ToolSays(force, self._out.integral, self.tank.sent), limited)

    def _left_over(self, heard: HandSays | None, force: FloatArray, dt: float) -> FloatArray:
        """A step towards where the hand is, in free space only: it exchanges no energy, and no wave tells the hand of it."""
        if heard is None or float(np.linalg.norm(force)) >= NOISE_N:
            return np.zeros_like(force)
        step: FloatArray = (heard.displacement - self._at) * min(1.0, DRIFT * dt)
        return step
