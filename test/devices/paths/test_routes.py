"""Where paths leave and whom they meet: on loopback, on made-up cards, and in a network made of namespaces."""

import json

import namespaces
import pytest

from telesurgery_nodes.core.link.separation import PathEvidence, Verdict, prove
from telesurgery_nodes.devices.paths.routes import Hops, first_hops, hardware, own_end
from telesurgery_nodes.errors import DeviceError

WAYS = {"one": ("10.1.1.2:0", "10.1.2.2:47001", "s1"), "two": ("10.2.1.2:0", "10.2.2.2:47002", "s2")}
ASK = """
import dataclasses, json
from telesurgery_nodes.devices.paths import routes
found = {name: [dataclasses.astuple(routes.own_end(*way)), dataclasses.astuple(routes.first_hops(*way, wait=WAIT))]
         for name, way in WAYS.items()}
print(json.dumps(found))
"""
needs_namespaces = pytest.mark.skipif(bool(namespaces.missing()), reason=namespaces.missing() or "-")


def test_loopback_is_named_and_the_peer_is_next_door():
    end = own_end("0.0.0.0:0", "127.0.0.1:47001")
    assert (end.local, end.card, end.hardware) == ("127.0.0.1", "lo", "")
    assert first_hops("127.0.0.1:0", "127.0.0.1:9", most=2, wait=0.5) == Hops((), True)


def test_no_way_is_an_error():
    for local, card in (("192.0.2.77:0", ""), ("127.0.0.1:0", "nosuchcard0")):
        with pytest.raises(DeviceError, match="no way"):
            own_end(local, "127.0.0.1:9", card)


def test_the_card_below(tmp_path):
    for card in ("eno1", "eno1.100", "eno1.200", "wg0", "bond0", "eno2"):
        (tmp_path / card).mkdir()
    for card in ("eno1", "eno2"):
        (tmp_path / card / "device").mkdir()
    for card in ("eno1.100", "eno1.200"):
        (tmp_path / card / "lower_eno1").mkdir()
    for lower in ("lower_eno1", "lower_eno2"):
        (tmp_path / "bond0" / lower).mkdir()
    found = {card: hardware(card, tmp_path) for card in ("eno1", "eno1.100", "eno1.200", "wg0", "bond0", "gone", "")}
    assert found == {"eno1": "eno1", "eno1.100": "eno1", "eno1.200": "eno1", "wg0": "", "bond0": "", "gone": "", "": ""}


def asked(net, wait=1.0):
    return json.loads(net.python("s", ASK.replace("WAYS", repr(WAYS)).replace("WAIT", str(wait))))


def evidence(found):
    return [PathEvidence(name, *end, tuple(hops), reached) for name, (end, (hops, reached)) in found.items()]


def point(found, name):
    (pair,) = prove(evidence(found))
    return next(one for one in pair.points if one.name == name)


@pytest.fixture
def network(request):
    net = request.param()
    yield net
    net.close()


def over(make):
    return pytest.mark.parametrize("network", [make], indirect=True, ids=[make.__name__])


@needs_namespaces
@over(namespaces.two_sites)
def test_two_routers_are_two_and_virtual_cards_prove_nothing(network):
    found = asked(network)
    assert found == {
        "one": [["10.1.1.2", "s1", ""], [["10.1.1.1"], True]], "two": [["10.2.1.2", "s2", ""], [["10.2.1.1"], True]],
    }  # fmt: skip
    assert point(found, "hops").verdict is Verdict.SEPARATE and point(found, "addresses").verdict is Verdict.SEPARATE
    assert point(found, "cards").verdict is Verdict.UNPROVED


@needs_namespaces
@over(namespaces.two_roads_that_meet)
def test_a_router_in_common_is_named(network):
    """r3 answers each path by the door the path comes in at; behind it, r4 has one door for both."""
    found = asked(network)
    assert [hops for _, (hops, _) in found.values()] == [["10.1.1.1", "10.1.3.2", "10.9.9.2"], ["10.2.1.1", "10.2.3.2", "10.9.9.2"]]
    shared = point(found, "hops")
    assert shared.verdict is Verdict.SHARED and "the router 10.9.9.2" in shared.sentence


@needs_namespaces
@over(namespaces.two_sites)
def test_a_silent_router_is_not_known_and_takes_bounded_time(network):
    network.ip("r2", "route", "add", "blackhole", "10.2.1.2/32")  # nothing finds its way back
    found = asked(network, wait=0.3)
    assert found["one"][1] == [["10.1.1.1"], True] and found["two"][1] == [[], False]
    silent = point(found, "hops")
    assert silent.verdict is Verdict.UNPROVED and "two the router at hop 1, 2" in silent.sentence
