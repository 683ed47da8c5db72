"""Messages that must arrive, over the same sealed datagrams on all paths: cut into chunks, acknowledged, sent again until they are there.

The chunk number, not the datagram's sequence, is what is acknowledged: "all below ``next``, and these of the 256 above". A chunk counts as
lost when a later sent one was acknowledged and 9/8 of the round trip have passed (RFC 9002 section 6.1.2; a path that is slower by
the skew is no loss). When nothing was sent for the retransmission time of RFC 6298, doubled each time, the oldest goes out again as a
probe; its acknowledgement tells about the others. The rate is the pacer's business: what waits there is not offered more (``room``).
A restart of either side begins a new life with chunk 0: what was under way is dropped and counted, because nothing an old session
wished counts in a new one.

Memory: the sender holds QUEUE_BYTES, the receiver one message of MAX_MESSAGE and WINDOW chunks, whatever the peer does.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

from ...errors import LocalLinkError, RemoteLinkError
from .layouts import ACK_WORDS, HEADER_BYTES, LAYOUTS, MAX_DATAGRAM, TAG_BYTES

CHUNK, ACK = LAYOUTS["chunk"].made(), LAYOUTS["ack"].made()
KIND_CHUNK, KIND_ACK = 0, 1
ROOM = MAX_DATAGRAM - HEADER_BYTES - TAG_BYTES - CHUNK.size  # bytes of a message in one chunk
WORD = 64
WINDOW = WORD * ACK_WORDS  # chunks under way: 290 kB, 10 Mbit/s at 220 ms
MAX_MESSAGE = 1 << 20
MAX_CHUNKS = -(-MAX_MESSAGE // ROOM)
QUEUE_BYTES = 4 * MAX_MESSAGE
FIRST_WAIT_S = 1.0  # RFC 6298 (2.1)
LEAST_WAIT_S = 0.05  # two paths' skew and a busy receiver; below this a resend is noise
LONGEST_WAIT_S = 4.0  # after a long cut the first chunk goes out at most this late
MOST_TRIES = 16  # beyond it the wait does not grow
GAIN, GAIN_VARIANCE = 1.0 / 8.0, 1.0 / 4.0  # RFC 6298 (2.3)
REORDERED = 9.0 / 8.0  # RFC 9002 section 6.1.2


@dataclass(frozen=True)
class Message:
    """A whole message. ``topic``: what it is about, the peer's and our agreement."""

    topic: int
    data: bytes


@dataclass
class _Flying:
    chunk: bytes
    sent: float
    again: bool = False


class RoundTrip:
    """Smoothed round trip and the retransmission time out of it [s]."""

    def __init__(self) -> None:
        self.smoothed, self._variance = math.nan, 0.0

    def update(self, sample: float) -> None:
        """A chunk sent only once was acknowledged after ``sample`` (Karn's rule)."""
        if math.isnan(self.smoothed):
            self.smoothed, self._variance = sample, sample / 2.0
            return
        self._variance += GAIN_VARIANCE * (abs(sample - self.smoothed) - self._variance)
        self.smoothed += GAIN * (sample - self.smoothed)

    def wait(self, tries: int) -> float:
        """How long an answer may take after ``tries`` probes without one."""
        first = FIRST_WAIT_S if math.isnan(self.smoothed) else max(LEAST_WAIT_S, self.smoothed + 4.0 * self._variance)
        return min(LONGEST_WAIT_S, first * 2.0**tries)


class ReliableSender:
    """One direction's sending half. ``resent`` chunks, ``refused`` and ``dropped`` messages since the start."""

    def __init__(self) -> None:
        self._peer, self._life = 0, 0
        self.resent = self.refused = self.dropped = 0
        self.round_trip = RoundTrip()
        self._clear()

    def _clear(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._flying: dict[int, _Flying] = {}  # by chunk number, ascending
        self._next_chunk = self._next_message = self._queued = 0
        self._answered = self._last_sent = -math.inf  # answered: sending time of the latest sent chunk that was acknowledged
        self._tries = 0

    @property
    def queued(self) -> int:
        """Bytes that wait or are under way."""
        return self._queued

    def restart(self, peer: int) -> None:
        """The peer is new, its session is ``peer``: what was for the old one is dropped."""
        self.dropped += len({CHUNK.unpack_from(chunk)[4] for chunk in [*self._waiting, *(one.chunk for one in self._flying.values())]})
        self._peer, self._life = peer, self._life + 1
        self._clear()

    def offer(self, topic: int, data: bytes) -> bool:
        """Queue a message; False where the queue is full. LocalLinkError where it is too large for ever."""
        if len(data) > MAX_MESSAGE:
            raise LocalLinkError(f"message of {len(data)} B for the reliable stream; at most {MAX_MESSAGE}")
        pieces = [data[begin : begin + ROOM] for begin in range(0, len(data), ROOM)] or [b""]
        size = len(data) + CHUNK.size * len(pieces)
        if self._queued + size > QUEUE_BYTES:
            self.refused += 1
            return False
        self._queued += size
        first, number = self._next_chunk + len(self._waiting), self._next_message
        for index, piece in enumerate(pieces):
            head = CHUNK.pack(KIND_CHUNK, self._peer, self._life, first + index, number, index, len(pieces), topic)
            self._waiting.append(head + piece)
        self._next_message += 1
        return True

    def due(self, now: float, room: int = WINDOW) -> list[bytes]:
        """At most ``room`` payloads that shall leave at ``now``: the lost ones first."""
        lost = [one for one in self._flying.values() if self._overtaken(one, now)][:room]
        if self._flying and not lost and now - self._last_sent > self.round_trip.wait(self._tries):
            self._tries = min(self._tries + 1, MOST_TRIES)
            lost = [next(iter(self._flying.values()))][:room]
        for one in lost:
            one.sent, one.again = now, True
        self.resent += len(lost)
        out = [one.chunk for one in lost]
        while self._waiting and len(out) < room and self._next_chunk - next(iter(self._flying), self._next_chunk) < WINDOW:
            out.append(self._waiting.popleft())
            self._flying[self._next_chunk] = _Flying(out[-1], now)
            self._next_chunk += 1
        if out:
            self._last_sent = now
        return out

    def _overtaken(self, one: _Flying, now: float) -> bool:
        # A round trip that is not known yet (nan) is no reason to wait.
        return one.sent < self._answered and not now - one.sent <= REORDERED * self.round_trip.smoothed

    def acknowledge(self, payload: bytes, now: float) -> None:
        """Take the peer's acknowledgement. RemoteLinkError where it is none, or of chunks never sent."""
        if len(payload) != ACK.size:
            raise RemoteLinkError(f"acknowledgement of {len(payload)} B; wanted {ACK.size}")
        _, life, below, *words = ACK.unpack(payload)
        if life != self._life:
            return
        if below > self._next_chunk:
            raise RemoteLinkError(f"chunk {below - 1} acknowledged; the last one sent is {self._next_chunk - 1}")
        came = sum(word << WORD * place for place, word in enumerate(words))
        for number in [number for number in self._flying if number < below or came >> number - below & 1]:
            one = self._flying.pop(number)
            self._queued -= len(one.chunk)
            self._answered = max(self._answered, one.sent)
            self._tries = 0
            if not one.again:
                self.round_trip.update(now - one.sent)


@dataclass
class _Open:
    topic: int
    count: int
    parts: dict[int, bytes] = field(default_factory=dict)


class ReliableReceiver:
    """One direction's receiving half of session ``own``; ``ordered``: a message waits for those before it.

    ``duplicates``: chunks that came again.
    """

    def __init__(self, own: int, ordered: bool = True) -> None:
        self._own, self._ordered = own, ordered
        self.duplicates = 0
        self.restart()

    def restart(self, life: int = 0) -> None:
        """The peer is new, or began a new ``life``."""
        self._life, self._next, self._came = life, 0, 0  # came: bit n is chunk next + n
        self._open: dict[int, _Open] = {}
        self._whole: dict[int, Message] = {}
        self._deliver, self._owed = 0, False

    def take(self, payload: bytes) -> list[Message]:
        """Messages this chunk completes. RemoteLinkError where it is malformed or beyond the window."""
        if len(payload) < CHUNK.size:
            raise RemoteLinkError(f"chunk of {len(payload)} B; wanted at least {CHUNK.size}")
        _, to, life, number, message, index, count, topic = CHUNK.unpack_from(payload)
        if to != self._own or life < self._life:
            return []
        if life > self._life:
            self.restart(life)
        self._owed = True
        ahead = number - self._next
        if ahead < 0 or self._came >> ahead & 1:
            self.duplicates += 1
            return []
        if ahead >= WINDOW or not index < count <= MAX_CHUNKS or (self._ordered and message < self._deliver):
            raise RemoteLinkError(f"chunk {number}: part {index} of {count} of message {message} does not fit at chunk {self._next}")
        self._keep(message, index, _Open(topic, count), payload[CHUNK.size :])
        self._came |= 1 << ahead
        while self._came & 1:
            self._came >>= 1
            self._next += 1
        return self._completed(message)

    def _keep(self, message: int, index: int, new: _Open, piece: bytes) -> None:
        known = self._open.get(message, new)
        if (known.topic, known.count) != (new.topic, new.count) or index in known.parts or len(self._open) > WINDOW:
            raise RemoteLinkError(f"part {index} of message {message} contradicts the parts before it")
        known.parts[index] = piece
        self._open[message] = known

    def _completed(self, number: int) -> list[Message]:
        one = self._open[number]
        if len(one.parts) < one.count:
            return []
        del self._open[number]
        whole = Message(one.topic, b"".join(one.parts[index] for index in range(one.count)))
        if not self._ordered:
            return [whole]
        self._whole[number] = whole
        out = []
        while self._deliver in self._whole:
            out.append(self._whole.pop(self._deliver))
            self._deliver += 1
        return out

    @property
    def owes(self) -> bool:
        """Something came since the last acknowledgement."""
        return self._owed

    def answer(self) -> bytes | None:
        """The acknowledgement, where something came since the last one."""
        if not self._owed:
            return None
        self._owed = False
        words = (self._came >> WORD * place & (1 << WORD) - 1 for place in range(ACK_WORDS))
        return ACK.pack(KIND_ACK, self._life, self._next, *words)
