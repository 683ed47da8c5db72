"""Two whole ends over loopback: TLS on the paths' own ports, datagrams after it, keys that change on the way."""

import time
from datetime import datetime, timezone

import pytest

from telesurgery_nodes.core.link import renewal
from telesurgery_nodes.core.link.seal import Role
from telesurgery_nodes.core.link.session import PeerAccepted, Received
from telesurgery_nodes.core.link.wire import Stream
from telesurgery_nodes.devices.link.wan_link import LinkPlan, WanLink, wires
from telesurgery_nodes.errors import ConfigError, DeviceError, WrongRole
from telesurgery_nodes.session import pick_ports

FILES = {"urdf": "aa"}
PERIOD = 0.004
LIMIT = 20.0
NAMES, CARDS = ("a", "b"), ()


def today():
    return datetime.now(timezone.utc)


class End:
    def __init__(self, role, folder, local, remote, files=FILES, rekey_s=600.0):
        self.events, self.words = [], []
        plan = LinkPlan(role, folder, wires(NAMES, local, remote, CARDS), files, rekey_s=rekey_s)
        self.link = WanLink(plan, (time.monotonic, today), self.events.append, self.words.append)
        self.link.start()

    @property
    def session(self):
        return self.link.session

    def got(self, stream):
        return [event.payload for event in self.events if isinstance(event, Received) and event.stream is stream]


class Both:
    """Two ends that tick in turn; closed whatever happens."""

    def __init__(self, identities, **surgeon):
        ports = [f"127.0.0.1:{port}" for port in pick_ports(4)]
        self.identities, self.near, self.far = identities, ports[:2], ports[2:]
        self.ends = {}
        self.open("patient")
        self.open("surgeon", **surgeon)

    def open(self, side, **more):
        local, remote = (self.near, self.far) if side == "surgeon" else (self.far, self.near)
        self.ends[side] = End(Role(side), self.identities[side], local, remote, **more)
        return self.ends[side]

    def until(self, condition, each=lambda: None):
        end = time.monotonic() + LIMIT
        while not condition():
            if time.monotonic() > end:
                return False
            each()
            for one in self.ends.values():
                one.link.flush()
            time.sleep(PERIOD)  # the pace of a bridge's timer
        return True

    def linked(self):
        return all(one.session.established for one in self.ends.values())

    def close(self):
        for one in self.ends.values():
            one.link.close()


@pytest.fixture
def both(identities):
    made = []

    def make(**surgeon):
        made.append(Both(identities, **surgeon))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_nothing_is_sent_before_the_handshake_and_all_after(both):
    pair = both()
    surgeon, patient = pair.ends["surgeon"].link, pair.ends["patient"].link
    assert surgeon.send(Stream.COMMAND, b"too early", 0.0) is False and surgeon.unsent == 1
    assert pair.until(pair.linked)
    assert surgeon.send(Stream.COMMAND, b"move", time.monotonic())
    assert pair.until(lambda: pair.ends["patient"].got(Stream.COMMAND) == [b"move"])
    assert surgeon.trust()["peer"].endswith("/patient") or "patient" in patient.identity.name.uri
    assert surgeon.trust()["key_epoch"] == patient.trust()["key_epoch"] == 0


def test_keys_change_again_and_again_and_no_command_is_lost(both, monkeypatch):
    pair = both(rekey_s=0.0)
    assert pair.until(pair.linked)
    sent = []

    def each():
        sent.append(b"%d" % len(sent))
        assert pair.ends["surgeon"].link.send(Stream.COMMAND, sent[-1], time.monotonic())

    monkeypatch.setitem(renewal.AGAIN, renewal.Why.OLD_KEY, 0.2)
    assert pair.until(lambda: pair.ends["patient"].link.health().key_epoch >= 4, each)
    assert pair.until(lambda: len(pair.ends["patient"].got(Stream.COMMAND)) == len(sent))
    assert pair.ends["patient"].got(Stream.COMMAND) == sent
    assert pair.ends["patient"].link.health().refused["epoch"] == 0


@pytest.mark.parametrize("side", ["surgeon", "patient"])
def test_a_restarted_side_is_admitted_again_by_a_handshake(both, side):
    pair = both()
    assert pair.until(pair.linked)
    other = pair.ends["patient" if side == "surgeon" else "surgeon"]
    pair.ends[side].link.close()
    anew = pair.open(side)
    assert pair.until(lambda: anew.session.established and other.session.peer == anew.session.life)
    accepted = [event for event in other.events if isinstance(event, PeerAccepted)]
    assert [event.replaced for event in accepted] == [False, True]


def test_sites_that_differ_never_link_and_both_say_why(both):
    pair = both(files={"urdf": "bb"})
    assert pair.until(lambda: all(one.words for one in pair.ends.values()))
    assert all("urdf" in one.words[0] for one in pair.ends.values())
    assert not any(one.session.keys.ready for one in pair.ends.values())
    assert "ConfigurationDiffers" in pair.ends["surgeon"].link.trust()["handshake_fault"]


def test_a_caller_from_elsewhere_is_not_talked_to(both, identities):
    pair = both()
    pair.ends["surgeon"].link.close()
    patient = pair.ends["patient"].link
    stranger = End(Role.SURGEON, identities["surgeon"], ["127.0.0.9:0", "127.0.0.9:0"], pair.far)
    pair.ends["surgeon"] = stranger
    before = patient.trust()["handshakes"]
    assert pair.until(lambda: patient.trust().get("handshake_foreign_address", 0) >= 1)
    assert patient.trust()["handshakes"] == before


def test_the_wrong_identity_opens_no_socket(identities):
    with pytest.raises(WrongRole, match="wanted patient"):
        End(Role.PATIENT, identities["surgeon"], ["127.0.0.1:0", "127.0.0.1:0"], ["127.0.0.1:9", "127.0.0.1:9"])


def test_a_taken_port_is_named(both, identities):
    pair = both()
    with pytest.raises(DeviceError, match="path a"):
        End(Role.PATIENT, identities["patient"], pair.far, pair.near)


@pytest.mark.parametrize("lists", [(("a",), (), ()), (("a", "b"), ("x",), ("y",)), ((), (), ())])
def test_lists_that_do_not_fit_are_refused(lists):
    with pytest.raises(ConfigError, match="one of each"):
        wires(*lists, ())
