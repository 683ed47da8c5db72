"""stereo_viewer: the surgeon's eyes. Decodes, says how old the picture is (on the picture and to the bridge), and shows it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
from std_msgs.msg import Float64

from ..core.link.ledger_picture import PICTURE_STAGES, PictureLedger
from ..core.video.geometry import ImageArray
from ..core.video.legend import TRUSTED
from ..core.video.marks import SENT, Marks, read_marks
from ..core.video.monitor import PictureLimits, PictureMonitor, PictureReport, PictureSeen, PictureState
from ..core.video.scene import LEFT_EYE, RIGHT_EYE
from ..devices.cameras.screen import has_window_system, paint
from ..devices.codecs import CODEC_NAMES
from ..errors import ConfigError, DeviceError
from ..registry import load
from ..ros.messages import NANO, floats_msg, image_msg, seconds
from ..ros.node import SuiteNode
from ..ros.params import NodeParams, param

WATCH_PERIOD = 0.02  # [s] the age is repeated, so that its silence means that the viewer is gone
TAPE_COLUMNS = ("t", "frame_seq", "age", "decode_s", "state")
WINDOW = "endoscope"


@dataclass(frozen=True)
class StereoViewerParams(NodeParams):
    """Parameters of stereo_viewer."""

    codec: str = param("auto", "the only codec taken; auto takes what the message says", choices=("auto", *CODEC_NAMES))
    window: bool = param(False, "open a window with both eyes")
    snapshot_dir: str = param("", "folder for PNG snapshots of both eyes; empty writes none")
    snapshot_period: float = param(5.0, "time between two snapshots [s]", low=0.1, high=3600.0)
    warn_age: float = param(0.300, "age from which the picture is LATE [s]", low=0.01, high=10.0)
    stale_age: float = param(0.500, "age from which the picture is OLD [s]", low=0.01, high=10.0)


class StereoViewer(SuiteNode):
    """Video in; both eyes with their age, and the age itself, out."""

    NAME = "stereo_viewer"
    PARAMS = StereoViewerParams

    def __init__(self, **node_args: Any) -> None:
        """ConfigError where a display is asked for that cannot be had."""
        super().__init__(**node_args)
        cv2.setNumThreads(1)
        self._check_display()
        self.monitor = PictureMonitor(PictureLimits(warn=self.params.warn_age, stale=self.params.stale_age))
        self._eyes: tuple[ImageArray, ImageArray] | None = None
        self._codecs: dict[str, Any] = {}
        self._frames = 0
        self._snapshot_at = float("-inf")
        self._report = PictureReport(PictureState.NO_SIGNAL, float("inf"))
        self._tape, self._ledger_tape = self.tape("picture", TAPE_COLUMNS), self.tape("ledger", ("t", "age", *PICTURE_STAGES))
        self._ledger, self._trace = PictureLedger(), self.publisher("picture_trace")
        self._age = self.publisher("picture_age")
        self._raw = {eye: self.publisher("image_raw", eye=eye) for eye in ("left", "right")}
        self.subscribe("video", self._on_video)
        self.loop(1.0 / WATCH_PERIOD, self.watch)

    def _check_display(self) -> None:
        if self.params.window and not has_window_system():
            raise ConfigError("window:=true needs an OpenCV with a GUI (opencv-python) and DISPLAY; valid here: snapshot_dir:=<folder>")
        if self.params.snapshot_dir:
            Path(self.params.snapshot_dir).mkdir(parents=True, exist_ok=True)

    def _on_video(self, msg: Any) -> None:
        begin, arrived = self.both_clocks()
        marks = read_marks(msg.format)
        eyes = self._decode(msg, marks)
        if eyes is None:
            return
        now = self.now()
        decode_s, frame_id = now - begin, msg.header.stamp.sec * NANO + msg.header.stamp.nanosec
        self._eyes = eyes
        self._frames += 1
        self._report = self.monitor.update(PictureSeen(frame_id, self.ros_now() - seconds(msg.header.stamp)), now)
        self._age.publish(Float64(data=self._report.age))
        self._tape.row(now, float(self._frames), self._report.age, decode_s, float(self._report.state))
        self._show(now)
        shown, shown_at = self.both_clocks()
        self._note(msg, marks, {"decode": decode_s, "display": shown - now}, arrived, shown_at)
        for eye, picture, frame in (("left", eyes[0], LEFT_EYE), ("right", eyes[1], RIGHT_EYE)):
            if self._raw[eye].get_subscription_count() > 0:
                self._raw[eye].publish(image_msg(picture, msg.header.stamp, frame))

    def _note(self, msg: Any, marks: Marks, here: dict[str, float], arrived: float, shown_at: float) -> None:
        """Close the picture's ledger: since ``shown_at`` it has been on the screen (ROS time [s])."""
        stamp = seconds(msg.header.stamp)
        age = shown_at - stamp
        hop = {"hop_viewer": arrived - marks.times[SENT]} if SENT in marks.times else {}
        stages = {**marks.times, **hop, **here}
        entry = self._ledger.update(stages, age)
        if marks.broken:
            self.count("broken_marks")
        if entry is not None:
            self._ledger_tape.row(self.now(), entry.age, *entry.stages)
        self._trace.publish(floats_msg((stamp, age, *(stages.get(name, math.nan) for name in PICTURE_STAGES))))

    def _decode(self, msg: Any, marks: Marks) -> tuple[ImageArray, ImageArray] | None:
        """Both eyes, or None (counted) where the message is not a picture that can be shown."""
        name = marks.codec
        if name not in CODEC_NAMES or self.params.codec not in ("auto", name):
            self.count("unknown_format")
            return None
        if name not in self._codecs:
            self._codecs[name] = load("codecs", name)()
        try:
            eyes = self._codecs[name].decode(bytes(msg.data))
        except DeviceError:
            self.count("decode_errors")
            return None
        self.count("pictures" if eyes is not None else "waiting_for_key")
        return eyes

    def watch(self) -> None:
        """The age grows while nothing comes: publish it, and repaint while it is not to be trusted."""
        now = self.now()
        self._report = self.monitor.update(None, now)
        self._age.publish(Float64(data=self._report.age))
        if self._report.state not in TRUSTED:
            self._show(now)

    def _show(self, now: float) -> None:
        """Paint where somebody looks; nothing is painted for nobody."""
        due = bool(self.params.snapshot_dir) and now - self._snapshot_at >= self.params.snapshot_period
        if not (self.params.window or due):
            return
        picture = cv2.cvtColor(paint(self._eyes, self._report), cv2.COLOR_RGB2BGR)
        if self.params.window:
            cv2.imshow(WINDOW, picture)
            cv2.waitKey(1)
        if due:
            self._snapshot_at = now
            name = Path(self.params.snapshot_dir) / f"eyes_{self._frames:07d}_{self._report.state.name.lower()}.png"
            if not cv2.imwrite(str(name), picture):
                self.count("snapshot_errors")

    def diagnose(self) -> dict[str, object]:
        """LATE warns, anything worse is an error."""
        level = 0 if self._report.state is PictureState.LIVE else 1 if self._report.state in TRUSTED else 2
        counts = {"impossible_stamps": self.monitor.impossible_stamps, "unknown_stages": self._ledger.unknown}
        return {"level": level, "message": self._report.state.name, "age_s": f"{self._report.age:.3f}", **counts}


def main() -> int:
    """Console script."""
    from ..ros.main import run

    return run(StereoViewer)
