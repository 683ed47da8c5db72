"""Parameters: one declaration, ranges, choices, and no misspelt name gets through."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from telesurgery_nodes.errors import ConfigError
from telesurgery_nodes.ros.node import SuiteNode
from telesurgery_nodes.ros.params import NodeParams, param


@dataclass(frozen=True)
class DemoParams(NodeParams):
    rate: float = param(250.0, "rate [Hz]", low=10.0, high=2000.0)
    count: int = param(3, "how many", low=1, high=5)
    mode: str = param("a", "mode", choices=("a", "b"))
    paths: list = param([], "paths")


class Demo(SuiteNode):
    NAME = "demo"
    PARAMS = DemoParams


def test_defaults_and_overrides(graph):
    node = graph.make(Demo, rate=100.0, paths=["x", "y"])
    assert node.params == DemoParams(rate=100.0, paths=["x", "y"])


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ({"rate": 5.0}, "rate"),
        ({"count": 6}, "count"),
        ({"mode": "c"}, "a, b"),
        ({"ratee": 100.0}, "ratee"),
        ({"rate": "fast"}, "rate"),
        ({"paths": 3}, "paths"),
    ],
)
def test_bad_override_is_refused_by_name(graph, override, words):
    with pytest.raises(ConfigError, match=words):
        graph.make(Demo, **override)


def test_unknown_name_lists_the_known_ones(graph):
    with pytest.raises(ConfigError, match=r"count.*mode.*rate"):
        graph.make(Demo, raet=1.0)


def test_parameters_are_read_only(graph):
    from rclpy.parameter import Parameter

    node = graph.make(Demo)
    assert not node.set_parameters([Parameter("rate", value=50.0)])[0].successful


def test_every_parameter_is_described(graph):
    node = graph.make(Demo)
    for name in ("rate", "count", "mode", "paths", "tape_dir"):
        assert node.describe_parameter(name).description
