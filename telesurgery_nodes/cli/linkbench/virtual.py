"""Two real LinkSessions over modelled paths in virtual time: deterministic, seeded, as fast as the machine can."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence

from ...core.link.impair import Impair, Impairment
from ...core.link.seal import Role
from ...core.link.session import Event, LinkSession

KEY = bytes(range(32))  # of a bench that sends nothing to anywhere
SETTLE_S = 2.0  # admission takes two round trips of the slowest preset
WAYS = ("up", "down")


class VirtualLink:
    """``paths``: (name, up, down). ``heard(way, event)`` gets what arrives: way "up" at the patient, "down" at the surgeon."""

    def __init__(self, paths: Sequence[tuple[str, Impairment, Impairment]], seed: int, rates: dict[str, float] | None = None) -> None:
        names = [name for name, _, _ in paths]
        self.surgeon = LinkSession(Role.SURGEON, KEY, names, 11, seed, rates)
        self.patient = LinkSession(Role.PATIENT, KEY, names, 22, seed, rates)
        self.models = {
            (way, name): Impair(spec, 8 * seed + 2 * number + side)
            for number, (name, *specs) in enumerate(paths)
            for side, (way, spec) in enumerate(zip(WAYS, specs, strict=True))
        }
        self.now = 0.0
        self.cut: set[str] = set()  # paths that lose everything, both ways
        self.heard: Callable[[str, Event], None] = lambda way, event: None
        self.arrived: Callable[[str, str, bytes, float], None] = lambda way, path, datagram, at: None
        self._flying: list[tuple[float, int, str, str, bytes]] = []
        self._order = 0

    def step(self, until: float) -> None:
        """Send what is due now, then deliver everything released before ``until`` [s], each at its own time."""
        for way, sender in (("up", self.surgeon), ("down", self.patient)):
            for path, datagram in sender.datagrams_to_send(self.now):
                if path not in self.cut:
                    self._fly(way, path, datagram)
        while self._flying and self._flying[0][0] < until:
            at, _, way, path, datagram = heapq.heappop(self._flying)
            self.arrived(way, path, datagram, at)
            receiver = self.patient if way == "up" else self.surgeon
            for event in receiver.receive(path, datagram, at):
                self.heard(way, event)
        self.now = until

    def settle(self, period: float, seconds: float = SETTLE_S) -> None:
        """Let both ends admit each other."""
        end = self.now + seconds
        while self.now < end:
            self.step(self.now + period)

    def _fly(self, way: str, path: str, datagram: bytes) -> None:
        for release, copy in self.models[way, path].offer(datagram, self.now):
            self._order += 1
            heapq.heappush(self._flying, (release, self._order, way, path, copy))
