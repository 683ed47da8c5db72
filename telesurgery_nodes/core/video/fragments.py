"""Cut one encoded picture into datagram payloads and put it together again.

Layout of a fragment: "fragment" in core/link/layouts.py, then the bytes. There is no retransmission: at 240 ms round
trip it freezes the picture (reference/video.md section 5). A newer complete picture ends the wait for every older one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...errors import ConfigError, RemoteLinkError
from ..link.layouts import LAYOUTS

HEADER = LAYOUTS["fragment"].made()
FLAG_KEY = 0x01
MAX_PAYLOAD = 1100  # [B] leaves room for the link's header, tag and IP/UDP below its 1200 B datagram
MAX_FRAGMENTS = 2048  # 2.2 MB a picture: ten times the largest key frame of 2560x720 (reference/video.md 4.1)
MAX_OPEN_FRAMES = 4  # at 25 fps 160 ms of reordering; bounds the memory to 4 x 2.2 MB whatever the peer sends
RESTART_SILENCE = 1.0  # [s] without a fragment of a newer picture: a lower number then means the sender started anew


@dataclass(frozen=True)
class VideoPacket:
    """One whole encoded picture. ``stamp`` capture time [s] on the SENDER's steady clock."""

    frame_seq: int
    stamp: float
    key: bool
    data: bytes


@dataclass(frozen=True)
class ReassemblyCounts:
    """What became of the fragments and pictures since the start."""

    completed: int = 0
    lost: int = 0
    duplicates: int = 0
    late: int = 0


class Fragmenter:
    """Splits pictures into fragments of at most ``max_payload`` bytes, header included."""

    def __init__(self, max_payload: int = MAX_PAYLOAD) -> None:
        if max_payload <= HEADER.size:
            raise ConfigError(f"max_payload must be larger than the {HEADER.size} B header, got {max_payload}")
        self._room = max_payload - HEADER.size

    def split(self, frame_seq: int, stamp: float, key: bool, data: bytes) -> list[bytes]:
        """Fragments in sending order. ConfigError for an empty or too large picture or a stamp that is not finite."""
        count = -(-len(data) // self._room)
        if not 1 <= count <= MAX_FRAGMENTS:
            raise ConfigError(f"a picture must be 1..{MAX_FRAGMENTS * self._room} B, got {len(data)} B")
        if not math.isfinite(stamp) or not 0 <= frame_seq < 1 << 64:
            raise ConfigError(f"wanted a finite stamp and a frame number below 2^64, got {stamp} and {frame_seq}")
        flags = FLAG_KEY if key else 0
        pieces = (data[start : start + self._room] for start in range(0, len(data), self._room))
        return [HEADER.pack(frame_seq, stamp, index, count, flags) + piece for index, piece in enumerate(pieces)]


@dataclass(frozen=True)
class _Fragment:
    frame_seq: int
    stamp: float
    index: int
    count: int
    key: bool
    data: bytes


class _OpenFrame:
    """The fragments of one picture that have come so far."""

    def __init__(self, first: _Fragment, now: float) -> None:
        self.first = first
        self.since = now
        self.parts: dict[int, bytes] = {}

    def agrees(self, fragment: _Fragment) -> bool:
        """Whether the fragment tells the same story about its picture as the first one did."""
        first = self.first
        return (first.stamp, first.count, first.key) == (fragment.stamp, fragment.count, fragment.key)

    def packet(self) -> VideoPacket | None:
        """The whole picture, or None while a part is missing."""
        first = self.first
        if len(self.parts) < first.count:
            return None
        data = b"".join(self.parts[index] for index in range(first.count))
        return VideoPacket(first.frame_seq, first.stamp, first.key, data)


class Reassembler:
    """Fragments in any order in, whole pictures in growing order out; gives a picture up after ``timeout_s``."""

    def __init__(self, timeout_s: float) -> None:
        if not timeout_s > 0.0:
            raise ConfigError(f"timeout_s must be above 0 s, got {timeout_s}")
        self._timeout = timeout_s
        self._open: dict[int, _OpenFrame] = {}
        self._newest = -1
        self._newest_at = -math.inf
        self._completed = self._lost = self._duplicates = self._late = 0

    @property
    def counts(self) -> ReassemblyCounts:
        """Counters since the start."""
        return ReassemblyCounts(self._completed, self._lost, self._duplicates, self._late)

    def push(self, fragment: bytes, now: float) -> VideoPacket | None:
        """Take one fragment at steady time ``now`` [s]; the picture it completes, or None. Malformed: RemoteLinkError."""
        part = _parse(fragment)
        self._expire(now)
        if not self._wanted(part, now):
            self._late += 1
            return None
        self._newest_at = now
        frame = self._open.get(part.frame_seq)
        if frame is None:
            frame = self._begin(part, now)
        if not frame.agrees(part):
            raise RemoteLinkError(f"fragment {part.index} of picture {part.frame_seq} contradicts the first fragment of that picture")
        if part.index in frame.parts:
            self._duplicates += 1
            return None
        frame.parts[part.index] = part.data
        packet = frame.packet()
        if packet is not None:
            self._finish(packet)
        return packet

    def _wanted(self, part: _Fragment, now: float) -> bool:
        if part.frame_seq > self._newest:
            return True
        if now - self._newest_at < RESTART_SILENCE:
            return False
        self._newest = part.frame_seq - 1
        self._lost += len(self._open)
        self._open.clear()
        return True

    def _begin(self, part: _Fragment, now: float) -> _OpenFrame:
        while len(self._open) >= MAX_OPEN_FRAMES:
            self._drop(min(self._open))
        frame = self._open[part.frame_seq] = _OpenFrame(part, now)
        return frame

    def _drop(self, frame_seq: int) -> None:
        del self._open[frame_seq]
        self._newest = max(self._newest, frame_seq)
        self._lost += 1

    def _finish(self, packet: VideoPacket) -> None:
        """Deliver, and give up everything older: it would only show the past."""
        del self._open[packet.frame_seq]
        for older in [seq for seq in self._open if seq < packet.frame_seq]:
            self._drop(older)
        self._newest = packet.frame_seq
        self._completed += 1

    def _expire(self, now: float) -> None:
        for seq in [seq for seq, frame in self._open.items() if now - frame.since > self._timeout]:
            self._drop(seq)


def _parse(fragment: bytes) -> _Fragment:
    if len(fragment) <= HEADER.size:
        raise RemoteLinkError(f"a video fragment must be longer than {HEADER.size} B, got {len(fragment)} B")
    frame_seq, stamp, index, count, flags = HEADER.unpack_from(fragment)
    if not 1 <= count <= MAX_FRAGMENTS or index >= count or flags & ~FLAG_KEY or not math.isfinite(stamp):
        raise RemoteLinkError(
            f"malformed video fragment: index {index}, count {count}, flags {flags}, stamp {stamp}; "
            f"valid: index < count <= {MAX_FRAGMENTS}, flags 0 or {FLAG_KEY}, finite stamp"
        )
    return _Fragment(frame_seq, stamp, index, count, bool(flags & FLAG_KEY), fragment[HEADER.size :])
