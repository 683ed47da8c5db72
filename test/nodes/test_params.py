"""Parameters: one declaration, ranges, choices, and no misspelt name gets through."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from telesurgery_nodes.errors import ConfigError
from telesurgery_nodes.ros.node import SuiteNode
from telesurgery_nodes.ros.params import NodeParams, check, param


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


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"rate": 5.0}, "rate: got 5.0, valid: 10 to 2000"),
        ({"rate": float("nan")}, "rate: got nan"),
        ({"rate": 100}, "rate: wanted float, got 100"),
        ({"count": 6}, "count: got 6, valid: 1 to 5"),
        ({"count": True}, "count: wanted int, got True"),
        ({"mode": "c"}, "mode: got 'c', valid: a, b"),
        ({"ratee": 100.0}, "unknown parameter ratee; this node has: count, mode"),
        ({"paths": [3]}, "paths: wanted a list of strings"),
    ],
)
def test_without_a_node_the_same_is_refused(given, words):
    with pytest.raises(ConfigError) as refused:
        check(DemoParams, given)
    assert words in str(refused.value)


def test_without_a_node_both_ends_of_a_range_pass():
    for given in ({"rate": 10.0, "count": 5}, {"rate": 2000.0, "mode": "b", "paths": ["x"]}, {}):
        check(DemoParams, given)


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
