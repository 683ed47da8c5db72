"""Round trips over time: medians of each second, what two paths have in common, and what a load did to them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..values import FloatArray

BIN_S = 1.0  # heartbeats come at 50 Hz: a median of 50 is not moved by a late process or a single slow datagram
FEWEST_BINS = 60  # in half a minute two independent lines look alike too often (`telesurgery bench separation`)
STILL_S = 5e-5  # medians that move less than this have nothing in them that could be compared

Samples = Sequence[tuple[float, float]]  # (own time [s], round trip [s])


@dataclass(frozen=True)
class Likeness:
    """``r`` Pearson of the de-trended medians, NaN where it cannot be told; ``bins`` common ones; ``moved`` [s] the lesser deviation."""

    r: float
    bins: int
    moved: float


def medians(samples: Samples) -> dict[int, float]:
    """Bin number -> median round trip [s] in it."""
    bins: dict[int, list[float]] = {}
    for at, value in samples:
        bins.setdefault(math.floor(at / BIN_S), []).append(value)
    return {number: float(np.median(values)) for number, values in bins.items()}


def likeness(first: Samples, second: Samples) -> Likeness:
    """How much two paths' round trips rise and fall together, once a steady drift of each is taken away."""
    one, two = medians(first), medians(second)
    common = sorted(one.keys() & two.keys())
    if len(common) < FEWEST_BINS:
        return Likeness(math.nan, len(common), math.nan)
    times = np.array(common, dtype=np.float64)
    a, b = (_level(times, np.array([series[number] for number in common])) for series in (one, two))
    moved = float(min(a.std(), b.std()))
    r = float(a @ b / math.sqrt(float(a @ a) * float(b @ b))) if moved > STILL_S else math.nan
    return Likeness(r, len(common), moved)


def _level(times: FloatArray, values: FloatArray) -> FloatArray:
    return np.asarray(values - np.polyval(np.polyfit(times, values, 1), times))


def rise(idle: Sequence[float], loaded: Sequence[float]) -> tuple[float, float]:
    """(how much the median rose, how much it may by chance) [s]; NaN without samples. Chance: half of the idle interquartile range."""
    if not idle or not loaded:
        return math.nan, math.nan
    low, middle, high = (float(value) for value in np.percentile(idle, (25, 50, 75)))
    return float(np.median(loaded)) - middle, (high - low) / 2.0
