"""Two sessions back to back: admission, merge, replay, forgery, restart. Time is a number."""

import math
import random

import pytest
from link_wire import KEY, Wire, end, pair

from telesurgery_nodes.core.link.layouts import VERSION
from telesurgery_nodes.core.link.paths import PathState
from telesurgery_nodes.core.link.seal import LAST_COUNT, MAX_PAYLOAD, Opener, Role, Sealer
from telesurgery_nodes.core.link.session import PeerAccepted
from telesurgery_nodes.core.link.wire import Stream, decode_header
from telesurgery_nodes.errors import LocalLinkError, RemoteLinkError


def test_both_accept_each_other_and_measure_the_round_trip_and_the_clock():
    wire = pair(skew=500.0)
    surgeon, patient = wire.ends["up"], wire.ends["down"]
    assert surgeon.established and patient.established
    health = surgeon.health(wire.now)
    assert health.peer_session == 22 and health.paths_up == 2
    assert health.round_trip == pytest.approx(0.2, abs=0.001)
    assert health.clock.offset == pytest.approx(500.0, abs=0.005)
    assert patient.clock(wire.now + 500.0).offset == pytest.approx(-500.0, abs=0.005)
    assert health.paths[1].skew == pytest.approx(0.02, abs=0.003)
    assert {name: clock.offset for name, clock in surgeon.clocks(wire.now).items()} == pytest.approx({"a": 500.0, "b": 500.0}, abs=0.005)


def test_the_offsets_of_two_paths_differ_by_half_the_difference_of_their_asymmetries():
    wire = pair(skew=500.0)
    wire.ends["up"], wire.ends["down"] = end(Role.SURGEON, 31), end(Role.PATIENT, 32)
    slow_up = wire.delay["a"] + 0.030

    class Asymmetric(dict):
        def __getitem__(self, path):
            return slow_up if path == "a" and wire.way == "up" else dict.__getitem__(self, path)

    wire.delay = Asymmetric(wire.delay)
    wire.lose = lambda path, way, number: setattr(wire, "way", way)
    wire.run(2.0)
    clocks = wire.ends["up"].clocks(wire.now)
    assert clocks["a"].offset - clocks["b"].offset == pytest.approx(0.015, abs=0.005)
    assert all(abs(clock.offset - 500.0) <= clock.bound for clock in clocks.values()), "the bound holds all the same"


def test_each_payload_is_delivered_once_and_the_copies_are_not_replays():
    wire = pair()
    sent = []

    def each(now):
        sent.append(b"%d" % len(sent))
        wire.ends["up"].send(Stream.COMMAND, sent[-1], now)

    wire.run(2.0, each)
    wire.run(0.5)
    assert wire.got("patient", Stream.COMMAND) == sent
    assert wire.ends["down"].health(wire.now).refused["replay"] == 0


def test_loss_after_the_merge_is_the_product_and_an_outage_of_one_path_loses_nothing():
    rng, wire = random.Random(5), pair()
    sent = []

    def each(now):
        sent.append(b"%d" % len(sent))
        wire.ends["up"].send(Stream.COMMAND, sent[-1], now)

    def lose(path, way, number):
        return 102.0 < wire.now < 103.0 if path == "a" else wire.now > 104 and rng.random() < 0.5

    wire.lose = lose
    wire.run(5.0, each)
    loss = wire.ends["down"].health(wire.now).paths[1].loss
    wire.lose = lambda *_: False
    wire.run(0.5)
    assert sorted(wire.got("patient", Stream.COMMAND), key=int) == sent
    assert 0.1 < loss < 0.6


def test_a_silent_path_is_down_after_50_ms_degraded_when_back_and_good_again():
    wire = pair()
    seen = []
    wire.lose = lambda path, way, number: path == "a" and 101.5 < wire.now < 102.0
    for _ in range(20):
        wire.run(0.1)
        seen.append(wire.ends["down"].health(wire.now).paths[0].state)
    first_down = seen.index(PathState.DOWN)
    assert seen[0] is PathState.GOOD and seen[-1] is PathState.GOOD
    assert PathState.DEGRADED in seen[first_down:]


def test_replaying_every_datagram_changes_nothing():
    wire = pair()
    wire.run(1.0, lambda now: wire.ends["up"].send(Stream.COMMAND, b"move", now))
    wire.run(0.5)
    patient = wire.ends["down"]
    before = len(wire.events["patient"])
    up = [entry for entry in wire.record if entry[0] == "up"]
    peer = [entry for entry in up if entry[2]]
    for _, path, datagram in peer:
        assert patient.receive(path, datagram, wire.now) == []
    assert len(wire.events["patient"]) == before
    assert patient.health(wire.now).refused["replay"] > 200


def test_replay_does_not_make_a_dead_path_look_alive():
    wire = pair()
    wire.lose = lambda path, way, number: path == "a"
    wire.run(0.3)
    for _, path, datagram in wire.record[:60]:
        wire.ends["down"].receive("a", datagram, wire.now) if path == "a" else None
    assert wire.ends["down"].health(wire.now).paths[0].state is PathState.DOWN


def test_every_flipped_byte_is_refused_and_moves_no_window():
    wire = pair()
    surgeon, patient = wire.ends["up"], wire.ends["down"]
    surgeon.send(Stream.COMMAND, b"move", wire.now)
    datagram = next(d for path, d in surgeon.datagrams_to_send(wire.now) if decode_header(d).stream is Stream.COMMAND)
    for index in range(len(datagram)):
        for bit in (0x01, 0x80):
            forged = bytearray(datagram)
            forged[index] ^= bit
            assert patient.receive("a", bytes(forged), wire.now) == [], f"byte {index}"
    assert [event.payload for event in patient.receive("a", datagram, wire.now)] == [b"move"]


@pytest.mark.parametrize("stream", [s for s in Stream if s is not Stream.COMMAND])
def test_a_datagram_does_not_open_as_another_stream(stream):
    sealer, opener = Sealer(KEY, Role.SURGEON, 1, 2), Opener(KEY, Role.PATIENT)
    _, datagram = sealer.seal(Stream.COMMAND, b"x")
    moved = datagram[:1] + bytes((stream,)) + datagram[2:]
    with pytest.raises(RemoteLinkError):
        opener.open(decode_header(moved), moved)


def test_a_side_does_not_take_its_own_datagrams_nor_another_keys():
    sealer = Sealer(KEY, Role.SURGEON, 1, 2)
    _, datagram = sealer.seal(Stream.COMMAND, b"x")
    for opener in (Opener(KEY, Role.SURGEON), Opener(bytes(32), Role.PATIENT), Opener(KEY, Role.PATIENT, key_epoch=1)):
        with pytest.raises(RemoteLinkError):
            opener.open(decode_header(datagram), datagram)
    assert Opener(KEY, Role.PATIENT).open(decode_header(datagram), datagram) == b"x"


def test_a_restart_with_the_same_key_gives_other_ciphertext_for_the_same_sequence():
    first = Sealer(KEY, Role.SURGEON, 1, 2).seal(Stream.COMMAND, b"same")[1]
    for session, boot in ((9, 2), (1, 3)):
        again = Sealer(KEY, Role.SURGEON, session, boot).seal(Stream.COMMAND, b"same")[1]
        assert again[16:] != first[16:]


def test_sequences_run_out_with_an_error_and_never_wrap():
    sealer = Sealer(KEY, Role.SURGEON, 1, 2)
    sealer._counts[Stream.COMMAND] = LAST_COUNT
    sealer.seal(Stream.COMMAND, b"")
    with pytest.raises(LocalLinkError):
        sealer.seal(Stream.COMMAND, b"")


def test_a_recorded_old_session_is_never_admitted():
    wire = pair()
    wire.run(0.5, lambda now: wire.ends["up"].send(Stream.COMMAND, b"old", now))
    recorded = [(path, datagram) for way, path, datagram in wire.record if way == "up"]
    fresh = end(Role.PATIENT, 33, 5)
    for round_ in range(3):
        for path, datagram in recorded:
            assert fresh.receive(path, datagram, wire.now + round_) == []
        fresh.datagrams_to_send(wire.now + round_)
    assert not fresh.established


def test_a_restarted_surgeon_replaces_the_old_one_whose_recording_does_not_come_back():
    wire = pair()
    recorded = [(path, datagram) for way, path, datagram in wire.record if way == "up"]
    wire.ends["up"] = end(Role.SURGEON, 44, 7)
    wire.run(1.0)
    patient = wire.ends["down"]
    accepted = [event for event in wire.events["patient"] if isinstance(event, PeerAccepted)]
    assert accepted == [PeerAccepted(11, False), PeerAccepted(44, True)]
    for path, datagram in recorded:
        assert patient.receive(path, datagram, wire.now) == []
    assert patient.health(wire.now).peer_session == 44
    wire.ends["up"].send(Stream.COMMAND, b"new", wire.now)
    wire.run(0.3)
    assert wire.got("patient", Stream.COMMAND) == [b"new"]


def test_a_flood_of_recorded_strangers_does_not_keep_the_peer_out():
    old = pair()
    recorded = [(path, datagram) for way, path, datagram in old.record if way == "up"]
    wire = Wire(end(Role.SURGEON, 55, 8), end(Role.PATIENT, 66, 9))

    def each(now):
        path, datagram = recorded[wire.number % len(recorded)]
        wire.ends["down"].receive(path, datagram, now)

    wire.run(1.5, each)
    assert wire.ends["down"].health(wire.now).peer_session == 55


def test_garbage_is_counted_and_never_raised():
    patient = end(Role.PATIENT)
    rng = random.Random(1)
    for _ in range(3000):
        data = rng.randbytes(rng.randrange(0, 80))
        assert patient.receive("a", bytes((VERSION,)) + data if rng.random() < 0.7 else data, 1.0) == []
    refused = patient.health(1.0).refused
    assert refused["form"] > 100 and sum(refused.values()) == 3000


def test_late_copies_are_delivered_and_marked():
    wire = pair()
    surgeon, patient = wire.ends["up"], wire.ends["down"]
    datagrams = []
    for number in range(2):
        surgeon.send(Stream.COMMAND, b"%d" % number, wire.now)
    datagrams = [d for p, d in surgeon.datagrams_to_send(wire.now) if p == "a" and decode_header(d).stream is Stream.COMMAND]
    second, first = (patient.receive("a", datagrams[index], wire.now)[0] for index in (1, 0))
    assert (second.payload, second.late, first.payload, first.late) == (b"1", False, b"0", True)


def test_crossed_paths_are_noticed():
    wire = Wire(end(Role.SURGEON), end(Role.PATIENT, 22, paths=("b", "a")))
    wire.run(1.0)
    assert wire.ends["down"].health(wire.now).refused["payload"] > 10


def test_what_may_not_be_set_up():
    for wrong in ({"session": 0}, {"boot": -1}, {"paths": ()}, {"paths": ("a", "a")}, {"key": b"short"}):
        with pytest.raises(LocalLinkError):
            end(Role.SURGEON, **wrong)
    with pytest.raises(LocalLinkError):
        end(Role.SURGEON).send(Stream.VIDEO, bytes(MAX_PAYLOAD + 1), 0.0)


def test_before_any_peer_nothing_is_known_and_a_timer_is_due():
    surgeon = end(Role.SURGEON)
    health = surgeon.health(5.0)
    assert not health.established and health.paths_up == 0 and math.isinf(health.round_trip) and math.isinf(health.clock.bound)
    assert surgeon.next_timer(5.0) == 5.0
    assert len(surgeon.datagrams_to_send(5.0)) == 2
    assert 5.0 < surgeon.next_timer(5.0) <= 5.02
    assert surgeon.queue_drops() == 0


def test_heartbeats_of_the_living_path_do_not_make_the_dead_one_look_alive():
    wire = pair()
    wire.lose = lambda path, way, number: path == "a"
    begin = len(wire.record)
    wire.run(0.3)
    copied = [datagram for way, path, datagram in wire.record[begin:] if way == "up" and path == "b"]
    assert {decode_header(datagram).stream for datagram in copied} == {Stream.HEARTBEAT} and len(copied) > 10
    for datagram in copied:
        assert wire.ends["down"].receive("a", datagram, wire.now) == []
    assert wire.ends["down"].health(wire.now).paths[0].state is PathState.DOWN


def test_what_is_asked_for_all_the_time_is_what_health_says():
    lost = {"a": (1.5, 3.0), "b": (2.0, 3.0)}
    wire = Wire(
        end(Role.SURGEON, 11), end(Role.PATIENT, 22), lose=lambda path, way, number: lost[path][0] < wire.now - 100.0 < lost[path][1]
    )
    seen = set()

    def compare(now):
        for one in wire.ends.values():
            health = one.health(now)
            assert one.up(now) == (health.paths_up, health.round_trip)
            assert health.paths_up == sum(path.state is not PathState.DOWN for path in health.paths)
            assert health.round_trip == min((p.round_trip for p in health.paths if p.state is not PathState.DOWN), default=math.inf)
            assert one.silence(now) == (min(path.silence for path in health.paths) if health.established else math.inf)
            known = [clock for clock in one.clocks(now).values() if clock.samples]
            assert health.clock == one.clock(now) and (health.clock in known or not known)
            if health.paths_up == 1 and health.paths[1].state is not PathState.DOWN:
                assert health.clock == one.clocks(now)["b"], "the path that is up, not the quicker one that is not"
            seen.add((health.established, health.paths_up))

    wire.run(4.0, compare)
    assert seen >= {(False, 0), (True, 0), (True, 1), (True, 2)}
