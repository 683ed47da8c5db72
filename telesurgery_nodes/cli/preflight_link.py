"""The measuring part of `telesurgery preflight`: where the paths leave, what a live link does, and what a load does to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Protocol

from ..core.link.layouts import LAYOUTS, MAX_DATAGRAM
from ..core.link.pacing import USABLE_SHARE
from ..core.link.separation import LoadEvidence, PairProof, PathEvidence, prove
from ..core.link.session import LinkHealth
from ..core.link.survey import PathSurvey, Survey
from ..core.link.topics import TABLE
from ..core.link.wire import VIDEO_ROOM, Stream
from ..devices.link.wan_link import WanLink
from ..devices.paths.routes import Hops, OwnEnd, first_hops, own_end
from ..errors import DeviceError

ADMISSION_S = 8.0  # a handshake takes four round trips, an admission two, and none that may be operated over is longer than 0.5 s
SETTLE_S = 2.0  # the first half second of a path is DEGRADED, and the heartbeats of the admission count for nothing
LOOK_S = 0.02  # as often as heartbeats come
LOAD_S, LOAD_SETTLE_S, REST_S = 4.0, 1.0, 1.0  # of each load, how much of it is not looked at, and between two
LOAD_STEP_S = 0.002
FLUSH_S = 0.001  # a pace at which the pacing of a load is not felt
# No topic has the number of the sites' own table on stream 5: the far bridge counts it (`topics_not_listed`) and drops it.
FILLER = LAYOUTS["topic"].made().pack(TABLE).ljust(VIDEO_ROOM, b"\0")
BITS = 8.0


@dataclass(frozen=True)
class PathPlan:
    """One path as asked for. ``rate`` [bit/s] contracted."""

    name: str
    local: str
    remote: str
    interface: str
    rate: float


class LiveLink(Protocol):
    """A link whose datagrams move in ``step``."""

    def now(self) -> float:
        """Its clock [s]."""

    def health(self) -> LinkHealth:
        """Now."""

    def send(self, stream: Stream, payload: bytes, only: str | None = None) -> None:
        """Queue on every path, or on ``only`` one, below the pacing's cap."""

    def sent(self, path: str) -> int:
        """Bytes that left on a path so far."""

    def step(self, seconds: float) -> None:
        """Send and receive for so long."""

    def trust(self) -> Mapping[str, object]:
        """The certificate and the handshakes, in words and numbers (WanLink.trust)."""

    def close(self) -> None:
        """Release the sockets. Never raises."""


class SiteLink:
    """This site's end of the link, as its bridge would open it."""

    def __init__(self, link: WanLink) -> None:
        self._link = link
        link.start()

    def now(self) -> float:
        """The steady clock."""
        return time.monotonic()

    def health(self) -> LinkHealth:
        """Now."""
        return self._link.health()

    def send(self, stream: Stream, payload: bytes, only: str | None = None) -> None:
        """Queue on every path, or on ``only`` one."""
        self._link.send(stream, payload, self.now(), only=only)

    def sent(self, path: str) -> int:
        """Bytes so far."""
        return self._link.sent[path]

    def step(self, seconds: float) -> None:
        """Send what is due; the link's own thread receives."""
        end = self.now() + seconds
        while (left := end - self.now()) > 0.0:
            self._link.flush()
            time.sleep(min(left, FLUSH_S))

    def trust(self) -> Mapping[str, object]:
        """The certificate and the handshakes."""
        return self._link.trust()

    def close(self) -> None:
        """Release the sockets."""
        self._link.close()


@dataclass(frozen=True)
class LinkFacts:
    """All that was measured. ``ends``: own end of each path, or why there is none; ``established``: the other site answered."""

    plan: tuple[PathPlan, ...]
    ends: Mapping[str, OwnEnd | str]
    hops: Mapping[str, Hops]
    established: bool
    trust: Mapping[str, object]
    surveys: Mapping[str, PathSurvey]
    loads: tuple[LoadEvidence, ...]
    proofs: tuple[PairProof, ...]


def collect(plan: Sequence[PathPlan], opened: Callable[[], LiveLink], seconds: float, load: bool, say: Callable[[str], None]) -> LinkFacts:
    """Measure everything: routes first (they block), then the link, then the load. Where a path cannot leave, no link is opened."""
    ends = {path.name: _end(path) for path in plan}
    blocked = any(isinstance(end, str) for end in ends.values())
    say(f"asking the first routers of {len(plan)} paths")
    hops = {} if blocked else {path.name: first_hops(path.local, path.remote, path.interface) for path in plan}
    surveys: Mapping[str, PathSurvey] = {}
    loads: tuple[LoadEvidence, ...] = ()
    established, trust = False, dict[str, object]()
    if not blocked:
        link = opened()
        try:
            say(f"watching the link for {seconds:.0f} s")
            established = admitted(link)
            trust.update(link.trust())
            surveys = watch(link, seconds) if established else {}
            if load and established:
                say(f"loading the paths for {LOAD_S:.0f} s each, then each pair")
                loads = load_test(link, plan)
        finally:
            link.close()
    evidence = [_evidence(path, ends[path.name], hops.get(path.name), surveys.get(path.name)) for path in plan]
    return LinkFacts(tuple(plan), ends, hops, established, trust, surveys, loads, prove(evidence, loads))


def _end(path: PathPlan) -> OwnEnd | str:
    try:
        return own_end(path.local, path.remote, path.interface)
    except DeviceError as error:
        return str(error)


def _evidence(path: PathPlan, end: OwnEnd | str, hops: Hops | None, survey: PathSurvey | None) -> PathEvidence:
    own = OwnEnd("", "", "") if isinstance(end, str) else end
    routers, reached = (hops.addresses, hops.reached) if hops else ((), False)
    return PathEvidence(path.name, own.local, own.card, own.hardware, routers, reached, survey.round_trips if survey else ())


def admitted(link: LiveLink) -> bool:
    """The other site has answered within ADMISSION_S."""
    end = link.now() + ADMISSION_S
    while link.now() < end and not link.health().established:
        link.step(LOOK_S)
    return link.health().established


def watch(link: LiveLink, seconds: float) -> dict[str, PathSurvey]:
    """Heartbeats only, for so long."""
    link.step(SETTLE_S)
    return {path.name: path for path in _looked(link, seconds, lambda: None, LOOK_S).result()}


def load_test(link: LiveLink, plan: Sequence[PathPlan], seconds: float = LOAD_S) -> tuple[LoadEvidence, ...]:
    """Each path alone, then each pair, filled to what the pacing lets through of the contracted rate."""
    sets = [(path,) for path in plan] + list(combinations(plan, 2))
    found = []
    for paths in sets:
        found.append(_load(link, paths, seconds))
        link.step(REST_S)
    return tuple(found)


def _load(link: LiveLink, paths: Sequence[PathPlan], seconds: float) -> LoadEvidence:
    begin, before = link.now(), {path.name: link.sent(path.name) for path in paths}
    offered = dict.fromkeys(before, 0)

    def fill() -> None:
        for path in paths:
            due = int(USABLE_SHARE * path.rate / BITS * (link.now() - begin) / MAX_DATAGRAM)
            for _ in range(due - offered[path.name]):
                link.send(Stream.TOPIC, FILLER, path.name)
            offered[path.name] = due

    _looked(link, LOAD_SETTLE_S, fill, LOAD_STEP_S)
    survey = _looked(link, max(0.0, seconds - LOAD_SETTLE_S), fill, LOAD_STEP_S)
    lasted = link.now() - begin
    sent = {name: BITS * (link.sent(name) - left) / lasted for name, left in before.items()}
    trips = {seen.name: [trip for _, trip in seen.round_trips] for seen in survey.result()}
    return LoadEvidence(sent, {path.name: USABLE_SHARE * path.rate for path in paths}, trips)


def _looked(link: LiveLink, seconds: float, fill: Callable[[], None], step: float) -> Survey:
    survey, end, next_look = Survey(), link.now() + seconds, link.now()
    while link.now() < end:
        fill()
        link.step(step)
        if link.now() >= next_look:
            next_look += LOOK_S
            survey.note(link.health(), link.now())
    return survey


