"""Real kernels between two sites: what a narrow cable lets through, which card a path leaves by, and the preflight over both."""

import json
import sys

import namespaces
import pytest

FAR_END = str(namespaces.ROOT / "test" / "helpers" / "far_end.py")
HERE, THERE = "10.1.1.2,10.2.1.2", "10.1.2.2,10.2.2.2"
SEND = """
from telesurgery_nodes.devices.paths.udp import UdpPath
path = UdpPath("two", "0.0.0.0:0", "10.2.2.2:47002", CARD)
for _ in range(50):
    path.send(b"x" * 100)
print(path.failed_sends)
"""
pytestmark = pytest.mark.skipif(bool(namespaces.missing()), reason=namespaces.missing() or "-")


@pytest.fixture
def network():
    net = namespaces.two_sites()
    yield net
    net.close()


@pytest.mark.parametrize(("card", "leaves_by"), [("", "s1"), ("s2", "s2"), ("s1", "s1")])
def test_a_bound_path_leaves_by_its_card_whatever_the_default_route(network, card, leaves_by):
    before = {name: network.sent("s", name) for name in ("s1", "s2")}
    refused = int(network.python("s", SEND.replace("CARD", repr(card))))  # nobody listens there
    sent = {name: network.sent("s", name) - before[name] for name in before}
    other = "s2" if leaves_by == "s1" else "s1"
    assert sent[leaves_by] >= 50 - refused > 20 and sent[other] < 10


def preflight(network, identities, seconds):
    """What the surgeon's preflight says over this network."""
    command = network.inside("p", sys.executable, FAR_END, identities["patient"], THERE, HERE, "p1,p2")
    words = ["--side", "surgeon", "--identity", identities["surgeon"], "--local", HERE, "--remote", THERE, "--interfaces", "s1,s2"]
    with namespaces.running(command):
        main = ["-m", "telesurgery_nodes.cli.main", "preflight", *words, "--seconds", str(seconds), "--json"]
        return json.loads(network.run("s", sys.executable, *main, check=False).stdout)


@pytest.mark.parametrize(("mtu", "carries", "level"), [(1500, 1400, "good"), (1300, 1200, "good"), (1000, 0, "bad")])
def test_the_preflight_finds_what_each_path_carries_and_who_is_on_it(network, identities, mtu, carries, level):
    """The narrow cable is behind the router, where this site's own card knows nothing of it."""
    network.ip("r2", "link", "set", "b2", "mtu", str(mtu))
    found = preflight(network, identities, seconds=7.0 if mtu < 1200 else 1.0)
    levels = {row["name"]: row["level"] for row in found["checks"]}
    assert [found["paths"][name]["mtu"] for name in ("path1", "path2")] == [1400, carries]
    assert levels["mtu"] == level
    assert [levels[name] for name in ("addresses", "peer", "hops", "round trip")] == ["good"] * 4
    assert levels["cards"] == "unknown", "virtual cards: whatever carries them is not known"
    assert found["hops"]["path2"] == {"addresses": ["10.2.1.1"], "reached": True}
    assert found["separation"] == "unproved" and not found["passed"]
