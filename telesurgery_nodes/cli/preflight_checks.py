"""The rows of `telesurgery preflight`: each judges one thing of what was measured. A further check is a row of CHECKS.

good: measured, and as it should be. bad: measured, and not. unknown: not measured, or it cannot be told; that is not good.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..core.link.layouts import PROBE_SIZES
from ..core.link.paths import DEGRADED_LOSS, Reason
from ..core.link.separation import Verdict, worst
from ..core.link.survey import PathSurvey
from ..core.safety.causes import CAUSES, Cause
from .preflight_link import LinkFacts

GOOD, BAD, UNKNOWN = "good", "bad", "unknown"
LONGEST_TRIP_S = CAUSES[Cause.ROUND_TRIP].latch_after  # beyond it the watchdog pauses the session
LEVELS = {Verdict.SEPARATE: GOOD, Verdict.SHARED: BAD, Verdict.UNPROVED: UNKNOWN}
MS = 1e3
FEW_DAYS = 14  # as `telesurgery keys check` warns
ONE_PATH = "one path only: there is nothing it could be separate from, and nothing to fall back on"


@dataclass(frozen=True)
class Finding:
    """``level`` good, bad or unknown; ``sentence`` what was found; ``mend`` what to do about it, empty where good."""

    level: str
    sentence: str
    mend: str = ""


@dataclass(frozen=True)
class Check:
    """One row. ``what``: the question it answers."""

    name: str
    what: str
    run: Callable[[LinkFacts], Finding]


def _addresses(facts: LinkFacts) -> Finding:
    broken = [f"{name}: {end}" for name, end in facts.ends.items() if isinstance(end, str)]
    if broken:
        return Finding(BAD, "; ".join(broken), "give each path its address to the card (`ip addr`), and a route out of it (`ip route`)")
    ends = {name: end for name, end in facts.ends.items() if not isinstance(end, str)}
    nameless = [name for name, end in ends.items() if not end.card]
    if nameless:
        return Finding(UNKNOWN, f"the card of {', '.join(nameless)} is not known", "name the card of each path with --interfaces")
    return Finding(GOOD, ", ".join(f"{name} {end.local} on {end.card}" for name, end in ends.items()))


def _certificate(facts: LinkFacts) -> Finding:
    days = facts.trust.get("certificate_days_left")
    if not isinstance(days, int):
        return Finding(UNKNOWN, "the certificate was not looked at", "telesurgery keys check")
    name = facts.trust.get("identity")
    if days < FEW_DAYS:
        return Finding(UNKNOWN, f"{name} has {days} days left", "telesurgery keys rotate, at the hospital that issued it")
    return Finding(GOOD, f"{name}, {days} days left")


def _peer(facts: LinkFacts) -> Finding:
    if facts.established:
        return Finding(GOOD, f"{facts.trust.get('peer')} answered, proved itself and agrees on URDF, limits and configuration")
    fault = facts.trust.get("handshake_fault") or "the other site did not answer"
    mend = "start the other site's bridge; --side right, UDP and TCP ports open in both firewalls, no own bridge running"
    return Finding(BAD, str(fault), mend)


def _point(names: Sequence[str], mend: str, facts: LinkFacts) -> Finding:
    """The worst of what the pairs of paths say about ``names`` of separation.RULES."""
    if not facts.proofs:
        return Finding(UNKNOWN, ONE_PATH, "add a second path over another network")
    told = [(proof, point) for proof in facts.proofs for point in proof.points if point.name in names]
    verdict = worst([point.verdict for _, point in told])
    words = dict.fromkeys(
        f"{proof.first} and {proof.second}: {point.sentence}" for proof, point in told if point.verdict is verdict
    )
    return Finding(LEVELS[verdict], "; ".join(words), "" if verdict is Verdict.SEPARATE else mend)


def _each(facts: LinkFacts, judge: Callable[[PathSurvey], tuple[str, str]], mend: str) -> Finding:
    """``judge`` on every path, the worst level of all."""
    told = [judge(facts.surveys[path.name]) if path.name in facts.surveys else (UNKNOWN, "not measured") for path in facts.plan]
    levels = [level for level, _ in told]
    level = BAD if BAD in levels else UNKNOWN if UNKNOWN in levels or not levels else GOOD
    sentence = "; ".join(f"{path.name} {words}" for path, (_, words) in zip(facts.plan, told, strict=True))
    return Finding(level, sentence, "" if level == GOOD else mend)


def _mtu(path: PathSurvey) -> tuple[str, str]:
    if path.reason is Reason.NARROW:
        return BAD, Reason.NARROW.value
    if not path.mtu:
        return UNKNOWN, "not known yet"
    return GOOD, f"carries {path.mtu} B whole" + ("" if path.mtu == PROBE_SIZES[-1] else f", not {PROBE_SIZES[-1]} B")


def _trip(path: PathSurvey) -> tuple[str, str]:
    trips = [trip for _, trip in path.round_trips]
    if not trips:
        return UNKNOWN, "gave no round trip"
    p50, p95 = (float(value) for value in np.percentile(trips, (50, 95)))
    words = f"p50 {MS * p50:.1f} ms, p95 {MS * p95:.1f} ms, jitter {MS * path.jitter:.1f} ms"
    return (GOOD if p95 <= LONGEST_TRIP_S else BAD), words


def _loss(path: PathSurvey) -> tuple[str, str]:
    down = f", was silent {1e2 * path.down:.1f} % of the time" if path.down else ""
    if not path.counted:
        return (BAD if path.down > DEGRADED_LOSS else UNKNOWN), f"brought nothing by which loss can be told{down}"
    words = f"{1e2 * path.loss:.2f} % at worst, longest burst {path.longest_burst}, brought twice {1e2 * path.duplicates:.2f} %{down}"
    return (BAD if max(path.loss, path.down) > DEGRADED_LOSS else GOOD), words


_ELSEWHERE = "give each path its own card and its own provider, down to the building's entry (docs/link.md, section 2)"
# The certificate's validity becomes one more row here.
CHECKS: tuple[Check, ...] = (
    Check("addresses", "own address, card and a way out for each path", _addresses),
    Check("certificate", "this site's certificate has time left", _certificate),
    Check("peer", "the other site's bridge answers, is trusted, and agrees", _peer),
    Check("cards", "every path leaves by another card and address", partial(_point, ("cards", "addresses"), _ELSEWHERE)),
    Check("hops", "no router of one path is a router of another", partial(_point, ("hops",), _ELSEWHERE)),
    Check(
        "mtu", f"datagrams of {PROBE_SIZES[0]} B come through whole, both ways",
        partial(_each, judge=_mtu, mend="let ICMP destination-unreachable pass, and give a tunnel room for 1228 B with IP and UDP headers"),
    ),
    Check(
        "round trip", f"19 of 20 round trips are below {MS * LONGEST_TRIP_S:.0f} ms",
        partial(_each, judge=_trip, mend="a shorter way: another provider, no detour through a far tunnel"),
    ),
    Check(
        "loss", f"at most {1e2 * DEGRADED_LOSS:.0f} % of what the other site sends is lost, and no path is silent for longer than that",
        partial(_each, judge=_loss, mend="look for a full line or a weak radio link; the other direction: the other site's preflight"),
    ),
    Check(
        "correlation", "round trips of two paths do not rise and fall together",
        partial(_point, ("correlation",), f"watch longer (--seconds); if it stays: a line in common. {_ELSEWHERE}"),
    ),
    Check(
        "load", "no path is slower while another one is loaded",
        partial(_point, ("load",), f"run with --load, never during a session; if it stays: a narrow place in common. {_ELSEWHERE}"),
    ),
)  # fmt: skip
