"""A live link in virtual time: two whole sessions, each path over a line of its own or all over one."""

from __future__ import annotations

import heapq

from telesurgery_nodes.core.link.impair import Impair, Impairment
from telesurgery_nodes.core.link.seal import Role
from telesurgery_nodes.core.link.session import LinkSession
from telesurgery_nodes.core.link.wire import Stream

KEY = bytes(range(32))
STEP = 0.002
STATE_S = 0.01


class VirtualLive:
    """The near end is the surgeon. ``lines``: path -> Impairment of both directions; ``shared``: of the line behind all of them."""

    def __init__(self, lines, rate=4e6, shared=None, peer=True, states=True):
        rates = dict.fromkeys(lines, rate)
        self.near = LinkSession(Role.SURGEON, KEY, list(lines), 11, 1, rates)
        self.far = LinkSession(Role.PATIENT, KEY, list(lines), 22, 1, rates) if peer else None
        self.models = {(way, name): Impair(spec, 7 * way + index) for way in (0, 1) for index, (name, spec) in enumerate(lines.items())}
        self.shared = [Impair(shared or Impairment(), 90 + way) for way in (0, 1)]
        self.time, self.order, self.flying, self.bytes = 100.0, 0, [], dict.fromkeys(lines, 0)
        self.largest, self.states, self.closed, self.next_state = {}, states, False, 0.0
        self.heard = []

    def now(self):
        return self.time

    def health(self):
        return self.near.health(self.time)

    def send(self, stream, payload, only):
        self.near.send(stream, payload, self.time, only=only)

    def sent(self, path):
        return self.bytes[path]

    def trust(self):
        return {"identity": "telesurgery://here/one/surgeon", "certificate_days_left": 90, "peer": "there/other"}

    def close(self):
        self.closed = True

    def step(self, seconds):
        until = self.time + seconds
        while self.time < until:
            self.time = min(until, self.time + STEP)
            if self.far and self.states and self.time >= self.next_state:
                self.next_state = self.time + STATE_S
                self.far.send(Stream.STATE, b"state", self.time)
            for way, end in enumerate((self.near, self.far)):
                for path, datagram in end.datagrams_to_send(self.time) if end else ():
                    self._leave(way, path, datagram)
            while self.flying and self.flying[0][0] <= self.time:
                self._move(*heapq.heappop(self.flying))

    def _leave(self, way, path, datagram):
        if way == 0:
            self.bytes[path] += len(datagram)
        if len(datagram) <= self.largest.get(path, len(datagram)):
            self._fly(self.models[way, path].offer(datagram, self.time), way, path, behind=False)

    def _fly(self, releases, way, path, behind):
        for at, copy in releases:
            self.order += 1
            heapq.heappush(self.flying, (at, self.order, way, path, behind, copy))

    def _move(self, at, _, way, path, behind, datagram):
        """First the path's own line, then the one behind it: a line must be offered everything in the order of its arrival."""
        if not behind:
            self._fly(self.shared[way].offer(datagram, at), way, path, behind=True)
            return
        end = self.far if way == 0 else self.near
        for event in end.receive(path, datagram, at) if end else ():
            self.heard += [event] if way == 0 else []
