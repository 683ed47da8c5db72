"""The motion every method of the comparison has to carry: displacement of one tool since the clutch, 250 samples a second, then rest."""

from __future__ import annotations

import math
import random

import numpy as np

from ...core.values import FloatArray
from ...devices.masters.curves import minimum_jerk, reach_time
from ...devices.masters.jigsaws_file import load

RATE_HZ = 250.0
PERIOD_S = 1.0 / RATE_HZ
SCALE = 0.2
REST_S = 4.0  # longer than any path, TCP retransmission time-outs included, needs to bring the last command
STOP_S = 0.5  # a hand does not stop in one sample
REACH_M = 0.04
SPEED_M_S = (0.05, 0.15)  # peak speeds, as devices/masters/scripted.py
SHORTEST_REACH_S = 0.5
TREMOR_M, TREMOR_HZ, TONES = 0.1e-3, (8.0, 12.0), 3
RECORDED_HAND = "MTMR"


def tool_path(seconds: float, seed: int, file: str = "") -> FloatArray:
    """Displacement [m] of the tool, shape (samples, 3): ``seconds`` of motion, then REST_S of rest. ``file``: a JIGSAWS recording."""
    hand = _recorded(file, seconds) if file else _scripted(seconds, seed)
    rest = np.repeat(hand[-1:], round(REST_S * RATE_HZ), axis=0)
    path: FloatArray = SCALE * (np.concatenate([hand, rest]) - hand[0])
    return path


def _recorded(file: str, seconds: float) -> FloatArray:
    spline = load(file)[RECORDED_HAND]
    length = min(seconds, spline.duration)
    times = np.arange(0.0, length, PERIOD_S)
    slow = np.clip((times - (length - STOP_S)) / STOP_S, 0.0, 1.0)  # playback runs out, so that the hand comes to rest
    played = np.minimum(times, length - STOP_S) + STOP_S * (slow - slow**2 / 2.0)
    return np.array([spline.at(float(time))[:3] for time in played])


def _scripted(seconds: float, seed: int) -> FloatArray:
    rng = random.Random(seed)
    rows = [np.zeros(3)]
    while len(rows) < seconds * RATE_HZ:
        begin = rows[-1]
        goal = np.array([rng.uniform(-REACH_M, REACH_M) for _ in range(3)])
        distance = float(np.linalg.norm(goal - begin))
        steps = math.ceil(reach_time(distance, rng.uniform(*SPEED_M_S), SHORTEST_REACH_S) * RATE_HZ)
        rows += [begin + minimum_jerk(step / steps) * (goal - begin) for step in range(1, steps + 1)]
    return np.array(rows) + _tremor(len(rows), rng)


def _tremor(count: int, rng: random.Random) -> FloatArray:
    """Three tones per axis that swell at the beginning and fade at the end."""
    times = np.arange(count) * PERIOD_S
    shape = np.array([min(1.0, minimum_jerk(t / STOP_S), minimum_jerk((times[-1] - t) / STOP_S)) for t in times])
    tones = [[(rng.uniform(*TREMOR_HZ), rng.uniform(0.0, 2.0 * math.pi)) for _ in range(TONES)] for _ in range(3)]
    axes = [sum(np.sin(2.0 * math.pi * rate * times + phase) for rate, phase in axis) for axis in tones]
    tremor: FloatArray = TREMOR_M / TONES * shape[:, None] * np.stack(axes, axis=1)
    return tremor
