"""In-process node tests: one rclpy context and one private domain per test, spun by hand."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

rclpy = pytest.importorskip("rclpy", reason="rclpy comes from the wheels (make test) or from a ROS 2 installation")

from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.node import Node  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402

# Fast DDS allows domains up to 232; 100-199 keeps clear of what a person at the machine is likely to use.
_DOMAINS = itertools.count(100 + os.getpid() % 50)


class Graph:
    """Nodes of one test in one context."""

    def __init__(self) -> None:
        os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
        self.context = rclpy.Context()
        rclpy.init(context=self.context, domain_id=next(_DOMAINS) % 100 + 100)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.nodes: list[Any] = []

    def make(self, kind: type, **parameters: Any) -> Any:
        """A suite node with parameter overrides."""
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        return self.add(kind(context=self.context, parameter_overrides=overrides))

    def plain(self, name: str = "tester") -> Any:
        """A bare rclpy node for the test's own endpoints."""
        return self.add(Node(name, context=self.context))

    def add(self, node: Any) -> Any:
        self.nodes.append(node)
        self.executor.add_node(node)
        return node

    def spin_until(self, condition: Callable[[], bool], timeout: float = 10.0) -> bool:
        """Spin until ``condition`` holds; False when ``timeout`` [s] passes first."""
        end = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > end:
                return False
            self.executor.spin_once(timeout_sec=0.02)
        return True

    def spin_for(self, duration: float) -> None:
        """Spin for ``duration`` [s]."""
        self.spin_until(lambda: False, duration)

    def close(self) -> None:
        for node in self.nodes:
            close = getattr(node, "close", node.destroy_node)
            close()
        self.executor.shutdown()
        rclpy.shutdown(context=self.context)


@pytest.fixture
def graph() -> Iterator[Graph]:
    """A private graph, torn down whatever happens."""
    made = Graph()
    yield made
    made.close()
