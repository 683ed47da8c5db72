"""The path a tool has taken, for RViz: kept always, published only while somebody looks."""

from __future__ import annotations

import math
from collections import deque

from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Path

from ..ros.node import SuiteNode

KEEP_PERIOD, SHOW_PERIOD = 0.05, 0.5  # [s] between two points, and between two messages
POINTS = 600  # 30 s
SHORTEST = 1e-4  # [m] a tool that stands adds no points


class ToolPath:
    """Recent tip positions of one arm in the frame of its remote centre, which stands still when the camera moves."""

    def __init__(self, node: SuiteNode, arm: str) -> None:
        """Make the publisher."""
        self._output = node.publisher("arm_path", arm=arm)
        self._points: deque[PoseStamped] = deque(maxlen=POINTS)
        self._kept_at = self._shown_at = -math.inf

    def take(self, pose: PoseStamped, now: float) -> None:
        """One measured tip; published when due and heard."""
        if now - self._kept_at >= KEEP_PERIOD and self._moved(pose):
            self._kept_at = now
            self._points.append(pose)
        if now - self._shown_at >= SHOW_PERIOD:
            self._shown_at = now
            if self._output.get_subscription_count() > 0:
                path = Path(header=pose.header)
                path.poses = list(self._points)
                self._output.publish(path)

    def _moved(self, pose: PoseStamped) -> bool:
        if not self._points:
            return True
        here, there = pose.pose.position, self._points[-1].pose.position
        return math.dist((here.x, here.y, here.z), (there.x, there.y, there.z)) >= SHORTEST
