"""The path a tool has taken, for RViz: kept always, published only while somebody looks."""

from __future__ import annotations

import math
from collections import deque
from typing import Any

from builtin_interfaces.msg import Time
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Path

from ..core.kinematics.frames import Frame
from ..ros.messages import pose_msg
from ..ros.node import SuiteNode

KEEP_PERIOD, SHOW_PERIOD = 0.05, 0.5  # [s] between two points, and between two messages
POINTS = 600  # 30 s
SHORTEST = 1e-4  # [m] a tool that stands adds no points


class ToolPath:
    """Recent tip positions of one arm in the frame of its remote centre, which stands still when the camera moves."""

    def __init__(self, node: SuiteNode, arm: str) -> None:
        """Make the publisher."""
        self._output, self._frame = node.publisher("arm_path", arm=arm), f"{arm}_rcm"
        self._points: deque[PoseStamped] = deque(maxlen=POINTS)
        self._kept_at = self._shown_at = -math.inf

    def take(self, tip: Frame, stamp: Any, now: float) -> None:
        """One measured tip; published when due and heard."""
        if now - self._kept_at >= KEEP_PERIOD and self._moved(tip):
            self._kept_at = now
            self._points.append(pose_msg(tip, Time(sec=stamp.sec, nanosec=stamp.nanosec), self._frame))
        if now - self._shown_at >= SHOW_PERIOD:
            self._shown_at = now
            if self._output.get_subscription_count() > 0:
                path = Path(poses=list(self._points))
                path.header.stamp, path.header.frame_id = Time(sec=stamp.sec, nanosec=stamp.nanosec), self._frame
                self._output.publish(path)

    def _moved(self, tip: Frame) -> bool:
        if not self._points:
            return True
        there = self._points[-1].pose.position
        return math.dist(tip.p, (there.x, there.y, there.z)) >= SHORTEST
