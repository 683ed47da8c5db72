"""dVRK's console topics at the surgeon's bridge: what is asked for is in force, what is not valid is said and counted."""

import json

import pytest

from telesurgery_nodes.channels import CHANNELS
from telesurgery_nodes.session import pick_ports

rclpy = pytest.importorskip("rclpy")

from std_msgs.msg import Bool, Float64, String  # noqa: E402

from telesurgery_nodes.core.teleop.pairs import PAIRS  # noqa: E402
from telesurgery_nodes.core.teleop.table import State  # noqa: E402
from telesurgery_nodes.errors import ConfigError  # noqa: E402
from telesurgery_nodes.nodes.surgeon_console import REQUESTS, WORDS  # noqa: E402
from telesurgery_nodes.nodes.teleop_bridge import TeleopBridge  # noqa: E402
from telesurgery_nodes.ros.endpoints import message_class, offered, requested, row  # noqa: E402


class Console:
    """The surgeon's bridge with somebody at its topics."""

    def __init__(self, graph, identities, **params):
        ends = [f"127.0.0.1:{port}" for port in pick_ports(4)]
        self.graph, self.node = graph, graph.plain()
        self.bridge = graph.make(TeleopBridge, side="surgeon", local=ends[:2], remote=ends[2:], identity=identities["surgeon"], **params)

    @property
    def settings(self):
        return self.bridge.end._console.settings

    def hear(self, key, **fill):
        heard, channel = [], row(key)
        self.node.create_subscription(
            message_class(channel), channel.name.format(**fill), lambda msg: heard.append(msg.data), requested(channel)
        )
        return heard

    def ask(self, key, value, until, **fill):
        """Say it until it was heard."""
        kind = {bool: Bool, float: Float64, str: String}[type(value)]
        out = self.node.create_publisher(kind, row(key).name.format(**fill), offered(row(key)))
        timer = self.node.create_timer(0.05, lambda: out.publish(kind(data=value)))
        assert self.graph.spin_until(until)
        self.node.destroy_timer(timer)


@pytest.fixture
def console(graph, identities):
    return Console(graph, identities)


def test_the_names_are_dvrks():
    names = {key: row(key).name for key in ("teleop_enable", "teleop_enabled", "teleop_set_scale", "teleop_scale", "pair_lock_rotation")}
    assert list(names.values()) == [
        "console/teleop/enable", "console/teleop/enabled", "console/teleop/set_scale", "console/teleop/scale", "{pair}/lock_rotation",
    ]  # fmt: skip
    assert set(WORDS) == set(State) and {word for key in REQUESTS for word in REQUESTS[key]} <= set(CHANNELS)


def test_scale_enable_and_switches(console):
    scales, enabled = console.hear("teleop_scale"), console.hear("teleop_enabled")
    assert console.graph.spin_until(lambda: scales == [pytest.approx(0.2)] and enabled == [True])
    console.ask("teleop_set_scale", 0.35, lambda: scales[-1] == pytest.approx(0.35))
    console.ask("teleop_enable", False, lambda: enabled[-1] is False)
    assert console.settings.tremor_filter and not console.settings.adaptive
    console.ask("teleop_tremor_filter", False, lambda: not console.settings.tremor_filter)
    console.ask("teleop_adaptive_scale", True, lambda: console.settings.adaptive)
    statuses = console.hear("status")
    assert console.graph.spin_until(lambda: statuses and json.loads(statuses[-1])["adaptive_scale"])
    status = json.loads(statuses[-1])
    assert (status["scale_set"], status["enabled"], status["pairs"]) == (0.35, False, {"MTMR": "PSM1", "MTML": "PSM2"})


def test_a_swap_is_published_as_dvrk_does(console):
    selected, gone = console.hear("teleop_selected"), console.hear("teleop_unselected")
    assert console.graph.spin_until(lambda: sorted(selected) == ["MTML_PSM2", "MTMR_PSM1"])
    console.ask("teleop_select", "MTML-PSM3", lambda: selected[-1] == "MTML_PSM3" and gone == ["MTML_PSM2"])
    assert console.settings.pairs["MTML"] == "PSM3"
    console.ask("teleop_unselect", "MTML_PSM3", lambda: gone and gone[-1] == "MTML_PSM3")
    assert dict(console.settings.pairs) == {"MTMR": "PSM1"}


def test_locks_of_one_pair_and_of_all(console):
    console.ask("pair_lock_rotation", True, lambda: console.settings.hands["MTMR"].lock_rotation, pair="MTMR_PSM1")
    assert not console.settings.hands["MTML"].lock_rotation
    console.ask("teleop_lock_translation", True, lambda: console.settings.hands["MTML"].lock_translation)
    console.ask("pair_set_align", False, lambda: not console.settings.hands["MTML"].align, pair="MTML_PSM2")


def test_what_is_not_valid_is_counted_and_changes_nothing(console):
    before = console.settings
    console.ask("teleop_set_scale", 3.0, lambda: console.bridge.counters["refused_set_scale"] > 0)
    console.ask("teleop_select", "MTML_PSM9", lambda: console.bridge.counters["refused_select"] > 0)
    console.ask("pair_lock_rotation", True, lambda: console.bridge.counters["refused_lock_rotation"] > 0, pair="MTML_PSM1")
    assert console.settings == before


def test_a_rate_too_slow_for_the_tremor_filter_is_refused(graph, identities):
    with pytest.raises(ConfigError, match="rate"):
        Console(graph, identities, rate=50.0)


def test_every_pair_says_its_state(console):
    heard = {pair: console.hear("pair_state", pair=pair) for pair in PAIRS}
    assert console.graph.spin_until(lambda: all(heard.values()))
    assert {words[-1] for words in heard.values()} == {"DISABLED"}
