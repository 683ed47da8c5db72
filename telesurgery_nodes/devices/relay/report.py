"""Rows of the relay for files and people: counts per path and direction, delay asked and given, own error."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from ...core.link.timeline import WAYS
from .account import Account, Spread
from .datagrams import Leg
from .pipe import PathStreams
from .releases import Releases

COUNTS = ("offered", "lost", "bursts", "overflowed", "cut", "duplicated", "reordered", "corrupted", "tailed")
STREAM_COUNTS = ("opened", "too_many", "timed_out", "failed", "reset")

Legs = Sequence[tuple[Leg, Leg]]


def counts(name: str, way: str, leg: Leg) -> dict[str, Any]:
    """What became of the datagrams of one direction."""
    account = leg.account
    sent = {"delivered": account.delivered, "unheard": account.unheard, "failed": account.failed}
    return {"path": name, "direction": way, **{key: getattr(leg.model, key) for key in COUNTS}, **sent}


def second_row(names: Sequence[str], legs: Legs, streams: Sequence[PathStreams], elapsed: float) -> dict[str, Any]:
    """The second that is over: own error of that second, counts since the start."""
    every, rows = Spread(), []
    for name, pair in zip(names, legs, strict=True):
        for way, leg in zip(WAYS, pair, strict=True):
            over = leg.account.turn()
            every.merge(over)
            rows.append({**counts(name, way, leg), "error_us": over.us()})
    for shared in streams:
        for account in shared.accounts:
            account.turn()
    error = every.us()
    return {
        "t": round(elapsed, 3), "released": every.count, "error_us_p50": error["p50"], "error_us_p99": error["p99"],
        "error_us_max": error["max"], "cpu_s": round(time.process_time(), 3), "counts": rows,
    }  # fmt: skip


def summary(
    names: Sequence[str], legs: Legs, streams: Sequence[PathStreams], releases: Releases, scheduler: str, spent: tuple[float, float]
) -> dict[str, Any]:
    """Everything since the start; ``spent``: seconds since then, and of a processor."""
    rows = [_leg_row(name, way, leg, releases) for name, pair in zip(names, legs, strict=True) for way, leg in zip(WAYS, pair, strict=True)]
    tcp = [_stream_row(name, shared) for name, shared in zip(names, streams, strict=False)]
    return {"seconds": round(spent[0], 3), "scheduler": scheduler, "cpu_s": round(spent[1], 3), "datagrams": rows, "tcp": tcp}


def _leg_row(name: str, way: str, leg: Leg, releases: Releases) -> dict[str, Any]:
    model = leg.model
    mean_burst = round(model.lost / model.bursts, 2) if model.bursts else None
    return {**counts(name, way, leg), "under_way": releases.under_way(leg), "burst": mean_burst, **_timing(leg.account)}


def _stream_row(name: str, shared: PathStreams) -> dict[str, Any]:
    ways = {
        way: {"bytes": shared.bytes[side], "segments": shared.segments[side], "repeated": shared.repeated[side],
              **_timing(shared.accounts[side])}
        for side, way in enumerate(WAYS)
    }  # fmt: skip
    return {"path": name, **{key: getattr(shared, key) for key in STREAM_COUNTS}, **ways}


def _timing(account: Account) -> dict[str, Any]:
    """Delay asked and given; how late a send began, and how late it had returned, against the plan."""
    account.turn()
    return {**account.delays_ms(), "error_us": account.late.us(), "returned_us": account.returned.us()}
