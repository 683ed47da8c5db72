"""The step limiter by itself: 1e5 hostile ticks break no limit, and what it does to the shape of a path, against other ways.

Ruckig is measured where it is installed (`pip install ruckig`); it is not part of any extra.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.kinematics.frames import Frame, angle_between
from ...core.kinematics.limits import JointLimits, Joints
from ...core.kinematics.psm import Psm
from ...core.kinematics.stepper import StepLimiter
from ...nodes.arm_setup import read_config
from ..bench import Bar, BenchArguments, at_most
from .rig import PERIOD
from .solvers import percentiles

TICKS, QUICK_TICKS = 100_000, 10_000
NEW_GOAL, BRAKED = 0.1, 0.02  # of the ticks
TICK_TIMES = (1e-3, PERIOD, PERIOD, PERIOD, 0.02)  # [s]
ROUNDED = 1e-6  # of a limit: what differences of rounded positions leave
ROUNDING = 1e-13  # [rad or m] of a position, before it is divided by the ticks
ORDERS = ("speed", "acceleration", "jerk")
JUMPS = ((1.0, 0.02, 0.0), (1.53, 0.0, 0.02), (2.1, -0.02, 0.0))  # when [s] the target of a moving hand jumps, and how far [m]
AFTER = 75  # ticks after each, 0.3 s
BEND_MRAD = 0.5
START = (0.25, -0.2, 0.12, 0.5, 0.3, -0.2)  # no joint at zero, where lines in joint space happen to be lines of the tip

Step = Callable[[Joints], Joints]


def hostile(limits: JointLimits, ticks: int, seed: int) -> dict[str, int]:
    """Random goals at the ends and inside, random ticks, brakes: how often a set point broke which limit."""
    rnd, limiter = random.Random(seed), StepLimiter(limits)
    limiter.reset(tuple(0.5 * (low + high) for low, high in zip(limits.lower, limits.upper, strict=True)))
    goal, broken = limiter.position, dict.fromkeys(("range", *ORDERS), 0)
    differences = Differences(limits)
    for _ in range(ticks):
        if rnd.random() < NEW_GOAL:
            goal = tuple(rnd.choice((low, high, rnd.uniform(low, high))) for low, high in zip(limits.lower, limits.upper, strict=True))
        dt = rnd.choice(TICK_TIMES)
        if rnd.random() < BRAKED:
            limiter.brake(dt)
        else:
            limiter.step(goal, dt)
        broken["range"] += not limits.inside(limiter.position)
        for order in differences.broken(limiter.position, dt):
            broken[order] += 1
    return broken


class Differences:
    """Divided differences of set points at uneven times; by the mean value theorem the limits bound them too."""

    def __init__(self, limits: JointLimits) -> None:
        self._limits = (limits.velocity, limits.acceleration, limits.jerk)
        self._times: list[float] = []
        self._points: list[Joints] = []

    def broken(self, point: Joints, dt: float) -> list[str]:
        """Which of ORDERS the newest point breaks."""
        self._times = [time_ - dt for time_ in self._times[-3:]] + [0.0]
        self._points = [*self._points[-3:], point]
        rows, times = np.array(self._points), np.array(self._times)
        found = []
        for order, (name, most) in enumerate(zip(ORDERS, self._limits, strict=True), 1):
            if len(rows) < 2:
                break
            rows = np.diff(rows, axis=0) / (times[order:] - times[:-order])[:, None]
            slack = ROUNDING * 2.0**order / min(TICK_TIMES) ** order
            if (math.factorial(order) * np.abs(rows[-1]) > np.array(most) * (1.0 + ROUNDED) + slack).any():
                found.append(name)
        return found


def _ours(limits: JointLimits, start: Joints) -> Step:
    limiter = StepLimiter(limits)
    limiter.reset(start)

    def step(goal: Joints) -> Joints:
        limiter.step(goal, PERIOD)
        return limiter.position

    return step


def _clipped(limits: JointLimits, start: Joints) -> Step:
    """Speed limits joint by joint, nothing else: what a path loses by that alone."""
    place = list(start)

    def step(goal: Joints) -> Joints:
        for index, (wanted, most) in enumerate(zip(goal, limits.velocity, strict=True)):
            way = most * PERIOD
            place[index] += min(max(wanted - place[index], -way), way)
        return tuple(place)

    return step


def _ruckig(limits: JointLimits, start: Joints) -> Step | None:
    """Ruckig online with the same limits and phase synchronisation; None where it is not installed."""
    try:
        import ruckig
    except ImportError:
        return None
    n = len(start)
    online, given, made = ruckig.Ruckig(n, PERIOD), ruckig.InputParameter(n), ruckig.OutputParameter(n)
    given.current_position = list(start)
    given.max_velocity, given.max_acceleration, given.max_jerk = list(limits.velocity), list(limits.acceleration), list(limits.jerk)
    given.synchronization = ruckig.Synchronization.Phase

    def step(goal: Joints) -> Joints:
        given.target_position = list(goal)
        if online.update(given, made).value < 0:
            return tuple(given.current_position)
        made.pass_to_input(given)
        return tuple(made.new_position)

    return step


def shape(step: Step, psm: Psm, home: Joints) -> dict[str, float]:
    """Orientation error while a hand that keeps its orientation moves and its target jumps; time of a tick."""
    start, reference, seconds, errors = psm.forward(home), home, [], []
    for number in range(round(4.0 / PERIOD)):
        t = number * PERIOD
        x = 0.02 * math.sin(1.5 * t) + sum(jump[1] for jump in JUMPS if t > jump[0])
        y = 0.02 * (math.cos(1.5 * t) - 1.0) + sum(jump[2] for jump in JUMPS if t > jump[0])
        target = Frame((start.p[0] + x, start.p[1] + y, start.p[2]), start.r)
        reference = psm.follow(target, reference).joints
        begin = time.perf_counter()
        found = step(reference)
        seconds.append(time.perf_counter() - begin)
        errors.append(1e3 * angle_between(psm.forward(found).r, target.r))
    after = [errors[round(jump[0] / PERIOD) :][:AFTER] for jump in JUMPS]
    p50, p99 = percentiles(np.array(seconds))
    return {"mean_mrad": float(np.mean(after)), "worst_mrad": max(errors), "p50_us": p50, "p99_us": p99}


def run(arguments: BenchArguments) -> tuple[list[Bar], dict[str, Any]]:
    """The two questions."""
    config = read_config("psm")
    ticks = QUICK_TICKS if arguments.quick else TICKS
    broken = hostile(config.limits, ticks, arguments.seed)
    psm, ways = Psm(config.limits), {"step limiter": _ours, "clipped joint by joint": _clipped, "Ruckig, phase": _ruckig}
    steps = {name: make(config.limits, START) for name, make in ways.items()}
    rows = {name: shape(step, psm, START) for name, step in steps.items() if step is not None}
    what = f"limits broken in {ticks} hostile ticks (range, speed, acceleration, jerk)"
    bars = [
        at_most("arm.3.hostile", what, float(sum(broken.values())), 0.0, ""),
        at_most("arm.3.bend", "mean orientation error in 0.3 s after 20 mm jumps", rows["step limiter"]["mean_mrad"], BEND_MRAD, "mrad"),
    ]
    return bars, {"broken": broken, "shape": rows, "text": table(rows, [name for name in ways if name not in rows])}


def table(rows: dict[str, dict[str, float]], missing: list[str]) -> str:
    """For people."""
    title = "a hand that keeps its orientation, three jumps of 20 mm"
    lines = [title, "", "| limiter | mean mrad after | worst mrad | us p50 | p99 |", "| --- " * 5 + "|"]
    keys = (("mean_mrad", 3), ("worst_mrad", 3), ("p50_us", 1), ("p99_us", 1))
    lines += [f"| {name} | " + " | ".join(f"{row[key]:.{digits}f}" for key, digits in keys) + " |" for name, row in rows.items()]
    return "\n".join([*lines, *(f"| {name} | not measured: not installed |" for name in missing), ""])
