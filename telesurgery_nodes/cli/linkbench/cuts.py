"""Bar 3: paths are cut and restored at random, and what that costs. Virtual time, 1 kHz, real sessions."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace

from ...core.link.impair import MS, Impairment
from ...core.link.seal import KEY_BYTES
from ...core.link.session import Event, Received
from ...core.link.wire import Stream
from .compare import HOLD_S
from .virtual import VirtualLink

PERIOD_S = 0.001
DELAYS_MS = {"fibre": 105.0, "second": 125.0}  # casablanca_shanghai without its own loss: what is lost here, the cut lost
SKEW_S = (DELAYS_MS["second"] - DELAYS_MS["fibre"]) * MS
CUT_S = (0.001, 2.0)  # log-uniform
PAUSE_S = 0.3  # at most, between a restore and the next cut
DRAIN_S = 0.5
PAYLOAD = bytes(240)  # two arms and their history
RANDOM_LOSS = 0.01
REKEY_PERIOD_S = 1.0


@dataclass(frozen=True)
class Carried:
    """``sent`` commands, how many never came, ``held`` ticks (1 ms each beyond HOLD_S), worst gap [s]."""

    sent: int
    lost: int
    held: int
    worst_gap: float


class _Stream:
    """Numbered commands up a virtual link, and what came of them."""

    def __init__(self, loss: float, seed: int) -> None:
        paths = [(name, *[Impairment(delay_ms=delay, loss=loss)] * 2) for name, delay in DELAYS_MS.items()]
        self.link = VirtualLink(paths, seed)
        self.link.settle(PERIOD_S)
        self.link.heard = self._hear
        self._seen: set[int] = set()
        self._last, self._worst, self._held = math.nan, 0.0, 0
        self.sent = 0

    @property
    def seen(self) -> frozenset[int]:
        """Numbers of the commands that came."""
        return frozenset(self._seen)

    def run(self, seconds: float) -> None:
        """Send one command a millisecond."""
        for _ in range(round(seconds / PERIOD_S)):
            self.link.surgeon.send(Stream.COMMAND, self.sent.to_bytes(8, "big") + PAYLOAD, self.link.now)
            self.sent += 1
            self.link.step(self.link.now + PERIOD_S)

    def result(self) -> Carried:
        """After everything in flight has come."""
        self.link.settle(PERIOD_S, DRAIN_S)
        return Carried(self.sent, self.sent - len(self._seen), self._held, self._worst)

    def _hear(self, way: str, event: Event) -> None:
        if way != "up" or not isinstance(event, Received):
            return
        self._seen.add(int.from_bytes(event.payload[:8], "big"))
        if event.late:
            return
        gap = event.at - self._last
        if gap > self._worst:
            self._worst = gap
        self._held += max(0, math.ceil((gap - HOLD_S) / PERIOD_S)) if gap > HOLD_S else 0
        self._last = event.at


def cut_and_restore(count: int, seed: int) -> Carried:
    """``count`` cuts of either path, both ways, one at a time."""
    rng, stream = random.Random(seed), _Stream(0.0, seed)
    for _ in range(count):
        stream.run(rng.uniform(0.0, PAUSE_S))
        stream.link.cut = {rng.choice(list(DELAYS_MS))}
        stream.run(math.exp(rng.uniform(*map(math.log, CUT_S))))
        stream.link.cut = set()
    return stream.result()


def random_loss(count: int, seed: int) -> Carried:
    """``count`` commands, each path losing 1 % independently."""
    stream = _Stream(RANDOM_LOSS, seed)
    stream.run(count * PERIOD_S)
    return stream.result()


def rekeys(count: int, seed: int) -> Carried:
    """``count`` new keys, one a second, each path losing 1 %. ``lost``: what came with the first key throughout, and not so."""
    with_keys, without = _Stream(RANDOM_LOSS, seed), _Stream(RANDOM_LOSS, seed)  # the same seed loses the same datagrams
    for number in range(1, count + 1):
        rekey(with_keys.link, number)
        for stream in (with_keys, without):
            stream.run(REKEY_PERIOD_S)
    got, _ = with_keys.result(), without.result()
    return replace(got, lost=len(without.seen - with_keys.seen))


def rekey(link: VirtualLink, epoch: int) -> None:
    """What a handshake does, without one: both accept the epoch's key, then the surgeon's side uses it."""
    key = key_of(epoch)
    link.patient.keys.accept(epoch, key, link.surgeon.life, link.now)
    link.surgeon.keys.accept(epoch, key, link.patient.life, link.now)
    link.surgeon.keys.use(epoch)


def key_of(epoch: int) -> bytes:
    """The key `rekey` gives an epoch."""
    return bytes((epoch,)) * KEY_BYTES
