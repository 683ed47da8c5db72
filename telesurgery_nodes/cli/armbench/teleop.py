"""Part `teleop` of the bench `arm`: random sequences at the console break no law, and the tremor filter keeps both its figures."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from ..bench import Bar, BenchArguments, at_least, at_most
from . import tremor
from .teleop_loop import LawBroken, Loop

SEQUENCES, QUICK = 100_000, 1_000
EVENTS = 4  # in each sequence, with 1 to 3 ticks after each
LIFE = 20  # sequences after one another at one console, so that each begins in whatever the one before has left
CHUNK = 500
WORKERS = 2
SHOWN = 5  # broken laws told in full


def play(first: int, count: int) -> tuple[Counter[str], list[str]]:
    """``count`` sequences, a new console (seeds from ``first`` on) after every LIFE of them or a broken law."""
    seen, broken, loop = Counter[str](), [], Loop(first)
    for number in range(first, first + count):
        try:
            loop.play(EVENTS)
        except LawBroken as error:
            broken.append(f"sequence {number}: {error}")
            loop.lives = LIFE
        loop.lives += 1
        if loop.lives >= LIFE or number == first + count - 1:
            seen += loop.seen
            loop = Loop(number + 1)
    return seen, broken


def run(arguments: BenchArguments) -> tuple[list[Bar], dict[str, Any]]:
    """Bars and details."""
    count = QUICK if arguments.quick else SEQUENCES
    seen, broken = _play_all(arguments.seed * SEQUENCES, count)
    curve = tremor.measure()
    ran = None if arguments.quick else float(count)
    bars = [
        at_least("teleop.sequences", "random sequences of console events, both sides in the loop", ran, SEQUENCES, "",
                 f"quick: {count} sequences"),
        at_most("teleop.jumps", "sequences with a jump, a jaw faster than its ghost, or motion without leave", float(len(broken)), 0.0, ""),
        at_least("teleop.tremor", "tremor filter, least attenuation 8-12 Hz, measured", curve.attenuation, tremor.STOP_DB, "dB"),
        at_most("teleop.delay", "tremor filter, longest delay below 2 Hz, measured", tremor.MILLI * curve.longest, tremor.DELAY_MS, "ms"),
    ]  # fmt: skip
    text = f"teleop: {count} sequences of {EVENTS} events, {sum(seen[state] for state in STATES)} ticks\n{tremor.text(curve)}"
    return bars, {"text": text, "seen": dict(seen), "broken": broken[:SHOWN], "curve": _thinned(curve)}


STATES = ("DISABLED", "ALIGNING", "READY", "FOLLOWING", "CLUTCHED", "CAMERA")


def _play_all(first: int, count: int) -> tuple[Counter[str], list[str]]:
    starts = range(first, first + count, CHUNK)
    seen, broken = Counter[str](), []
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        for more, worse in pool.map(play, starts, [min(CHUNK, first + count - start) for start in starts]):
            seen += more
            broken += worse
    return seen, broken


def _thinned(curve: tremor.Curve) -> list[dict[str, float]]:
    """Every half hertz, for --json."""
    rows = zip(curve.frequency[::10].tolist(), curve.gain[::10].tolist(), curve.delay[::10].tolist(), strict=True)
    return [{"hz": hz, "gain_db": gain, "delay_ms": tremor.MILLI * delay} for hz, gain, delay in rows]
