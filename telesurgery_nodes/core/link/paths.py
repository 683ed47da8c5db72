"""What each path does, from the datagrams that came over it, and GOOD / DEGRADED / DOWN out of that, with the reason.

The first row of WHY that fits is the reason; it has its state with it. Only authenticated datagrams count, and each only once per
path: replaying a recording at a dead path does not make it look alive.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from .clock import ClockEstimate, ClockEstimator
from .layouts import PROBE_SIZES
from .loss import LossMeter, Share
from .mtu import PathMtu
from .window import ReplayWindow
from .wire import Stream

DOWN_AFTER_S = 0.05  # wan.md 8.3
RECOVERY_S = 0.5
DEGRADED_LOSS = 0.01
DEGRADED_JITTER_S = 0.02
JITTER_GAIN = 1.0 / 16.0  # RFC 3550 section 6.4.1
TRANSIT_GAIN = 1.0 / 16.0
LOSS_STREAMS = (Stream.COMMAND, Stream.STATE)  # sent on every path; heartbeats differ per path, video may be thinned


class PathState(enum.IntEnum):
    """Health of a path."""

    DOWN = 0
    DEGRADED = 1
    GOOD = 2


class Reason(enum.Enum):
    """Why a path is in its state, in words."""

    FINE = "nothing wrong"
    SILENT = f"nothing authentic for {1e3 * DOWN_AFTER_S:.0f} ms"
    NARROW = f"datagrams of {PROBE_SIZES[0]} B do not come through: no pictures, no full commands"
    BACK = f"less than {RECOVERY_S:g} s back up"
    LOSS = f"loss above {1e2 * DEGRADED_LOSS:.0f} %"
    JITTER = f"jitter above {1e3 * DEGRADED_JITTER_S:.0f} ms"


@dataclass(frozen=True)
class PathHealth:
    """One path as the receiving side sees it. ``skew`` [s]: how much slower than the fastest path; times in s, shares 0..1.

    ``burst``, ``longest_burst``: mean and longest run of lost datagrams of the kept seconds; ``duplicate_share`` of these seconds;
    ``mtu`` [B]: what is carried whole in both directions, of PROBE_SIZES; 0: not known (yet), or less. ``counted``: datagrams the loss is
    a share of; 0: no loss can be told.
    """

    name: str
    state: PathState
    loss: float
    jitter: float
    round_trip: float
    skew: float
    silence: float
    received: int
    duplicates: int
    lost: int
    worst_gap: float
    burst: float
    longest_burst: int
    duplicate_share: float
    mtu: int
    reason: Reason
    counted: int

    def words(self) -> str:
        """For /diagnostics."""
        why = "" if self.reason is Reason.FINE else f" ({self.reason.value})"
        bursts = f"bursts {self.burst:.1f} longest {self.longest_burst}"
        times = f"jitter {self.jitter:.4f} s rtt {self.round_trip:.4f} s skew {self.skew:.4f} s silence {self.silence:.3f} s"
        return f"{self.state.name}{why} loss {self.loss:.4f} {bursts} duplicates {self.duplicate_share:.4f} {times} mtu {self.mtu}"


# What of a path stands on the link tape, as <path>_<column>.
TAPED: Mapping[str, Callable[[PathHealth], float]] = MappingProxyType(
    {
        "rtt": lambda path: path.round_trip,
        "jitter": lambda path: path.jitter,
        "loss": lambda path: path.loss,
        "state": lambda path: float(path.state),
        "burst": lambda path: path.burst,
        "longest_burst": lambda path: float(path.longest_burst),
        "duplicates": lambda path: path.duplicate_share,
        "skew": lambda path: path.skew,
        "mtu": lambda path: float(path.mtu),
    }
)


class PathMonitor:
    """Statistics of one path in the receiving direction."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.reset((0,) * len(Stream))
        self.duplicates = 0
        self.received = 0

    def reset(self, begin: Sequence[int]) -> None:
        """Forget the peer: a new session begins, with these sequences per stream."""
        self.clock = ClockEstimator()
        self.mtu = PathMtu()
        self._windows = {stream: ReplayWindow() for stream in Stream}
        for stream in Stream:
            self._windows[stream].begin(begin[stream])
        self._loss = {stream: LossMeter() for stream in LOSS_STREAMS}
        self._twice = Share()
        self._last_seen = -math.inf
        self._up_since = -math.inf
        self._transit: float | None = None
        self._last_transit = 0.0
        self._jitter = 0.0
        self._worst_gap = 0.0

    def note(self, stream: Stream, sequence: int, now: float, size: int = 0) -> bool:
        """An authenticated datagram of ``size`` [B] came over this path; False where this path had brought it already."""
        new = self._windows[stream].mark(sequence)
        self._twice.add(1.0, float(not new), now)
        if not new:
            self.duplicates += 1
            return False
        gap = now - self._last_seen
        if gap > DOWN_AFTER_S:
            self._up_since = now
        if self._worst_gap < gap < math.inf:
            self._worst_gap = gap
        self._last_seen = now
        self.received += 1
        self.mtu.came(size, now)
        if stream in self._loss:
            self._loss[stream].note(sequence, now)
        return True

    def time(self, sent: float, now: float) -> None:
        """Transit of a heartbeat: arrival minus sending stamp, clocks unsynchronised; only differences of it are used."""
        transit = now - sent
        if self._transit is None:
            self._transit = self._last_transit = transit
            return
        self._jitter += JITTER_GAIN * (abs(transit - self._last_transit) - self._jitter)
        self._last_transit = transit
        self._transit += TRANSIT_GAIN * (transit - self._transit)

    @property
    def transit(self) -> float:
        """Smoothed transit [s]; inf before the first heartbeat."""
        return math.inf if self._transit is None else self._transit

    def loss(self) -> float:
        """Worst loss of the streams that go over every path."""
        return max(meter.share() for meter in self._loss.values())

    def silence(self, now: float) -> float:
        """Seconds since something authentic came; inf before the first."""
        return now - self._last_seen

    def down(self, now: float) -> bool:
        """Nothing heard for too long."""
        return now - self._last_seen > DOWN_AFTER_S

    def why(self, now: float) -> tuple[Reason, PathState]:
        """The first row of WHY that fits."""
        return next((reason, state) for reason, state, fits in WHY if fits(self, now))

    def estimate(self, now: float) -> ClockEstimate:
        """Clock offset as this path knows it."""
        return self.clock.estimate(now)

    def health(self, now: float, fastest: float) -> PathHealth:
        """Snapshot; ``fastest`` is the smallest transit of all paths."""
        lost = sum(meter.lost for meter in self._loss.values())
        mean, longest = max(meter.bursts(now) for meter in self._loss.values())
        reason, state = self.why(now)
        skew = self.transit - fastest if math.isfinite(self.transit) else math.inf
        return PathHealth(
            self.name, state, self.loss(), self._jitter, self.clock.round_trip, skew, self.silence(now), self.received,
            self.duplicates, lost, self._worst_gap, mean, longest, self._twice.value(), self.mtu.both_ways(now), reason,
            sum(meter.counted() for meter in self._loss.values()),
        )  # fmt: skip

    def _up(self, now: float) -> float:
        return now - self._up_since


# Reason, its state, and when it fits; tried in this order.
WHY: tuple[tuple[Reason, PathState, Callable[[PathMonitor, float], bool]], ...] = (
    (Reason.SILENT, PathState.DOWN, lambda path, now: path.down(now)),
    (Reason.NARROW, PathState.DEGRADED, lambda path, now: path.mtu.narrow(now)),
    (Reason.BACK, PathState.DEGRADED, lambda path, now: path._up(now) < RECOVERY_S),
    (Reason.LOSS, PathState.DEGRADED, lambda path, now: path.loss() > DEGRADED_LOSS),
    (Reason.JITTER, PathState.DEGRADED, lambda path, now: path._jitter > DEGRADED_JITTER_S),
    (Reason.FINE, PathState.GOOD, lambda path, now: True),
)
