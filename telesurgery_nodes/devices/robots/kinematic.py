"""A robot without physics: every joint follows its reference with a first-order lag. Needs nothing but numpy."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ...core.kinematics.frames import rotate, transpose
from ...core.robot.contact import HuntCrossley
from ...core.values import ArmState, FloatArray, Wrench
from ...description import Home, board, homes, rings
from ...errors import DeviceError
from .layout import SetpointInlet, read_layout, start_positions, tips

TIME_CONSTANT = 0.002  # [s] lag of a joint servo; 0.12 mm at 60 mm/s
INNER_STEP = 0.001  # [s] longest step taken at once
UPRIGHT = (1.0, 0.0, 0.0, 0.0)  # w, x, y, z


# A stiff plastic board: 1 mm deep gives 6.3 N, and an impact gives back half of its speed at 50 mm/s.
BOARD = HuntCrossley(stiffness=2e5, damping=15.0)


class KinematicRobot(SetpointInlet):
    """Robot of the suite that runs anywhere. Effort is always zero and rings stay where they lie; nothing stops an arm.

    Its fingers feel the board by an analytic law, so the force at a known depth is known exactly.
    """

    def __init__(self, description: str, home: Mapping[str, Home] | None = None) -> None:
        """``description``: URDF text. ``home``: where to start; the shipped homes where None."""
        layout = read_layout(description)
        start = start_positions(layout, homes() if home is None else home)
        super().__init__(layout, start)
        self._position: list[float] = start.tolist()
        self._velocity = [0.0] * len(self._position)
        self._before: tuple[list[float], float] | None = None  # positions a step ago, and its length [s]
        self._fastest: list[float] = layout.limits.velocity.tolist()
        self._tips, self._board = tips(description, layout), board()
        self._upwards = {arm: rotate(transpose(tip.mount.r), self._board.normal) for arm, tip in self._tips.items()}  # axes of the base
        self._objects = {name: np.array([*at, *UPRIGHT]) for name, at in rings().start.items()}

    def step(self, dt: float) -> None:
        """Advance by ``dt`` [s]."""
        if not (math.isfinite(dt) and dt > 0.0):
            raise DeviceError(f"step: wanted a positive time in seconds, got {dt}")
        count, before = max(1, math.ceil(round(dt / INNER_STEP, 6))), self._position
        share = 1.0 - math.exp(-dt / count / TIME_CONSTANT)
        for _ in range(count):
            self._servo(self.follower.advance(dt / count).position, dt / count, share)
        self._before = before, dt

    def _servo(self, wanted: Sequence[float], dt: float, share: float) -> None:
        """Every joint a ``share`` of its way to the reference, no faster than it can."""
        position, velocity = self._position.copy(), [0.0] * len(self._position)
        for joint, (goal, at, most) in enumerate(zip(wanted, self._position, self._fastest, strict=True)):
            if goal != at:
                wish = (goal - at) * (share / dt)
                velocity[joint] = speed = most if wish > most else -most if wish < -most else wish
                position[joint] = at + speed * dt
        self._position, self._velocity = position, velocity

    def _depth(self, arm: str, positions: Sequence[float]) -> float:
        return self._board.depth(self._tips[arm].end(positions[self.layout.arms[arm]]))

    def wrench(self, arm: str) -> Wrench | None:
        """What the board exerts on an instrument's fingers, axes of its base; no torque (it meets them at a point)."""
        self._arm(arm)
        if arm not in self._tips:
            return None
        force = self._force(arm)
        return Wrench(np.array([force * n for n in self._upwards[arm]]), np.zeros(3), self._tips[arm].base)

    def _force(self, arm: str) -> float:
        """Of the board on the fingers [N]. Looked up when asked for: seldom, and mostly they touch nothing."""
        depth = self._depth(arm, self._position)
        if self._before is None or depth <= 0.0:
            return 0.0
        before, dt = self._before
        return BOARD.force(depth, (depth - self._depth(arm, before)) / dt)

    def state(self, arm: str) -> ArmState:
        """Measured joints of an arm."""
        where, jaw = self._arm(arm), self.layout.jaws.get(arm)
        position, velocity = self._position[where], self._velocity[where]
        angle, rate = (0.0, 0.0) if jaw is None else (self._position[jaw], self._velocity[jaw])
        return ArmState(np.array(position), np.array(velocity), np.zeros(len(position)), angle, rate)

    def brake(self, on: bool) -> None:
        """Hold every arm where it is and ignore set points, or let go (from where it stands)."""
        if on != self.braked:
            self.follower.reset(self._position)
            self._velocity = [0.0] * len(self._position)
        self.braked = on

    def objects(self) -> Mapping[str, FloatArray]:
        """Rings where they lie: name -> (7,) position [m] and w-x-y-z quaternion in the cart frame."""
        return {name: pose.copy() for name, pose in self._objects.items()}

    def close(self) -> None:
        """Nothing to release."""
