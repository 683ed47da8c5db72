"""Bar 5: video beside commands on one path of limited rate, and what happens when the rate falls. Virtual time.

Commands and video go the same way here (patient to surgeon), which the suite itself spares them: the worst case.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

import numpy as np

from ...core.link.impair import MBIT, Impairment
from ...core.link.session import Event, Received
from ...core.link.wire import Stream
from ...core.video.fragments import MAX_PAYLOAD
from .virtual import VirtualLink

PERIOD_S = 0.0005
COMMAND_EVERY = 8  # steps: 250 Hz
RATE_MBIT, VIDEO_MBIT, FALLEN_MBIT = 25.0, 20.0, 10.0
FRAMES_HZ, SPREAD_SHARE = 25, 0.9  # nodes/bridge_patient.py
COMMAND_BYTES = 200
STAMP = struct.Struct(">d")
WARM_S, AFTER_S = 1.0, 1.0  # not counted: the beginning; the second after the fall
FRAME_STEPS = round(1.0 / FRAMES_HZ / PERIOD_S)
FRAGMENTS = round(VIDEO_MBIT * MBIT / 8.0 / FRAMES_HZ / MAX_PAYLOAD)


@dataclass(frozen=True)
class Load:
    """99th percentiles of a command's delay beyond the path's [s]: while all is well, and from AFTER_S after the fall on. Video share."""

    steady: float
    fallen: float
    lost: int
    video: float
    video_fallen: float


class _Run:
    def __init__(self, delay_ms: float, seed: int) -> None:
        spec = Impairment(delay_ms=delay_ms, rate_mbit=RATE_MBIT)
        self.link = VirtualLink([("path", spec, spec)], seed, {"path": RATE_MBIT * MBIT})
        self.link.settle(PERIOD_S)
        self.link.heard = self._hear
        self.delays: list[tuple[float, float]] = []  # sent, taken [s]
        self.pictures: list[float] = []  # when each fragment was offered
        self._base = delay_ms * 1e-3

    def go(self, seconds: float, video: bool) -> int:
        """Commands sent."""
        sent = 0
        for step in range(round(seconds / PERIOD_S)):
            now = self.link.now
            if step % COMMAND_EVERY == 0:
                self.link.patient.send(Stream.COMMAND, STAMP.pack(now) + bytes(COMMAND_BYTES), now)
                sent += 1
            if video and step % FRAME_STEPS == 0:
                self._picture(now)
            self.link.step(now + PERIOD_S)
        return sent

    def _picture(self, now: float) -> None:
        for part in range(FRAGMENTS):
            payload = STAMP.pack(now) + bytes(MAX_PAYLOAD - STAMP.size)
            self.link.patient.send(Stream.VIDEO, payload, now, part * SPREAD_SHARE / FRAMES_HZ / FRAGMENTS)

    def _hear(self, way: str, event: Event) -> None:
        if way != "down" or not isinstance(event, Received):
            return
        sent = STAMP.unpack_from(event.payload)[0]
        if event.stream is Stream.VIDEO:
            self.pictures.append(sent)
        else:
            self.delays.append((sent, event.at - sent - self._base))

    def p99(self, begin: float, end: float) -> float:
        return float(np.percentile([taken for sent, taken in self.delays if begin <= sent < end], 99))

    def share(self, begin: float, end: float) -> float:
        offered = (end - begin) * FRAMES_HZ * FRAGMENTS
        return sum(begin <= sent < end for sent in self.pictures) / offered


def run(delay_ms: float, seconds: float, seed: int, video: bool = True) -> Load:
    """``seconds`` of good path, then ``seconds`` at FALLEN_MBIT."""
    drive = _Run(delay_ms, seed)
    begin = drive.link.now
    sent = drive.go(seconds, video)
    fall = drive.link.now
    for model in drive.link.models.values():
        model.spec = replace(model.spec, rate_mbit=FALLEN_MBIT)
    sent += drive.go(seconds, video)
    end = drive.link.now
    drive.link.settle(PERIOD_S, 1.0)
    steady, fallen = (begin + WARM_S, fall - delay_ms * 1e-3), (fall + AFTER_S, end)
    return Load(drive.p99(*steady), drive.p99(*fallen), sent - len(drive.delays), drive.share(*steady), drive.share(*fallen))
