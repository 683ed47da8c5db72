"""The passivity controllers: the largest force, and the longest step, that a tank can pay for whatever happens until the next tick."""

from __future__ import annotations

import math

import numpy as np

from ..values import FloatArray

HAND_ACCELERATION = 15.0  # [m/s2] 5 N on a hand of 0.5 kg, and half as much of its own: how fast a hand may turn back within a tick
STIFFEST = 3000.0  # [N/m] assumed of what a tool meets within a step: bone and board are stiffer, and then a step exceeds the level
NOISE_N = 0.05  # [N] less is free space
CREEP = 1e-5  # [m] a step in free space that is always allowed (2.5 mm/s at 250 Hz): meeting STIFFEST costs 0.3 uJ
TINY = 1e-12


def safe_force(wanted: FloatArray, step: FloatArray, dt: float, level: float) -> FloatArray:
    """``wanted`` [N] shape (n,), resisting motion along it, shortened to what ``level`` [J] pays for.

    ``step`` [m] is the hand's last one of ``dt`` [s]; it may turn back by HAND_ACCELERATION in the next.
    """
    size = float(np.linalg.norm(wanted))
    if not math.isfinite(size) or size < TINY:
        return np.zeros_like(wanted)
    back = HAND_ACCELERATION * dt * dt - float(wanted @ step) / size
    if back <= 0.0:
        return wanted
    return wanted * min(1.0, max(level, 0.0) / (back * size))


def shortened(force: FloatArray, most: float) -> FloatArray:
    """``force`` no longer than ``most`` [N]."""
    size = float(np.linalg.norm(force))
    return force if size <= most else force * (max(most, 0.0) / size)


def safe_step(wanted: FloatArray, force: FloatArray, level: float, fastest: float) -> FloatArray:
    """``wanted`` step [m] shape (n,) shortened to ``fastest`` [m] and, along ``force`` [N] (what the tool exerts), to what is paid for."""
    length = float(np.linalg.norm(wanted))
    size = float(np.linalg.norm(force))
    if not (math.isfinite(length) and math.isfinite(size)) or length < TINY:
        return np.zeros_like(wanted)
    step, free = wanted * min(1.0, fastest / length), size < NOISE_N
    into = wanted / length if free else force / size
    most = (math.sqrt(size * size + 4.0 * STIFFEST * max(level, 0.0)) - size) / (2.0 * STIFFEST)  # pays for the force at its end
    excess = float(step @ into) - (max(most, CREEP) if free else most)
    return step - excess * into if excess > 0.0 else step


def spent(step: FloatArray, before: FloatArray, after: FloatArray) -> float:
    """Energy [J] a tool gave its surroundings in a ``step`` between two measured forces, never too little.

    The force in between is not known: giving counts the larger of the two, getting back the smaller (a tool may have come free).
    """
    one, other = float(before @ step), float(after @ step)
    return max(one, other) if math.isfinite(one) and math.isfinite(other) else math.inf
