"""Bar 4: mutated, replayed and foreign datagrams against a live session, between its legitimate traffic. Virtual time.

Replays are of datagrams every path has brought already: an attacker who delivers a genuine datagram before the network does
has delivered it, not forged it.
"""

from __future__ import annotations

import random
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil

from ...core.link.epochs import RETIRE_S
from ...core.link.impair import Impairment
from ...core.link.seal import Role, Sealer
from ...core.link.session import Event, LinkSession, Received
from ...core.link.wire import HEADER, MAX_DATAGRAM, Stream
from .cuts import key_of, rekey
from .virtual import KEY, SETTLE_S, VirtualLink

PERIOD_S = 0.001
FLOOD_HZ = 20_000
PER_TICK = round(FLOOD_HZ * PERIOD_S)
PATHS = [("a", *[Impairment(delay_ms=5.0)] * 2), ("b", *[Impairment(delay_ms=8.0)] * 2)]
OLD_ENOUGH = 100  # datagrams: both copies of it have long come
KEPT = 400
WARM_SHARE = 0.1  # of the flood, before memory is first looked at
STREAM_AT, SESSION_AT, BOOT_AT, SEQUENCE_AT = 1, 4, 8, 12
PAYLOAD = bytes(240)
EPOCH = 1  # in force during the flood; the one before is known to the attacker
AHEAD = 5000  # datagrams: its forgeries are newer than anything that came


@dataclass
class Flood:
    """What the flood did. ``accepted``: events, ``changed``: differences of the session's state, ``grown`` [bytes] of memory."""

    tried: int = 0
    accepted: int = 0
    exceptions: int = 0
    changed: int = 0
    lost: int = 0
    sent: int = 0
    grown: int = 0
    seconds: float = 0.0
    kinds: Counter[str] = field(default_factory=Counter)


class Forger:
    """Makes what an attacker with a recording, but without the key, can send."""

    def __init__(self, rng: random.Random, life: tuple[int, int]) -> None:
        self._rng = rng
        self.up: deque[bytes] = deque(maxlen=KEPT)  # newest last
        self.down: deque[bytes] = deque(maxlen=KEPT)
        key = key_of(EPOCH)
        old = Sealer(key, Role.SURGEON, 99, 7, EPOCH)
        self._old = [old.seal(stream, bytes(113))[1] for stream in Stream for _ in range(50)]  # another life, even with the right key
        self._foreign = Sealer(bytes(32), Role.SURGEON, *life, EPOCH)  # another key
        self._retired = Sealer(KEY, Role.SURGEON, *life, EPOCH - 1)  # the key before, in the wrong hands
        for _ in range(AHEAD):
            self._retired.seal(Stream.COMMAND, b"")
        self.kinds: dict[str, Callable[[], bytes]] = {
            "bit flip": lambda: self._flip(self._take(self.up)),
            "truncated": lambda: (datagram := self._take(self.up))[: rng.randrange(len(datagram))],
            "extended": lambda: (self._take(self.up) + rng.randbytes(rng.randint(1, 40)))[: MAX_DATAGRAM + 40],
            "replay": lambda: self.up[rng.randrange(len(self.up) - OLD_ENOUGH)],
            "other session": lambda: self._put(SESSION_AT, rng.randbytes(4)),
            "other boot": lambda: self._put(BOOT_AT, rng.randbytes(4)),
            "other epoch": lambda: self._put(2, rng.randint(0, 0xFFFF).to_bytes(2, "big")),
            "retired key": lambda: self._retired.seal(Stream.COMMAND, PAYLOAD)[1],
            "other stream": self._other_stream,
            "other direction": lambda: self._take(self.down),
            "sequence jump": self._jump,
            "other key": lambda: self._foreign.seal(Stream.COMMAND, PAYLOAD)[1],
            "old session": lambda: rng.choice(self._old),
            "garbage": lambda: rng.randbytes(rng.randrange(MAX_DATAGRAM)),
        }

    def make(self) -> tuple[str, bytes]:
        """Kind and datagram."""
        kind = self._rng.choice(list(self.kinds))
        return kind, self.kinds[kind]()

    def _take(self, recorded: deque[bytes]) -> bytes:
        return recorded[self._rng.randrange(len(recorded))]

    def _flip(self, datagram: bytes) -> bytes:
        changed = bytearray(datagram)
        changed[self._rng.randrange(len(changed))] ^= 1 << self._rng.randrange(8)
        return bytes(changed)

    def _put(self, at: int, value: bytes) -> bytes:
        datagram = self._take(self.up)
        while datagram[at : at + len(value)] == value:
            value = self._rng.randbytes(len(value))
        return datagram[:at] + value + datagram[at + len(value) :]

    def _other_stream(self) -> bytes:
        datagram = self._take(self.up)
        other = self._rng.choice([stream for stream in Stream if stream != datagram[STREAM_AT]])
        return datagram[:STREAM_AT] + bytes((other,)) + datagram[STREAM_AT + 1 :]

    def _jump(self) -> bytes:
        datagram = self._take(self.up)
        sequence = int.from_bytes(datagram[SEQUENCE_AT : HEADER.size], "big") + self._rng.randint(1, 1 << 30) & 0xFFFFFFFF
        return datagram[:SEQUENCE_AT] + sequence.to_bytes(4, "big") + datagram[HEADER.size :]


def state_of(session: LinkSession, now: float) -> tuple[object, ...]:
    """Everything a datagram could have moved; counters of refusals and duplicates aside."""
    health = session.health(now)
    paths = tuple((path.state, path.received, path.lost, path.silence, path.round_trip, path.jitter) for path in health.paths)
    return health.established, health.peer_session, health.clock, paths


def flood(count: int, seed: int) -> Flood:
    """``count`` datagrams at FLOOD_HZ while commands go on at 1 kHz."""
    rng, out, link, came = random.Random(seed), Flood(), VirtualLink(PATHS, seed), Counter[str]()
    forger = Forger(rng, link.surgeon.life)
    link.arrived = lambda way, path, datagram, at: (forger.up if way == "up" else forger.down).append(datagram)

    def hear(way: str, event: Event) -> None:
        if way == "up" and isinstance(event, Received):
            came["commands"] += 1

    link.heard = hear
    link.settle(PERIOD_S)
    rekey(link, EPOCH)
    link.settle(PERIOD_S, RETIRE_S + SETTLE_S)
    warm: int | None = None
    began = time.perf_counter()
    while out.tried < count or out.sent < KEPT:
        link.surgeon.send(Stream.COMMAND, out.sent.to_bytes(8, "big") + PAYLOAD, link.now)
        out.sent += 1
        link.step(link.now + PERIOD_S)
        if out.sent > OLD_ENOUGH:
            _attack(forger, link, out, rng)
        if warm is None and out.tried >= WARM_SHARE * count:
            warm = psutil.Process().memory_info().rss
    out.grown = psutil.Process().memory_info().rss - (warm or 0)
    out.seconds = time.perf_counter() - began
    link.settle(PERIOD_S, 0.1)
    out.lost = out.sent - came["commands"]
    return out


def _attack(forger: Forger, link: VirtualLink, out: Flood, rng: random.Random) -> None:
    before = state_of(link.patient, link.now)
    for _ in range(PER_TICK):
        kind, datagram = forger.make()
        out.tried += 1
        out.kinds[kind] += 1
        try:
            out.accepted += len(link.patient.receive(rng.choice(("a", "b")), datagram, link.now))
        except Exception as error:  # noqa: BLE001 - that there is none is what is measured
            out.exceptions += 1
            out.kinds[f"{kind}: {error!r}"] += 1
    out.changed += state_of(link.patient, link.now) != before
