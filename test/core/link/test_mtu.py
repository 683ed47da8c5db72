"""Paths that carry only so much: probes find it out in both directions, and nothing but a probe is ever longer than 1200 B."""

import math
import random

import pytest
from link_wire import KEY, Wire, end
from virtual_live import VirtualLive

from telesurgery_nodes.core.link.impair import Impairment
from telesurgery_nodes.core.link.layouts import LATELY_S, PROBE_SIZES
from telesurgery_nodes.core.link.mtu import PROBE_S, PathMtu
from telesurgery_nodes.core.link.paths import PathState, Reason
from telesurgery_nodes.core.link.seal import Opener, Role, Sealer
from telesurgery_nodes.core.link.wire import MAX_DATAGRAM, Stream, decode_header, decode_heartbeat
from telesurgery_nodes.errors import LocalLinkError, RemoteLinkError

JUDGED_S = LATELY_S + 1.0


def link(limits, commands=True):
    """Two ends; ``limits``: (path, way) -> longest datagram [B] that gets through."""
    wire = Wire(end(Role.SURGEON, 11), end(Role.PATIENT, 22))
    wire.lose = lambda path, way, number: len(wire.record[-1][2]) > limits.get((path, way), math.inf)
    wire.each = (lambda now: wire.ends["up"].send(Stream.COMMAND, b"move", now)) if commands else (lambda now: None)
    return wire


def healths(wire):
    return [wire.ends[way].health(wire.now) for way in ("up", "down")]


@pytest.mark.parametrize(
    ("limits", "mtu", "reason"),
    [
        ({}, 1400, Reason.FINE),
        ({("a", "up"): 1399}, 1200, Reason.FINE),
        ({("a", "down"): 1399}, 1200, Reason.FINE),
        ({("a", "up"): 1200, ("a", "down"): 1200}, 1200, Reason.FINE),
        ({("a", "up"): 1199}, 0, Reason.NARROW),
        ({("a", "down"): 576}, 0, Reason.NARROW),
    ],
)
def test_both_ends_learn_what_a_path_carries_whichever_direction_is_narrow(limits, mtu, reason):
    wire = link(limits)
    wire.run(1.0 + JUDGED_S, wire.each)
    for health in healths(wire):
        first, second = health.paths
        assert (first.mtu, first.reason) == (mtu, reason)
        assert first.state is (PathState.GOOD if reason is Reason.FINE else PathState.DEGRADED)
        assert (second.mtu, second.reason) == (1400, Reason.FINE)
        assert health.paths_up == 2 and health.refused["form"] == health.refused["payload"] == health.refused["forged"] == 0
        assert (reason.value in first.words()) == (reason is Reason.NARROW)


def test_narrow_is_said_when_it_is_known_not_before_and_ends_when_it_ends():
    wire = link({("a", "up"): 1000})
    seen = []
    for _ in range(100):
        wire.run(0.1, wire.each)
        seen.append(healths(wire)[1].paths[0].reason)
    first = seen.index(Reason.NARROW)
    assert LATELY_S < 0.1 * first < JUDGED_S + 1.0 and Reason.FINE in seen[:first] and set(seen[first:]) == {Reason.NARROW}
    wire.lose = lambda *_: False
    wire.run(1.0 + 2.0 * PROBE_S, wire.each)
    assert [health.paths[0].reason for health in healths(wire)] == [Reason.FINE] * 2


def test_a_path_that_becomes_narrow_under_way_is_noticed():
    wire = link({})
    wire.run(3.0, wire.each)
    wire.lose = lambda path, way, number: path == "b" and len(wire.record[-1][2]) > 1000
    wire.run(JUDGED_S, wire.each)
    assert healths(wire)[0].paths[1].reason is Reason.NARROW


def test_loss_is_not_taken_for_narrowness():
    wire, rng = link({}), random.Random(3)
    wire.lose = lambda *_: rng.random() < 0.05
    for _ in range(60):
        wire.run(1.0, wire.each)
        assert all(path.reason is not Reason.NARROW for health in healths(wire) for path in health.paths)


def test_an_outage_begins_the_proof_anew():
    wire = link({})
    wire.run(2.0, wire.each)
    wire.lose = lambda path, way, number: path == "a"
    wire.run(JUDGED_S, wire.each)
    assert (healths(wire)[1].paths[0].reason, healths(wire)[1].paths[0].mtu) == (Reason.SILENT, 0)
    wire.lose = lambda *_: False
    wire.run(0.3, wire.each)
    assert healths(wire)[1].paths[0].reason is Reason.BACK


def test_probes_are_few_and_measure_no_time():
    wire = link({}, commands=False)
    wire.delay = {"a": 0.05, "b": 0.05}
    wire.run(1.0)
    before, begin = healths(wire)[1].paths[0], len(wire.record)
    wire.run(4.0)
    sizes = [len(datagram) for way, path, datagram in wire.record[begin:] if (way, path) == ("up", "a")]
    assert {size for size in sizes if size > 200} == set(PROBE_SIZES)
    assert len([size for size in sizes if size > 200]) == pytest.approx(4.0 / PROBE_S, abs=1)
    assert healths(wire)[1].paths[0].jitter <= max(before.jitter, 0.004)


def test_the_time_a_long_probe_takes_on_a_slow_line_is_no_jitter_and_no_round_trip():
    live = VirtualLive({"a": Impairment(delay_ms=20.0, rate_mbit=1.0)}, states=False)  # 1400 B take 11 ms
    live.step(3.0)
    seen = []
    for _ in range(200):
        live.step(0.02)
        seen.append(live.health().paths[0])
    assert max(path.jitter for path in seen) < 0.0005 and max(path.round_trip for path in seen) < 0.046
    assert all(path.mtu == 1400 for path in seen)


def test_nothing_is_probed_before_a_peer_is_there():
    lonely = end(Role.SURGEON)
    for step in range(100):
        assert all(len(datagram) < 200 for _, datagram in lonely.datagrams_to_send(0.02 * step))


def test_only_a_heartbeat_may_be_longer():
    sealer = Sealer(KEY, Role.SURGEON, 1, 2)
    for stream in Stream:
        longest = PROBE_SIZES[-1] if stream is Stream.HEARTBEAT else MAX_DATAGRAM
        payload = bytes(longest - 32)
        datagram = sealer.seal(stream, payload)[1]
        assert len(datagram) == longest and Opener(KEY, Role.PATIENT).open(decode_header(datagram), datagram) == payload
        with pytest.raises(RemoteLinkError, match=f"{longest + 1} B"):
            decode_header(datagram + b"\0")
        with pytest.raises(LocalLinkError):
            sealer.seal(stream, payload + b"\0")


def test_real_traffic_proves_as_well_as_a_probe():
    mtu = PathMtu()
    mtu.came(1250, 1.0)
    assert mtu.largest(1.0) == 1200 and mtu.both_ways(1.0) == 0
    mtu.told(1400)
    assert mtu.both_ways(1.0 + LATELY_S) == 1200 and mtu.both_ways(1.1 + LATELY_S) == 0


def test_a_path_that_stutters_is_still_judged():
    """A silence of 60 ms now and then, as a starved process makes it, must not begin the proof anew each time."""
    wire = link({})
    wire.lose = lambda path, way, number: len(wire.record[-1][2]) > 1000 or wire.now % 0.5 < 0.07
    seen = set()
    for _ in range(50):
        wire.run(0.2, wire.each)
        seen |= {health.paths[0].reason for health in healths(wire)} if wire.now > 110.0 - 2.0 else set()
    assert Reason.NARROW in seen and Reason.FINE not in seen


def test_a_probe_says_so():
    wire = link({})
    wire.run(2.0)
    opener = Opener(KEY, Role.PATIENT)
    own = [datagram for way, path, datagram in wire.record if way == "up"]
    beats = {len(datagram): decode_heartbeat(opener.open(decode_header(datagram), datagram)) for datagram in own}
    assert {size: beat.padded for size, beat in beats.items()} == {min(beats): False, 1200: True, 1400: True}
