"""A robot without physics: every joint follows its reference with a first-order lag. Needs nothing but numpy."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from ...core.kinematics.frames import rotate, transpose
from ...core.robot.contact import HuntCrossley
from ...core.robot.follower import Reference
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
        self._position = start
        self._velocity = np.zeros_like(start)
        self._tips, self._board = tips(description, layout), board()
        self._depths: dict[str, float] = dict.fromkeys(self._tips, 0.0)
        self._forces: dict[str, float] = dict.fromkeys(self._tips, 0.0)
        self._objects = {name: np.array([*at, *UPRIGHT]) for name, at in rings().start.items()}

    def step(self, dt: float) -> None:
        """Advance by ``dt`` [s]."""
        if not (math.isfinite(dt) and dt > 0.0):
            raise DeviceError(f"step: wanted a positive time in seconds, got {dt}")
        count = max(1, math.ceil(round(dt / INNER_STEP, 6)))
        for _ in range(count):
            self._servo(self.follower.advance(dt / count), dt / count)
        for arm in self._tips:
            self._touch(arm, dt)

    def _servo(self, reference: Reference, dt: float) -> None:
        limits = self.layout.limits
        share = 1.0 - math.exp(-dt / TIME_CONSTANT)
        velocity = (reference.position - self._position) * (share / dt)
        self._velocity = np.minimum(np.maximum(velocity, -limits.velocity), limits.velocity)
        self._position = self._position + self._velocity * dt

    def _touch(self, arm: str, dt: float) -> None:
        depth = self._board.depth(self._tips[arm].end(self._position[self.layout.arms[arm]]))
        speed = (depth - self._depths[arm]) / dt
        self._depths[arm], self._forces[arm] = depth, BOARD.force(depth, speed)

    def wrench(self, arm: str) -> Wrench | None:
        """What the board exerts on an instrument's fingers, axes of its base; no torque (it meets them at a point)."""
        self._arm(arm)
        if arm not in self._tips:
            return None
        force = rotate(transpose(self._tips[arm].mount.r), tuple(self._forces[arm] * n for n in self._board.normal))
        return Wrench(np.array(force), np.zeros(3), self._tips[arm].base)

    def state(self, arm: str) -> ArmState:
        """Measured joints of an arm."""
        where, jaw = self._arm(arm), self.layout.jaws.get(arm)
        position, velocity = self._position[where].copy(), self._velocity[where].copy()
        angle, rate = (0.0, 0.0) if jaw is None else (float(self._position[jaw]), float(self._velocity[jaw]))
        return ArmState(position, velocity, np.zeros_like(position), angle, rate)

    def brake(self, on: bool) -> None:
        """Hold every arm where it is and ignore set points, or let go (from where it stands)."""
        if on != self.braked:
            self.follower.reset(self._position)
            self._velocity = np.zeros_like(self._velocity)
        self.braked = on

    def objects(self) -> Mapping[str, FloatArray]:
        """Rings where they lie: name -> (7,) position [m] and w-x-y-z quaternion in the cart frame."""
        return {name: pose.copy() for name, pose in self._objects.items()}

    def close(self) -> None:
        """Nothing to release."""
