"""Bar 6: the clock estimator against a clock it cannot see. Virtual time."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np

from ...core.link.clock import SHORTEST_FOR_LINE_S, ClockEstimator
from ...core.link.session import HEARTBEAT_S

DRIFT = 20e-6
OFFSET_S = 12_345.678
ONE_WAY_S = (0.0002, 0.01, 0.105)
ASYMMETRY_S = (0.0, 0.001, 0.005, 0.01, 0.02)
JITTER_S = 0.0005  # mean of an exponential queue, wan.md 8.3
SPIKE_SHARE, SPIKE_S = 0.01, 0.02
WARM_S = SHORTEST_FOR_LINE_S  # before that there is no line, and the drift is an error


@dataclass(frozen=True)
class ClockResult:
    """99th percentile of the error [s], and the share of instants at which truth lay outside the printed bound."""

    error: float
    outside: float


def measure(one_way: float, asymmetry: float, seconds: float, seed: int) -> ClockResult:
    """Exchanges at the heartbeat's rate over a path whose way up is ``asymmetry`` [s] longer."""
    rng, estimator = random.Random(seed), ClockEstimator()
    errors, outside = [], 0

    def delay(extra: float) -> float:
        return one_way + extra + rng.expovariate(1.0 / JITTER_S) + (SPIKE_S * rng.random() if rng.random() < SPIKE_SHARE else 0.0)

    def peer(at: float) -> float:
        return OFFSET_S + at * (1.0 + DRIFT)

    for number in range(round(seconds / HEARTBEAT_S)):
        sent = number * HEARTBEAT_S
        heard = sent + delay(asymmetry)
        answered = heard + HEARTBEAT_S * rng.random()
        back = answered + delay(0.0)
        estimator.update(sent, peer(heard), peer(answered), back)
        estimate = estimator.estimate(back)
        error = abs(estimate.offset - (peer(back) - back))
        outside += error > estimate.bound
        if back > WARM_S:
            errors.append(error)
    return ClockResult(float(np.percentile(errors, 99)), outside / round(seconds / HEARTBEAT_S))
