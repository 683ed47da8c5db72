"""Bar 4: three instruments and the camera, inverse kinematics, limits and collision in one loop; and random crossings in virtual time.

Distances are measured on the set points, of every watched pair, by a way of its own: not by what the guard believes.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any

import numpy as np

from ...core.kinematics.limits import Joints
from ..bench import Bar, BenchArguments, at_least, at_most
from .cart import ARMS, PERIOD, Cart, counted, worst

CROSSINGS, QUICK_CROSSINGS = 10_000, 200
UNGUARDED = 100  # crossings without the guard: how many it had to prevent
TICKS = 20  # of one crossing: 8 mm at the tip's speed limit
SLICE = 250  # crossings that one process makes at a time, from a seed of their own
POSTURES = 200  # beginnings of crossings
LOOP_TICKS, QUICK_LOOP_TICKS = 5000, 500
RATE_HZ, SHARE_PERCENT = 250.0, 50.0
AWAY_EVERY = 4  # after every fourth crossing motion away is tried
PROBE = 2e-4  # [s] how far a motion away is followed to see that it leads away from everything near
SLOW_ZONE = 0.02  # [m]
NEVER_NEARER = 1e-9  # [m] arithmetic
MM, US = 1e3, 1e6


@dataclass
class Crossings:
    """What crossings showed. ``smallest`` [m] distance less margin, of pair ``name``; ``below``: ticks below the margin."""

    smallest: float = np.inf
    name: str = ""
    below: int = 0
    entered: int = 0  # crossings in which some pair got below its margin
    slowed: int = 0  # crossings in which the guard acted
    away_asked: int = 0
    away_refused: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, other: Crossings) -> None:
        """Take in what other crossings showed."""
        if other.smallest < self.smallest:
            self.smallest, self.name = other.smallest, other.name
        for key in ("below", "entered", "slowed", "away_asked", "away_refused"):
            setattr(self, key, getattr(self, key) + getattr(other, key))
        self.counts += other.counts


def in_parallel(count: int, seed: int) -> Crossings:
    """Crossings in slices, on every core."""
    found = Crossings()
    slices = [min(SLICE, count - begin) for begin in range(0, count, SLICE)]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        for part in pool.map(crossings, slices, range(seed, seed + len(slices))):
            found.add(part)
    return found


def crossings(count: int, seed: int, guarded: bool = True) -> Crossings:
    """Random crossings, each from a random posture in which some pair is near its margin."""
    rng, cart, found = random.Random(seed), Cart(guarded), Crossings()
    pool = cart.postures(rng, min(POSTURES, count))
    for number in range(count):
        cart.put(rng.choice(pool))
        cart.cross(rng)
        before, low = counted(cart.guard.counts, "s"), np.inf
        for _ in range(TICKS):
            cart.tick()
            name, clear = worst(cart, cart.clearances(cart.ends()))
            low = min(low, clear)
            found.below += clear < 0.0
            if clear < found.smallest:
                found.smallest, found.name = clear, name
        found.entered += low < 0.0
        found.slowed += counted(cart.guard.counts, "s") > before
        if guarded and number % AWAY_EVERY == 0:
            _try_away(cart, found)
    found.counts = cart.guard.counts
    return found


def _try_away(cart: Cart, found: Crossings) -> None:
    """From where the arms came to: back the way each was going. Where that leads away from all that is near it must be granted in full."""
    goals = {arm: cart.goal(arm) for arm in ARMS}
    cart.let_go()
    cart.watch()
    for arm in ARMS:
        path = cart.arms[arm].made.controller.path
        back = _backwards(cart, arm, goals[arm])
        if not any(back) or not _leads_away(cart, arm, path.lead, back):
            continue
        found.away_asked += 1
        share, _ = cart.guard.law(arm, path.lead, back)
        granted = share == 1.0 and cart.guard.clear(arm, path.lead, _first_step(cart, arm, back), PERIOD)
        found.away_refused += not granted


def _backwards(cart: Cart, arm: str, goal: Joints) -> Joints:
    """Away from the target, at a tenth of the joint speeds."""
    controller = cart.arms[arm].made.controller
    here = controller.path.lead
    ways = [x - g for g, x in zip(goal, here, strict=True)]
    fastest = max(abs(way) / limit for way, limit in zip(ways, controller.config.limits.velocity, strict=True))
    return tuple(0.1 * way / fastest for way in ways) if fastest > 0.0 else (0.0,) * len(here)


def _first_step(cart: Cart, arm: str, wanted: Joints) -> Joints:
    """What the accelerations make of a wanted speed in the first period."""
    rates = cart.arms[arm].made.controller.config.limits.acceleration
    share = min([1.0, *(rate * PERIOD / abs(v) for v, rate in zip(wanted, rates, strict=True) if v)])
    return tuple(share * v for v in wanted)


def _leads_away(cart: Cart, arm: str, lead: Joints, back: Joints) -> bool:
    """No pair in a slow zone gets nearer on a short way along ``back``: measured, not predicted."""
    joints = {one: controller.made.controller.path.lead for one, controller in cart.arms.items()}
    here = cart.clearances(cart.ends(joints))
    joints[arm] = tuple(x + v * PROBE for x, v in zip(lead, back, strict=True))
    there = cart.clearances(cart.ends(joints))
    near = here < SLOW_ZONE
    return bool(np.all(there[near] - here[near] > -NEVER_NEARER))


@dataclass(frozen=True)
class Loop:
    """``times`` [s] of each tick of all four arms, ``cpu`` [s] of a core per tick, ``watched`` pairs, ``active`` pairs on average."""

    times: Any
    cpu: float
    watched: int
    active: float


def loop(ticks: int, seed: int) -> Loop:
    """All four arms at work, a new crossing every TICKS, as fast as the machine can."""
    rng, cart = random.Random(seed), Cart()
    pool = cart.postures(rng, 20)
    times, active, cpu = [], 0, 0.0
    for number in range(ticks):
        if number % TICKS == 0:
            cart.put(rng.choice(pool))
            cart.cross(rng)
        begin, used = time.perf_counter(), time.process_time()
        cart.tick()
        cpu += time.process_time() - used
        times.append(time.perf_counter() - begin)
        active += cart.guard.active
    return Loop(np.array(times), cpu / ticks, cart.guard.pairs.count, active / ticks)


def run(arguments: BenchArguments) -> tuple[list[Bar], dict[str, Any]]:
    """See the head of this file."""
    timed = loop(QUICK_LOOP_TICKS if arguments.quick else LOOP_TICKS, arguments.seed)
    total = QUICK_CROSSINGS if arguments.quick else CROSSINGS
    found = in_parallel(total, arguments.seed)
    unguarded = UNGUARDED // (5 if arguments.quick else 1)
    free = crossings(unguarded, arguments.seed, guarded=False)
    mean, p99 = float(np.mean(timed.times)), float(np.percentile(timed.times, 99))
    bars = [
        at_least("4.rate", "three instruments and camera, IK and collision in one loop: rate possible", 1.0 / mean, RATE_HZ, "Hz"),
        at_most("4.share", "of one core at 250 Hz", 100.0 * timed.cpu * RATE_HZ, SHARE_PERCENT, "%"),
        at_least("4.margin", f"smallest distance less margin in {total} random crossings", found.smallest * MM, 0.0, "mm"),
        at_most("4.away", f"motions away that were not granted in full, of {found.away_asked}", float(found.away_refused), 0.0, ""),
    ]
    details = {
        "tick_us": {"mean": mean * US, "p99": p99 * US, "max": float(np.max(timed.times)) * US},
        "pairs": {"watched": timed.watched, "active_mean": timed.active},
        "crossings": {"count": total, "guard_acted": found.slowed, "below_margin": found.entered, "nearest": found.name},
        "without_guard": {"count": unguarded, "below_margin": free.entered, "smallest_mm": free.smallest * MM},
        "slowed": dict(sorted(found.counts.items(), key=lambda item: -item[1])[:20]),
    }
    details["text"] = _text(timed, found, free, total)
    return bars, details


def _text(timed: Loop, found: Crossings, free: Crossings, total: int) -> str:
    lines = (
        f"collision: a tick of four arms {np.mean(timed.times) * US:.0f} us, p99 {np.percentile(timed.times, 99) * US:.0f} us; "
        f"{timed.watched} pairs watched, {timed.active:.0f} of them near",
        f"collision: {total} crossings, the guard acted in {found.slowed}; {found.entered} got below a margin; nearest {found.name}",
        f"collision: without the guard {free.entered} crossings got below a margin, by up to {-free.smallest * MM:.1f} mm",
    )
    return "\n".join(lines)
