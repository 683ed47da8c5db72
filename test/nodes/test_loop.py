"""A node's fast loop: a timer where anybody spins it; with `ros/main.py` the beat of its own spin, and a `wake` row knocks at it."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("rclpy")

from rclpy.clock import ClockType
from rclpy.time import Time
from std_msgs.msg import Bool

from telesurgery_nodes.ros import main
from telesurgery_nodes.ros.endpoints import offered, row
from telesurgery_nodes.ros.node import SuiteNode

KEY = "console_following"


class Looping(SuiteNode):
    NAME = "looping"

    def __init__(self, **node_args: Any) -> None:
        super().__init__(**node_args)
        self.ticks, self.heard = 0, []
        self.loop(200.0, self._tick)
        self.wake(KEY)
        self.subscribe(KEY, lambda msg: self.heard.append(msg.data))

    def _tick(self) -> None:
        self.ticks += 1


class Executor:
    """Notes how long it was told to wait."""

    def __init__(self, clock: list[float]) -> None:
        self.clock, self.waits = clock, []

    def spin_once(self, timeout_sec: float) -> None:
        self.waits.append(timeout_sec)
        self.clock[0] += timeout_sec


def test_any_executor_ticks_it(graph: Any) -> None:
    node = graph.make(Looping)
    assert graph.spin_until(lambda: node.ticks >= 5)


def test_the_own_spin_takes_it_over_and_its_timer_is_gone(graph: Any, monkeypatch: Any) -> None:
    node = graph.make(Looping)
    before = len(list(node.timers))
    loop, clock = node.take_loop(), [0.0]
    assert loop is not None and len(list(node.timers)) == before - 1
    ticks, executor = node.ticks, Executor(clock)
    clock[0] = loop.beat.wait(0.0)  # from the beat's beginning on, in the test's time
    monkeypatch.setattr(main.time, "monotonic", lambda: clock[0])
    for _ in range(20):
        main._turn(executor, loop)
    assert node.ticks - ticks >= 10
    assert max(executor.waits) <= main.SPIN_TIMEOUT


def test_a_message_knocks_and_still_reaches_its_reader(graph: Any) -> None:
    node, teller = graph.make(Looping), graph.plain()
    loop = node.take_loop()
    said = teller.create_publisher(Bool, row(KEY).name, offered(row(KEY)))
    knocks: list[None] = []
    loop.beat.knock = lambda: knocks.append(None)
    said.publish(Bool(data=True))
    assert graph.spin_until(lambda: bool(knocks and node.heard))
    assert node.heard == [True]


def test_a_node_without_a_loop_only_spins() -> None:
    executor = Executor([0.0])
    main._turn(executor, None)
    assert executor.waits == [main.SPIN_TIMEOUT]


def test_every_stamp_is_of_the_nodes_own_clock(graph):
    """What is read without rclpy's objects is what they say."""
    node = graph.make(Looping)
    before = node.get_clock().now()
    stamp, light, now = node.ros_stamp(), node.light_stamp(), node.ros_now()
    after = node.get_clock().now()
    said = [stamp.sec * 10**9 + stamp.nanosec, light.sec * 10**9 + light.nanosec]
    assert before.nanoseconds <= said[0] <= said[1] <= after.nanoseconds
    assert said[1] - 1000 <= now * 1e9 <= after.nanoseconds + 1000, "a double resolves 0.2 us of today's time"
    assert 0 <= light.nanosec < 10**9


def test_a_simulated_clock_is_followed(graph):
    node = graph.make(Looping, use_sim_time=True)
    node.get_clock().set_ros_time_override(Time(seconds=12, nanoseconds=345, clock_type=ClockType.ROS_TIME))
    assert (node.light_stamp(), node.ros_now()) == ((12, 345), pytest.approx(12.000000345))
