"""Pictures across the link: the patient end sends them with what they have cost so far, the surgeon end closes the loop, hand to eyes."""

from __future__ import annotations

import math
from array import array
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from sensor_msgs.msg import CompressedImage

from ..core.link.ledger_picture import (
    EYE_STAGES,
    LAP,
    PICTURE_STAGES,
    SENDER_STAGES,
    EyeEntry,
    HandToEyes,
    InForce,
    Shown,
    Trip,
    encode_trip,
    split_lap,
    split_trip,
)
from ..core.link.session import Received
from ..core.link.wire import VIDEO_ROOM, Stream
from ..core.video.fragments import MAX_PAYLOAD, Fragmenter, Reassembler, VideoPacket
from ..core.video.marks import SENT, read_marks, write_marks
from ..core.video.spread import Spread
from ..errors import ConfigError
from ..ros.messages import seconds, stamp_from

if TYPE_CHECKING:
    from .teleop_bridge import TeleopBridge

SPREAD_SHARE = 0.9  # of the frame time, wan.md section 5
FRAME_TIME = 0.04  # [s] before two pictures have shown the real one
LONGEST_FRAME_TIME = 0.2
PICTURE_TIMEOUT = 0.3  # [s] an unfinished picture older than this would only be warned about
KEPT_PICTURES = 64  # published pictures whose trace the viewer may still send: 2.5 s
FRESH = 1.0  # [s] an older entry is not shown as the present one
JPEG_BEGIN = b"\xff\xd8"
MICRO = 1e6


class PicturesOut:
    """Patient end: cut, note what it has cost, spread over the frame time."""

    def __init__(self, node: TeleopBridge) -> None:
        """Subscribe."""
        self._node = node
        self._fragmenter, self._spread = Fragmenter(min(MAX_PAYLOAD, VIDEO_ROOM) - LAP.size), Spread()
        self._frame_seq, self._frame_time = 0, FRAME_TIME
        self.heard_at = -math.inf
        node.subscribe("video", self._take)

    def _take(self, msg: Any) -> None:
        node = self._node
        now, ros_now = node.both_clocks()
        if math.isfinite(self.heard_at):
            self._frame_time = min(max(now - self.heard_at, 1e-3), LONGEST_FRAME_TIME)
        self.heard_at = now
        self._frame_seq += 1
        captured = now - max(0.0, ros_now - seconds(msg.header.stamp))
        marks = read_marks(msg.format)
        if marks.broken:
            node.count("broken_marks")
        stages = {name: marks.times[name] for name in SENDER_STAGES if name in marks.times}
        if SENT in marks.times:
            stages["hop_coded"] = ros_now - marks.times[SENT]
        data = encode_trip(Trip(now, stages)) + bytes(msg.data)
        try:
            parts = self._fragmenter.split(self._frame_seq, captured, marks.key, data)
        except ConfigError:
            node.count("bad_picture")
            return
        if node.session.established:
            self._spread.push(parts, now, SPREAD_SHARE * self._frame_time)
            self.send_due()
            node.flush()

    def send_due(self) -> None:
        """Seal what is to leave now; each tick."""
        now = self._node.now()
        for held, part in self._spread.due(now):
            self._node.send(Stream.VIDEO, LAP.pack(held) + part, now)

    def clear(self) -> None:
        """Nobody is there, or somebody else."""
        self._spread.clear()


class PicturesIn:
    """Surgeon end: put together, say what it has cost so far; and with the viewer's answer, how long hand to eyes took."""

    def __init__(self, node: TeleopBridge) -> None:
        """Make the endpoints."""
        self._node = node
        self._reassembler, self._eyes = Reassembler(PICTURE_TIMEOUT), HandToEyes()
        self._captured: OrderedDict[int, float] = OrderedDict()  # header stamp [us] -> capture, patient's clock [s]
        self._entry: tuple[EyeEntry, float] | None = None
        self._picture: tuple[tuple[float, ...], float, float] | None = None  # stages, age, when
        self._out = node.publisher("video")
        self._tape = node.tape("hand_to_eyes", ("t", "loop", *EYE_STAGES))
        node.subscribe("picture_trace", self._take_trace)

    def take(self, event: Received) -> None:
        """A fragment, on the link's thread."""
        held, fragment = split_lap(event.payload)
        packet = self._reassembler.push(fragment, event.at)
        if packet is None:
            return
        clock = self._node.session.clock(event.at)
        if clock.samples:
            self._publish(packet, event.at, held, clock.offset)

    def _publish(self, packet: VideoPacket, arrival: float, held: float, offset: float) -> None:
        node = self._node
        trip, coded = split_trip(packet.data)
        msg = CompressedImage(data=array("B", coded))
        now, ros_now = node.both_clocks()
        msg.header.stamp = stamp_from(ros_now - (now - (packet.stamp - offset)))
        msg.header.frame_id = "endoscope_left_optical_frame"
        stages = {**trip.stages, "pace": held, "path_video": arrival - (trip.taken + held - offset), "join": now - arrival}
        kind = "mjpeg" if coded.startswith(JPEG_BEGIN) else "h264"
        msg.format = write_marks(kind, packet.key, {**stages, SENT: ros_now})
        self._captured[_key(seconds(msg.header.stamp))] = packet.stamp
        while len(self._captured) > KEPT_PICTURES:
            self._captured.popitem(last=False)
        self._out.publish(msg)

    def _take_trace(self, msg: Any) -> None:
        node = self._node
        values = tuple(msg.data)
        if len(values) != 2 + len(PICTURE_STAGES) or not all(map(math.isfinite, values[:2])):
            node.count("bad_picture_trace")
            return
        stamp, age, *stages = values
        known = tuple(stages) if all(map(math.isfinite, stages)) else None
        with node.lock:
            captured = self._captured.get(_key(stamp))
            if captured is None:
                node.count("foreign_picture_trace")
                return
            now, ros_now = node.both_clocks()
            displayed = now - (ros_now - (stamp + age))
            self._note(self._eyes.update(picture=Shown(captured, displayed, known)))
        if known is not None:
            self._picture = known, age, node.now()

    def loop_closed(self, loop: InForce) -> None:
        """A hand sample's set point is in force."""
        self._note(self._eyes.update(loop))

    def forget(self) -> None:
        """Another patient, another clock."""
        self._eyes.forget()
        self._captured.clear()

    def _note(self, entries: tuple[EyeEntry, ...]) -> None:
        for entry in entries:
            now = self._node.now()
            self._entry = entry, now
            self._tape.row(now, entry.loop, *entry.stages)

    def newest(self, now: float) -> tuple[EyeEntry | None, dict[str, float]]:
        """Hand to eyes, and the stages of the newest picture; None and {} where there is nothing fresh."""
        entry = self._entry[0] if self._entry and now - self._entry[1] <= FRESH else None
        fresh = self._picture is not None and now - self._picture[2] <= FRESH
        return entry, dict(zip(PICTURE_STAGES, self._picture[0], strict=True)) if self._picture and fresh else {}

    def diagnose(self) -> dict[str, object]:
        """Counters."""
        counts = self._reassembler.counts
        return {"pictures": counts.completed, "pictures_lost": counts.lost, "hand_to_eyes_unknown": self._eyes.unknown}


def _key(stamp: float) -> int:
    return round(stamp * MICRO)
