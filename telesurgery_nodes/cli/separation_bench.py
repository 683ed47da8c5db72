"""Bench `separation`: what correlation of round trips says about two queues and about one, as core/link/series.py measures it.

Simulated with core/link/impair.py: heartbeats at 50 Hz through a 10 Mbit/s line that others fill to between 30 and 110 % of its rate, in
spells of a second on average; either a line of its own for each path, or one line for both. Behind it each path has its own jitter.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator, Sequence

import numpy as np

from ..core.link.impair import Impair, Impairment
from ..core.link.separation import CORRELATED
from ..core.link.series import BIN_S, FEWEST_BINS, Samples, likeness
from .bench import Bar, BenchArguments, Result, at_least, at_most

RUNS, QUICK_RUNS = 200, 40
SECONDS = FEWEST_BINS * BIN_S
RATE_MBIT, QUEUE_MS = 10.0, 100.0
LEAST_FILLED, MOST_FILLED, SPELL_S = 0.3, 1.1, 1.0
BEAT_S, BEAT_BYTES, DATAGRAM_BYTES = 0.02, 151, 1200
OWN_JITTER_MS = (1.0, 5.0, 15.0)
DELAYS_MS = (20.0, 35.0)
MOST_FALSE, LEAST_FOUND = 1.0, 95.0  # [%]
OTHERS = -1


def _others(rng: random.Random) -> Iterator[tuple[float, int]]:
    """When everybody else's datagrams come."""
    at = 0.0
    while at < SECONDS:
        until, filled = at + rng.expovariate(1.0 / SPELL_S), rng.uniform(LEAST_FILLED, MOST_FILLED)
        while at < min(until, SECONDS):
            yield at, OTHERS
            at += rng.expovariate(filled * RATE_MBIT * 1e6 / (8.0 * DATAGRAM_BYTES))
        at = max(at, until)


def _beats(path: int) -> Iterator[tuple[float, int]]:
    return ((BEAT_S * (beat + 0.3 * path), path) for beat in range(round(SECONDS / BEAT_S)))


def _through(paths: Sequence[int], seed: int) -> dict[int, list[tuple[float, float]]]:
    """(time, delay) of each path's heartbeats through one line."""
    line = Impair(Impairment(rate_mbit=RATE_MBIT, queue_ms=QUEUE_MS), seed)
    out: dict[int, list[tuple[float, float]]] = {path: [] for path in paths}
    sizes = {OTHERS: bytes(DATAGRAM_BYTES), **dict.fromkeys(paths, bytes(BEAT_BYTES))}
    for at, who in heapq.merge(_others(random.Random(seed)), *map(_beats, paths)):
        releases = line.offer(sizes[who], at)
        if who in out and releases:
            out[who].append((at, releases[0][0] - at))
    return out


def _with_own(samples: Samples, path: int, jitter_ms: float, seed: int) -> Samples:
    own = Impair(Impairment(delay_ms=DELAYS_MS[path], jitter_ms=jitter_ms), seed)
    return [(at, delay + own.offer(b"", at)[0][0] - at) for at, delay in samples]


def correlations(runs: int, jitter_ms: float, seed: int) -> tuple[list[float], list[float]]:
    """r of independent lines, and of one for both."""
    apart, together = [], []
    for run in range(runs):
        first = 10 * (seed * RUNS + run)
        own = {**_through((0,), first), **_through((1,), first + 1)}
        for found, lines in ((apart, own), (together, _through((0, 1), first + 2))):
            found.append(likeness(*(_with_own(lines[path], path, jitter_ms, first + 3 + path) for path in (0, 1))).r)
    return apart, together


def run(arguments: BenchArguments) -> Result:
    """All jitters; the bars are of the middle one."""
    runs = QUICK_RUNS if arguments.quick else RUNS
    lines, details, found = [], {}, {}
    for jitter in (OWN_JITTER_MS[1],) if arguments.quick else OWN_JITTER_MS:
        apart, together = correlations(runs, jitter, arguments.seed)
        found[jitter] = [100.0 * float(np.mean(np.array(rs) >= CORRELATED)) for rs in (apart, together)]
        spread = {name: [float(value) for value in np.percentile(rs, (1, 50, 99))] for name, rs in (("apart", apart), ("one", together))}
        details[f"{jitter:g} ms"] = spread
        words = "  ".join(f"{name} p1 {low:.2f} p50 {mid:.2f} p99 {high:.2f}" for name, (low, mid, high) in spread.items())
        lines.append(f"own jitter {jitter:4g} ms, {runs} runs of {SECONDS:.0f} s: r of queues {words}")
    false, caught = found[OWN_JITTER_MS[1]]
    bars: list[Bar] = [
        at_most("separation.false", f"independent queues with r >= {CORRELATED:g}", false, MOST_FALSE, "%"),
        at_least("separation.found", f"shared queues with r >= {CORRELATED:g}", caught, LEAST_FOUND, "%"),
    ]
    return Result(bars, details, "\n".join(lines))
