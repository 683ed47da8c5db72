"""The collision guard of all arms inside arm_control: where they are goes in each tick; counters, diagnostics and a tape come out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from ..core.arm.states import ArmMode
from ..core.kinematics.arm_guard import ArmGuard
from ..core.kinematics.collision import CollisionGuard
from ..core.kinematics.collision_values import CollisionReport, Path
from .arm_loop import ArmLoop

TAPE_PERIOD = 0.04  # [s]
DEADBAND = 1e-5  # [rad or m] measured joints that moved less are where they were
SHOWN = 12  # pairs with the most slow-downs and stops that diagnostics name
MM = 1000.0
WORDS = ("slow", "stop")


class ArmCollision:
    """Guards every loop of ``arms``; see core/kinematics/collision.py."""

    def __init__(self, guard: CollisionGuard, arms: Mapping[str, ArmLoop], open_tape: Callable[[tuple[str, ...]], Any] | None) -> None:
        """``open_tape(columns)`` makes a tape; None: no tape."""
        self.guard, self._arms = guard, {arm: loop for arm, loop in arms.items() if arm in guard.paths}
        self.report: CollisionReport = guard.report
        self._measured: dict[str, Path] = {}
        self._paths: dict[str, Path | None] = {}
        self._groups = tuple(guard.groups())
        columns = ("t", "distance_m", "margin_m", *WORDS, "unknown", *(f"d_{group}" for group in self._groups))
        self._tape = open_tape(columns) if open_tape is not None else None
        self._taped = -math.inf
        for arm, loop in self._arms.items():
            loop.controller.path.guard = ArmGuard(guard, arm)

    def update(self, now: float) -> None:
        """Once a tick before the arms' own steps, and once when the motors are served, which sees what the next tick begins with.

        So the next one has nothing to measure before its motors unless an arm was moved from outside or got lost.
        """
        paths = {arm: self._path(arm, loop, now) for arm, loop in self._arms.items()}
        if paths != self._paths:
            self._paths = paths
            self.report = self.guard.update(paths, now)

    def record(self, now: float) -> None:
        """Tape when due."""
        if self._tape is not None and now - self._taped >= TAPE_PERIOD:
            self._taped = now
            report = self.report
            clear = self.guard.groups()
            values = (clear[group] for group in self._groups)
            self._tape.row(now, report.distance, report.margin, *self.totals(), float(len(report.unknown)), *values)

    def totals(self) -> tuple[float, float]:
        """How often steps were slowed, and stopped, since the start."""
        slow, stop = (float(sum(count for name, count in self.guard.counts.items() if name.startswith(word))) for word in WORDS)
        return slow, stop

    def diagnose(self) -> dict[str, object]:
        """Nearest pair, its distance and margin, and what was slowed or stopped, by pair."""
        report, (slow, stop) = self.report, self.totals()
        values: dict[str, object] = {
            "collision_nearest": report.nearest,
            "collision_distance_mm": round(report.distance * MM, 2),
            "collision_margin_mm": round(report.margin * MM, 2),
            "collision_unknown": " ".join(report.unknown) or "none",
            "collision_slow": int(slow),
            "collision_stop": int(stop),
        }
        return values | {f"collision_{name}": count for name, count in self.guard.counts.most_common(SHOWN)}

    def _path(self, arm: str, loop: ArmLoop, now: float) -> Path | None:
        """The path while set points are sent; else where the robot says it is. None: neither is fresh."""
        measured, controller = loop.port.position, loop.controller
        joints = len(controller.config.home)
        if not now - loop.port.measured_at <= self.guard.config.unknown_after or len(measured) != joints:
            return None
        sending = controller.mode in (ArmMode.ENABLED, ArmMode.PAUSED) or (loop.output is not None and loop.output.joints is not None)
        if sending and controller.path.lead:
            return Path(controller.path.lead, controller.path.lead_velocity, controller.path.time)
        if not all(map(math.isfinite, measured)):
            return None
        old = self._measured.get(arm)
        if old is None or any(abs(a - b) > DEADBAND for a, b in zip(old.lead, measured, strict=True)):
            self._measured[arm] = Path(measured, (0.0,) * joints, controller.path.time)
        return self._measured[arm]
