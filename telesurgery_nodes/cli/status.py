"""The surgeon console's status topic as a dict, and as one line for people."""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Mapping
from typing import Any

from ..core.link.paths import Reason

LINE_PERIOD = 5.0  # [s] between lines when the output is a file
TTY_PERIOD = 0.2  # [s] between rewrites of the line on a terminal
MILLI = 1000.0


class StatusReader:
    """Listens to ``console/status`` in the surgeon's domain. The newest message is in ``newest``."""

    def __init__(self, domain: int) -> None:
        """Join ROS domain ``domain`` with a context of its own; rclpy is imported only here, `telesurgery --help` works without."""
        os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
        import rclpy
        from rclpy.executors import SingleThreadedExecutor
        from rclpy.signals import SignalHandlerOptions
        from std_msgs.msg import String

        self.newest: dict[str, Any] = {}
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=domain, signal_handler_options=SignalHandlerOptions.NO)
        self._node = rclpy.create_node("telesurgery_starter", context=self._context, enable_rosout=False, start_parameter_services=False)
        self._subscription = self._node.create_subscription(String, "console/status", self._take, 1)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)

    def _take(self, message: Any) -> None:
        try:
            newest = json.loads(message.data)
        except ValueError:
            return  # not ours: the line keeps its last state and grows old
        if isinstance(newest, dict):
            self.newest = newest

    def spin(self, seconds: float) -> None:
        """Listen for at most ``seconds``."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0.0:
            self._executor.spin_once(timeout_sec=left)

    def close(self) -> None:
        """Leave the domain."""
        self._executor.remove_node(self._node)
        self._node.destroy_node()
        self._context.try_shutdown()


def is_following(status: Mapping[str, Any]) -> bool:
    """The surgeon side says that the arms follow the hands."""
    return bool(status.get("following", str(status.get("state", "")).upper() == "FOLLOWING"))


def number(value: Any, factor: float = 1.0, digits: int = 0, unit: str = "") -> str:
    """A measured value, or a dash where there is none."""
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        return "-"
    return f"{value * factor:.{digits}f}{unit}"


def path_words(path: Mapping[str, Any]) -> str:
    """Health of one path: loss, jitter, round trip."""
    loss, jitter, rtt = number(path.get("loss"), 100.0, 1, "%"), number(path.get("jitter"), MILLI, 1), number(path.get("rtt"), MILLI)
    words = f"{path.get('name', '?')} loss {loss} jitter {jitter} rtt {rtt} ms"
    return words + (" NARROW" if path.get("reason") == Reason.NARROW.name else "")


def alarm_words(status: Mapping[str, Any]) -> list[str]:
    """The alarm that the link has nothing to fall back on, as this site receives it."""
    spare = status.get("redundancy")
    if not isinstance(spare, Mapping) or not spare.get("lost") or not status.get("connected"):
        return []
    return [f"NO REDUNDANCY {spare.get('ready', '?')} of {spare.get('of', '?')} paths"]


def faster_words(status: Mapping[str, Any]) -> list[str]:
    """Hands that are faster than their tools may be, while they are."""
    faster = status.get("hand_faster")
    return [f"HAND FASTER THAN TOOL {master}" for master, had in faster.items() if had.get("now")] if isinstance(faster, Mapping) else []


def clock_words(status: Mapping[str, Any]) -> str:
    """How well the other site's clock is known; the offset itself is on `console/status`."""
    clock = status.get("clock")
    return f"clock est. +-{number(clock.get('bound_ms'))} ms" if isinstance(clock, Mapping) else "clock -"


def stop_words(stop: Mapping[str, Any]) -> str:
    """The surgeon's stop, and whether the patient's side has said that it was acted on."""
    if stop.get("confirmed_ms") is not None:
        return f"STOP latched, confirmed by the patient after {number(stop['confirmed_ms'])} ms"
    return f"STOP latched, NOT confirmed for {number(stop.get('waiting_ms'))} ms"


def status_line(status: Mapping[str, Any], elapsed: float) -> str:
    """One line: state, loop time and our share of it, hand to eyes, each path, clock, picture age, tracking error, a stop."""
    if not status:
        return f"{elapsed:5.1f} s  waiting for the surgeon console"
    parts = [
        f"{elapsed:5.1f} s",
        str(status.get("state", "?")),
        f"loop {number(status.get('loop'), MILLI)} ms own {number(status.get('own_cost_ms'))} ms",
        f"hand to eyes {number(status.get('hand_to_eyes_ms'))} ms",
        *[path_words(path) for path in status.get("paths", [])],
        *alarm_words(status),
        *faster_words(status),
        clock_words(status),
        f"picture {number(status.get('picture_age'), MILLI)} ms",
        f"error {number(status.get('tracking_error'), MILLI, 2)} mm",
    ]
    if status.get("cause") not in (None, "", 0, "NONE", "none"):
        parts.append(str(status["cause"]))
    if status.get("stop", {}).get("latched"):
        parts.append(stop_words(status["stop"]))
    return "  ".join(parts)


class LiveLine:
    """Writes the line: rewritten in place on a terminal, a new line now and then in a file."""

    def __init__(self, stream: Any = None) -> None:
        """``stream`` default stderr, so that --json on stdout stays clean."""
        self._stream = stream or sys.stderr
        self._tty = bool(getattr(self._stream, "isatty", bool)())
        self._last = -math.inf
        self._width = 0

    def show(self, text: str, now: float) -> None:
        """Show ``text`` unless one was shown just before ``now`` [s]."""
        if now - self._last < (TTY_PERIOD if self._tty else LINE_PERIOD):
            return
        self._last = now
        if self._tty:
            self._stream.write("\r" + text.ljust(self._width))
            self._width = len(text)
        else:
            self._stream.write(text + "\n")
        self._stream.flush()

    def end(self) -> None:
        """Leave the terminal on a fresh line."""
        if self._tty and self._width:
            self._stream.write("\n")
            self._stream.flush()
