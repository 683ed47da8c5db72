"""Are two paths really two? What was measured of each -> for every pair SEPARATE, SHARED or UNPROVED, with a sentence for each point.

Deny by default: what was not measured, or cannot be told from what was, is UNPROVED; one SHARED point makes the pair SHARED; only a pair
with every point SEPARATE is SEPARATE. Loopback and emulated paths are never: there is no second cable to be found in one computer.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from .series import FEWEST_BINS, Samples, likeness, rise

CORRELATED = 0.65  # above what independent queues reach, below what a shared one falls to: `telesurgery bench separation`
LOAD_RISE_S = 0.002  # more than this is a queue (congestion.py)
LOAD_REACHED = 0.8  # of the wanted rate; less has not tried the path
FIRST_HOPS = 2  # routers that must be known from this end; the other end proves its own
LOOPBACK_CARD, LOOPBACK_NET = "lo", "127."
PRIVATE = ("10.", "192.168.", "100.64.", *(f"172.{number}." for number in range(16, 32)))  # RFC 1918, RFC 6598 (its first part)


class Verdict(enum.Enum):
    """About two paths."""

    SEPARATE = "separate"
    SHARED = "shared"
    UNPROVED = "unproved"


@dataclass(frozen=True)
class PathEvidence:
    """One path as measured from this end; an empty text is "not known".

    ``local`` own source address; ``card`` network card, ``hardware`` the physical card that carries it (none for tunnels and emulation);
    ``hops`` router addresses for TTL 1, 2, ... ("": no answer) and ``reached``: behind the last of them came the peer's host;
    ``round_trips`` (own time, round trip) [s] while nothing but heartbeats was sent.
    """

    name: str
    local: str = ""
    card: str = ""
    hardware: str = ""
    hops: tuple[str, ...] = ()
    reached: bool = False
    round_trips: Samples = ()

    @property
    def loopback(self) -> bool:
        """It never leaves this computer."""
        return self.card == LOOPBACK_CARD or self.local.startswith(LOOPBACK_NET)


@dataclass(frozen=True)
class LoadEvidence:
    """While some paths were filled: ``sent`` [bit/s] went out on each of these, of ``wanted``; ``round_trips`` [s] of every path."""

    sent: Mapping[str, float]
    wanted: Mapping[str, float]
    round_trips: Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Point:
    """What one kind of evidence says."""

    name: str
    verdict: Verdict
    sentence: str


@dataclass(frozen=True)
class PairProof:
    """Two paths. ``points`` in the order of RULES, or the one that makes all others meaningless."""

    first: str
    second: str
    verdict: Verdict
    points: tuple[Point, ...] = field(default=())


Told = tuple[Verdict, str]
Rule = Callable[[PathEvidence, PathEvidence, Sequence[LoadEvidence]], Told]


def _cards(a: PathEvidence, b: PathEvidence, _: Sequence[LoadEvidence]) -> Told:
    if a.card and a.card == b.card:
        return Verdict.SHARED, f"both use the card {a.card}"
    if a.hardware and a.hardware == b.hardware:
        return Verdict.SHARED, f"{a.card} and {b.card} are both carried by the card {a.hardware}"
    for path in (a, b):
        if not path.card:
            return Verdict.UNPROVED, f"the card of {path.name} is not known"
        if not path.hardware:
            return Verdict.UNPROVED, f"{path.card} of {path.name} is a tunnel, a bridge or emulated: the card that carries it is not known"
    return Verdict.SEPARATE, f"cards {a.card} and {b.card}"


def _addresses(a: PathEvidence, b: PathEvidence, _: Sequence[LoadEvidence]) -> Told:
    for path in (a, b):
        if not path.local:
            return Verdict.UNPROVED, f"the source address of {path.name} is not known"
    if a.local == b.local:
        return Verdict.SHARED, f"both leave from {a.local}"
    return Verdict.SEPARATE, f"from {a.local} and {b.local}"


def _hops(a: PathEvidence, b: PathEvidence, _: Sequence[LoadEvidence]) -> Told:
    common = [hop for hop in a.hops if hop and hop in b.hops]
    if common:
        private = " (a private address, which two routers may bear: look)" if common[0].startswith(PRIVATE) else ""
        return Verdict.SHARED, f"both go through the router {', '.join(common)}{private}"
    for path in (a, b):
        wanted = len(path.hops) if path.reached else max(FIRST_HOPS, len(path.hops))
        silent = [ttl for ttl in range(1, wanted + 1) if ttl > len(path.hops) or not path.hops[ttl - 1]]
        if silent:
            return Verdict.UNPROVED, f"on {path.name} the router at hop {', '.join(map(str, silent))} did not answer"
    roads = [", ".join(path.hops) or "no router" for path in (a, b)]
    return Verdict.SEPARATE, f"{a.name} by {roads[0]}; {b.name} by {roads[1]}"


def _correlation(a: PathEvidence, b: PathEvidence, _: Sequence[LoadEvidence]) -> Told:
    found = likeness(a.round_trips, b.round_trips)
    if found.bins < FEWEST_BINS:
        return Verdict.UNPROVED, f"round trips of both for {found.bins} s; wanted {FEWEST_BINS}"
    if math.isnan(found.r):
        return Verdict.UNPROVED, "the round trips stand still: nothing to compare"
    words = f"round trips correlate with r = {found.r:.2f} over {found.bins} s (suspicious from {CORRELATED:g})"
    return (Verdict.SHARED, f"suspicion of a shared queue: {words}") if found.r >= CORRELATED else (Verdict.SEPARATE, words)


def _load(a: PathEvidence, b: PathEvidence, loads: Sequence[LoadEvidence]) -> Told:
    by_loaded = {frozenset(load.sent): load for load in loads}
    alone = [by_loaded.get(frozenset((path.name,))) for path in (a, b)]
    for load, loaded, watched in ((alone[0], a, b), (alone[1], b, a)):
        if load and _risen(watched, load):
            return Verdict.SHARED, f"while {loaded.name} is loaded, {watched.name} {_words(watched, load)}"
    both = by_loaded.get(frozenset((a.name, b.name)))
    for load, path in zip(alone, (a, b), strict=True):
        if both and load and _risen(path, both) and not _risen(path, load):
            return Verdict.SHARED, f"loaded together with the other, {path.name} {_words(path, both)}; loaded alone it is not"
        if both and load and both.sent[path.name] < LOAD_REACHED * load.sent[path.name]:
            rates = f"{both.sent[path.name] / 1e6:.1f} of the {load.sent[path.name] / 1e6:.1f} Mbit/s it takes alone"
            return Verdict.SHARED, f"loaded together with the other, {path.name} takes {rates}"
    return _unloaded(a, b, [*alone, both])


def _unloaded(a: PathEvidence, b: PathEvidence, loads: Sequence[LoadEvidence | None]) -> Told:
    for load in loads:
        if load is None or any(math.isnan(_rise(path, load)[0]) for path in (a, b)):
            return Verdict.UNPROVED, "no load test of each path alone and of both"
        for name, sent in load.sent.items():
            if not sent >= LOAD_REACHED * load.wanted[name]:
                return Verdict.UNPROVED, f"{name} took {sent / 1e6:.1f} of {load.wanted[name] / 1e6:.1f} Mbit/s: that is no load"
    return Verdict.SEPARATE, "neither is slower while the other is loaded: no narrow place in common"


def _rise(path: PathEvidence, load: LoadEvidence) -> tuple[float, float]:
    return rise([trip for _, trip in path.round_trips], load.round_trips.get(path.name, ()))


def _risen(path: PathEvidence, load: LoadEvidence) -> bool:
    risen, chance = _rise(path, load)
    return risen > max(LOAD_RISE_S, chance)


def _words(path: PathEvidence, load: LoadEvidence) -> str:
    return f"is {1e3 * _rise(path, load)[0]:.1f} ms slower"


RULES: Mapping[str, Rule] = {"cards": _cards, "addresses": _addresses, "hops": _hops, "correlation": _correlation, "load": _load}


def prove(paths: Sequence[PathEvidence], loads: Sequence[LoadEvidence] = ()) -> tuple[PairProof, ...]:
    """Every pair of paths; none where there is only one."""
    return tuple(_pair(a, b, loads) for a, b in combinations(paths, 2))


def _pair(a: PathEvidence, b: PathEvidence, loads: Sequence[LoadEvidence]) -> PairProof:
    inside = [path.name for path in (a, b) if path.loopback]
    if inside:
        sentence = f"{' and '.join(inside)} runs over this computer's loopback: emulated, nothing to be separate"
        return PairProof(a.name, b.name, Verdict.UNPROVED, tuple(Point(name, Verdict.UNPROVED, sentence) for name in RULES))
    points = tuple(Point(name, *rule(a, b, loads)) for name, rule in RULES.items())
    return PairProof(a.name, b.name, worst([point.verdict for point in points]), points)


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """SHARED if any is, SEPARATE if all are and there is one, else UNPROVED."""
    if Verdict.SHARED in verdicts:
        return Verdict.SHARED
    return Verdict.SEPARATE if verdicts and set(verdicts) == {Verdict.SEPARATE} else Verdict.UNPROVED
