"""How others carry motion, written from scratch from their described behaviour (peers.md sections 1, 2 and 3.4), none of their code.

Each is kinder than the real one where the description leaves room: clocks of the two sites agree perfectly, TCP has no congestion
window and never loses an acknowledgement, a queue is drained the moment data arrives.

| method          | described behaviour                                                                                     |
| --------------- | ------------------------------------------------------------------------------------------------------- |
| TcpDeltas       | NVIDIA i4h telesurgery 58487d4: deltas as messages over one TCP stream, unbounded queue, no watchdog    |
| UdpIncrements   | RAVEN II / ITP d2307c5 `network_layer.cpp`: after a gap the packet that did arrive is not applied       |
| StampTimeout    | MoveIt Servo 8fcb5d2 `servo_node.cpp`: twist at 100 Hz, refused 0.1 s after the sender's stamp          |
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field

import numpy as np

from ...core.link.impair import MS, Impair
from ...core.values import FloatArray
from .hands import PERIOD_S

JSON_BYTES = 300  # a delta of two hands as JSON in a WebSocket frame, TCP/IP headers included
ITP_BYTES = 124  # u_struct (wan.md section 7)
TWIST_BYTES = 120
DUPLICATE_ACKS = 3  # RFC 5681 section 3.2
RTO_FLOOR_S = 0.2  # Linux: RTO = smoothed RTT + at least 200 ms
BACKOFF = 2.0
SERVO_PERIOD_S = 0.01  # 100 Hz (servo_parameters.yaml)
SERVO_TIMEOUT_S = 0.1  # incoming_command_timeout
RAVEN_RESET = 1000  # a sequence this far behind starts anew


@dataclass
class Outcome:
    """What the arm did. ``done``: (execution time [s], number of the command) in order; ``arrived``: number -> first arrival [s]."""

    done: list[tuple[float, int]] = field(default_factory=list)
    arrived: dict[int, float] = field(default_factory=dict)
    tool: FloatArray = field(default_factory=lambda: np.zeros(3))


def deltas(path: FloatArray) -> FloatArray:
    """Motion since the sample before, shape as ``path``."""
    return np.diff(path, axis=0, prepend=path[:1])


class TcpDeltas:
    """A stream in order: a lost segment holds back everything behind it until its copy has come.

    Its loss is noticed when three later segments were acknowledged (selective acknowledgement: each hole on its own), or by the
    retransmission time-out, which doubles each time it runs out.
    """

    def __init__(self, model: Impair, back_s: float) -> None:
        self._model, self._back = model, back_s
        self._rto = model.spec.delay_ms * MS + back_s + RTO_FLOOR_S
        self._events: list[tuple[float, int, int, float]] = []  # when, segment, sendings before, time-out if this one is lost
        self._tries: dict[int, int] = {}
        self._missing: dict[int, list[float]] = {}  # lost once and not yet sent again -> arrivals of later segments
        self.arrived: dict[int, float] = {}

    def carry(self, moves: FloatArray) -> Outcome:
        """Everything, in order, however late."""
        self._events = [(number * PERIOD_S, number, 0, self._rto) for number in range(len(moves))]
        heapq.heapify(self._events)
        while self._events:
            self._send(*heapq.heappop(self._events))
        out, free = Outcome(arrived=self.arrived), -math.inf
        for number, move in enumerate(moves):
            free = max(free, self.arrived[number])
            out.done.append((free, number))
            out.tool = out.tool + move
        return out

    def _send(self, now: float, number: int, tries: int, timeout: float) -> None:
        if number in self.arrived or tries != self._tries.get(number, 0):
            return  # it came, or it was sent again for another reason
        self._tries[number] = tries + 1
        self._missing.pop(number, None)
        released = self._model.offer(bytes(JSON_BYTES), now)
        if released:
            self.arrived[number] = released[0][0]
            self._acknowledge(number, released[0][0])
            return
        if tries == 0:
            self._missing[number] = []
        heapq.heappush(self._events, (now + timeout, number, tries + 1, timeout * BACKOFF))

    def _acknowledge(self, number: int, at: float) -> None:
        for missing, later in self._missing.items():
            if missing < number and len(later) < DUPLICATE_ACKS:
                later.append(at)
                if len(later) == DUPLICATE_ACKS:
                    heapq.heappush(self._events, (max(later) + self._back, missing, 1, self._rto))


class UdpIncrements:
    """An increment that is lost is lost for ever, and with it the first one after the gap."""

    def __init__(self, model: Impair) -> None:
        self._model = model
        self._newest = -1

    def carry(self, moves: FloatArray) -> Outcome:
        """In the order of arrival."""
        flying: list[tuple[float, int]] = []
        for number in range(len(moves)):
            flying += [(at, number) for at, _ in self._model.offer(bytes(ITP_BYTES), number * PERIOD_S)]
        out = Outcome()
        for at, number in sorted(flying):
            out.arrived.setdefault(number, at)
            if self.applies(number):
                out.done.append((at, number))
                out.tool = out.tool + moves[number]
        return out

    def applies(self, number: int) -> bool:
        """Whether the packet that just came moves the arm."""
        expected = self._newest + 1
        if self._newest - RAVEN_RESET < number < expected:
            return False
        self._newest = number
        return number == expected


class StampTimeout:
    """Every 10 ms the newest twist moves the arm for 10 ms, unless its sender's stamp is 100 ms old by the local clock."""

    def __init__(self, model: Impair) -> None:
        self._model = model

    def carry(self, moves: FloatArray) -> Outcome:
        """One integration step per tick; silence ends the motion after the time-out."""
        out = Outcome()
        for number in range(len(moves)):
            for at, _ in self._model.offer(bytes(TWIST_BYTES), number * PERIOD_S):
                out.arrived[number] = min(at, out.arrived.get(number, math.inf))
        arrivals = sorted((at, number) for number, at in out.arrived.items())
        newest, index, used = -1, 0, -1
        for tick in range(math.ceil((arrivals[-1][0] + SERVO_TIMEOUT_S) / SERVO_PERIOD_S) + 1 if arrivals else 0):
            now = tick * SERVO_PERIOD_S
            while index < len(arrivals) and arrivals[index][0] <= now:
                newest, index = arrivals[index][1], index + 1  # the last message of a topic, whatever its order
            if newest < 0 or now - newest * PERIOD_S >= SERVO_TIMEOUT_S:
                continue
            out.tool = out.tool + moves[newest] / PERIOD_S * SERVO_PERIOD_S
            if newest != used:
                out.done.append((now, newest))
                used = newest
        return out
