"""The tool path RViz shows: points where the tool moved, a message only for somebody who looks."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("rclpy")

from nav_msgs.msg import Path

from telesurgery_nodes.core.kinematics.frames import IDENTITY_ROTATION, Frame
from telesurgery_nodes.nodes.tool_path import KEEP_PERIOD, SHOW_PERIOD, ToolPath
from telesurgery_nodes.ros.endpoints import requested, row
from telesurgery_nodes.ros.messages import stamp_from
from telesurgery_nodes.ros.node import SuiteNode


class Teller(SuiteNode):
    NAME = "teller"


def at(x: float) -> Any:
    return Frame((x, 0.0, 0.1), IDENTITY_ROTATION), stamp_from(5.0)


def test_points_are_kept_where_the_tool_moved_and_shown_to_who_looks(graph: Any) -> None:
    teller, tester, heard = graph.make(Teller), graph.plain(), []
    path = ToolPath(teller, "PSM1")
    for tick, x in enumerate((0.0, 0.0, 0.001, 0.00101, 0.002)):
        path.take(*at(x), tick * KEEP_PERIOD)
    tester.create_subscription(Path, row("arm_path").name.format(arm="PSM1"), heard.append, requested(row("arm_path")))
    clock = iter(range(10, 10_000))

    def look() -> bool:
        path.take(*at(0.002), next(clock) * SHOW_PERIOD)
        return bool(heard)

    assert graph.spin_until(look)
    assert heard[0].header.frame_id == heard[0].poses[0].header.frame_id == "PSM1_rcm"
    assert heard[0].header.stamp == heard[0].poses[0].header.stamp == stamp_from(5.0)
    assert [pose.pose.position.x for pose in heard[0].poses] == [0.0, 0.001, 0.002]
