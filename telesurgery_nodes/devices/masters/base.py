"""What every simulated master shares: motorised wrists that obey alignment goals, a simulated operator, samples with rising numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from ...core.rotations import angle, exp, log, orthonormal, towards
from ...core.teleop.tool_pace import within
from ...core.values import MASTERS, ConsoleState, FloatArray, Hand, HandSample, Pedals, Phase, Pose
from ...errors import DeviceError
from .operator import Operator

# A dVRK MTM's wrist aligns within a second or two; bounded so that it looks and measures like a motor.
WRIST_RATE = math.radians(60.0)
# The wrist counts as arrived well inside the console's 2 deg gate.
ARRIVED = math.radians(0.5)
# A process that was stopped does not make the hands leap: at most this much time passes per poll.
LONGEST_STEP = 0.05
# An operator who means to bring a tool somewhere moves no faster than this share of what the tool goes (core/teleop/tool_pace.py).
CALM = 0.9


class Wrist:
    """A motorised wrist: presented rotation = recorded rotation @ offset.

    The offset sits on the hand's side, so R(t) R(0)^T, which is what the tool copies, stays the recorded turn in the view frame.
    """

    def __init__(self) -> None:
        self._offset = np.eye(3)
        self.arrived = True

    def present(self, recorded: FloatArray, goal: FloatArray | None, dt: float) -> FloatArray:
        """Rotation (3, 3) the hand shows, slewed towards ``goal`` (None: keep the offset) at no more than WRIST_RATE."""
        if goal is not None:
            self._offset = orthonormal(towards(self._offset, recorded.T @ goal, WRIST_RATE * dt))
        presented = recorded @ self._offset
        self.arrived = goal is None or angle(goal @ presented.T) <= ARRIVED
        return presented

    @property
    def offset(self) -> FloatArray:
        """Rotation (3, 3) between recorded and presented, on the hand's side."""
        return self._offset

    def turn(self, begin: FloatArray, end: FloatArray, share: float) -> None:
        """Put the offset ``share`` (0..1) of the way from ``begin`` to ``end``, along the shortest turn."""
        self._offset = orthonormal(exp(share * log(end @ begin.T)) @ begin)

    def rebase(self, old: FloatArray, new: FloatArray) -> None:
        """The recording jumps from rotation ``old`` to ``new``: take the difference up, so that the hand does not."""
        self._offset = orthonormal(new.T @ old @ self._offset)


def calm_speed(scale: float, tool_speed: float) -> float:
    """Hand speed [m/s] that a tool follows with ease, by the console's ``scale`` and ``tool_speed`` [m/s]."""
    return CALM * tool_speed / scale


class SeenTool:
    """Where an operator sees a tool: it goes with the hand, but no faster than ``tool_speed`` [m/s], and catches up nothing."""

    def __init__(self, scale: float, tool_speed: float) -> None:
        """``scale`` and ``tool_speed`` of the console, which this operator has been told."""
        self._scale, self._speed = scale, tool_speed
        self.place: FloatArray = np.zeros(3)  # [m] from where it began

    def go(self, step: FloatArray, dt: float) -> None:
        """The hand makes a ``step`` (3,) [m] in ``dt`` [s]."""
        self.place = self.place + within(self._scale * step, self._speed * dt)


class SimulatedMaster:
    """Base of the masters without hardware. Subclasses say where the hands are and whether they want the clutch."""

    def __init__(self, reengage: bool = True) -> None:
        self._operator = Operator(reengage)
        self._wrists = {master: Wrist() for master in MASTERS}
        self._console: ConsoleState | None = None
        self._seq = 0
        self._now: float | None = None
        self._closed = False
        self.skipped_time = 0.0  # [s] that LONGEST_STEP has cut off

    def poll(self, now: float) -> HandSample | None:
        """The hands at steady time ``now`` [s]; None once closed."""
        if self._closed:
            return None
        if not math.isfinite(now):
            raise DeviceError(f"simulated master: wanted a finite time, got {now!r}")
        return self._sample(now, self._elapsed(now))

    def feedback(self, state: ConsoleState) -> None:
        """Show the operator the console's state."""
        self._console = state

    def close(self) -> None:
        """No more samples."""
        self._closed = True

    @property
    def moving(self) -> bool:
        """The tools follow: playback may go on. Goals mean that the console still aligns."""
        return self._console is not None and self._console.following and not self._console.align_goals

    @property
    def engaged(self) -> bool:
        """The tools follow or are clutched."""
        return self._console is not None and (self._console.following or self._console.phase is Phase.CLUTCHED)

    def _advance(self, now: float, dt: float) -> tuple[Mapping[str, Hand], bool]:
        """Subclass: the hands as recorded at ``now``, ``dt`` [s] after the last, and whether the clutch is wanted."""
        raise NotImplementedError

    def _elapsed(self, now: float) -> float:
        passed = 0.0 if self._now is None else max(0.0, now - self._now)
        self._now = now if self._now is None else max(self._now, now)
        self.skipped_time += max(0.0, passed - LONGEST_STEP)
        return min(passed, LONGEST_STEP)

    def _sample(self, now: float, dt: float) -> HandSample | None:
        hands, clutch = self._advance(now, dt)
        presented = self._present(hands, dt)
        act = self._operator.update(self._console, all(wrist.arrived for wrist in self._wrists.values()), now)
        squeezed = {name: Hand(hand.pose, hand.gripper + act.squeeze) for name, hand in presented.items()}
        return self._number(now, squeezed, Pedals(head=True, engage=act.engage, clutch=clutch and act.engage and self.engaged))

    def _present(self, hands: Mapping[str, Hand], dt: float) -> dict[str, Hand]:
        goals = self._console.align_goals if self._console is not None else {}
        return {
            name: Hand(Pose(hand.pose.position, self._wrists[name].present(hand.pose.rotation, goals.get(name), dt)), hand.gripper)
            for name, hand in hands.items()
        }

    def _number(self, now: float, hands: Mapping[str, Hand], pedals: Pedals) -> HandSample:
        self._seq += 1
        return HandSample(self._seq, now, hands, pedals)
