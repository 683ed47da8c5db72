"""A gamepad as two hands and the pedals, for learning and for machines without masters.

Layout (sensor_msgs/Joy of a common gamepad; sticks: left and up are +1, triggers: +1 free, -1 pulled):
    axes 0, 1 / 3, 4     left / right stick: its hand moves left and up; with the shoulder button held: turns (roll) and away
    axes 2 / 5           left / right trigger: closes its gripper
    buttons 4 / 5        left / right shoulder button
    buttons 0, 1, 2, 3   engage (hold), clutch (hold), camera, stop (a press latches it at the console)
The head counts as in while the pad is heard. A pad silent for 0.3 s moves nothing and engages nothing,
and its engage button must then be seen up before it counts again: silence must not turn a held button into a fresh press.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...core.rotations import exp, orthonormal
from ...core.values import FloatArray, Hand, HandSample, Pedals, Pose
from ...errors import DeviceError
from .base import SimulatedMaster
from .scripted import REST

STALE_AFTER = 0.3
HAND_SPEED = 0.10
ROLL_RATE = math.radians(45.0)
DEAD_BAND = 0.08
GRIPPER_OPEN = math.radians(50.0)
AXES, BUTTONS = 6, 6
ENGAGE, CLUTCH, CAMERA, STOP = 0, 1, 2, 3
# Drivers round: a full deflection may read a little above one.
AXIS_LIMIT = 1.001


@dataclass(frozen=True)
class Side:
    """Which axes and buttons belong to one hand."""

    across: int
    up: int
    trigger: int
    shoulder: int


SIDES: Mapping[str, Side] = {"MTML": Side(0, 1, 2, 4), "MTMR": Side(3, 4, 5, 5)}


class JoyMaster(SimulatedMaster):
    """Integrates stick speeds into hand poses; `joy` feeds it."""

    def __init__(self) -> None:
        super().__init__(reengage=False)
        self._axes: tuple[float, ...] = ()
        self._buttons: tuple[bool, ...] = ()
        self._heard = -math.inf
        self._engage_armed = False
        self._positions = {name: np.array(REST[name]) for name in SIDES}
        self._rotations: dict[str, FloatArray] = {name: np.eye(3) for name in SIDES}
        self._grippers = dict.fromkeys(SIDES, GRIPPER_OPEN)

    def joy(self, axes: Sequence[float], buttons: Sequence[int], now: float) -> None:
        """Newest state of the pad, heard at steady time ``now`` [s]. DeviceError: too few or impossible axes; nothing is taken over."""
        if len(axes) < AXES or len(buttons) < BUTTONS:
            raise DeviceError(f"joy: wanted at least {AXES} axes and {BUTTONS} buttons, got {len(axes)} and {len(buttons)}")
        values = tuple(float(value) for value in axes)
        if not all(math.isfinite(value) and abs(value) <= AXIS_LIMIT for value in values):
            raise DeviceError(f"joy: wanted axes within -1..1, got {values}")
        self._engage_armed = self._engage_armed and now - self._heard <= STALE_AFTER
        self._axes, self._buttons, self._heard = values, tuple(bool(button) for button in buttons), now
        self._engage_armed = self._engage_armed or not self._buttons[ENGAGE]

    def _sample(self, now: float, dt: float) -> HandSample | None:
        if not self._axes:
            return None
        fresh = 0.0 <= now - self._heard <= STALE_AFTER
        if fresh:
            for name, side in SIDES.items():
                self._move(name, side, dt)
        hands = {name: Hand(Pose(self._positions[name].copy(), self._rotations[name]), self._grippers[name]) for name in SIDES}
        return self._number(now, self._present(hands, dt), self._pedals(fresh))

    def _move(self, name: str, side: Side, dt: float) -> None:
        across, up = _dead_band(self._axes[side.across]), _dead_band(self._axes[side.up])
        if self._buttons[side.shoulder]:
            self._positions[name] += np.array([0.0, 0.0, up]) * HAND_SPEED * dt
            self._rotations[name] = orthonormal(exp(np.array([0.0, 0.0, across * ROLL_RATE * dt])) @ self._rotations[name])
        else:
            self._positions[name] += np.array([across, up, 0.0]) * HAND_SPEED * dt
        self._grippers[name] = GRIPPER_OPEN * 0.5 * (1.0 + self._axes[side.trigger])

    def _pedals(self, fresh: bool) -> Pedals:
        if not fresh:
            self._engage_armed = False
            return Pedals()
        engage, down = self._engage_armed and self._buttons[ENGAGE], self._buttons
        return Pedals(head=True, engage=engage, clutch=down[CLUTCH], camera=down[CAMERA], stop=down[STOP])


def _dead_band(value: float) -> float:
    """Zero near the middle, continuous at its edge."""
    return math.copysign(max(0.0, abs(value) - DEAD_BAND) / (1.0 - DEAD_BAND), value)
