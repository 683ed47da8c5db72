"""Keys that change under a running session: nothing is lost, nothing old is taken, and without a key there is silence."""

import math

import pytest
from link_wire import PATHS, STEP, Wire, end

from telesurgery_nodes.core.link.epochs import KEPT_UNHEARD, KEY_LIFE_S, RETIRE_S, KeyRing
from telesurgery_nodes.core.link.seal import LAST_EPOCH, Role, Sealer
from telesurgery_nodes.core.link.session import LinkSession, PeerAccepted
from telesurgery_nodes.core.link.wire import Stream, decode_header
from telesurgery_nodes.errors import LocalLinkError, RemoteLinkError

SURGEON, PATIENT = (11, 1), (22, 1)


def key(number):
    return bytes((number,)) * 32


def agree(wire, epoch, surgeon=SURGEON, patient=PATIENT):
    """What a handshake does: both accept, the surgeon, who has the yes, uses."""
    up, down = wire.ends["up"], wire.ends["down"]
    down.keys.accept(epoch, key(epoch), surgeon, wire.now)
    up.keys.accept(epoch, key(epoch), patient, wire.now)
    up.keys.use(epoch)


def keyless(**how):
    return Wire(end(Role.SURGEON, 11, key=None), end(Role.PATIENT, 22, key=None), **how)


def test_without_a_key_nothing_is_sent_nothing_is_taken_and_nothing_can_be_sealed():
    wire = keyless()
    wire.run(1.0)
    assert wire.record == [] and not wire.ends["up"].keys.ready and math.isinf(wire.ends["up"].next_timer(wire.now))
    foreign = Sealer(key(1), Role.SURGEON, 11, 1).seal(Stream.HEARTBEAT, b"x")[1]
    assert wire.ends["down"].receive("a", foreign, wire.now) == []
    health = wire.ends["down"].health(wire.now)
    assert health.refused["epoch"] == 1 and health.key_epoch is None and math.isinf(health.key_age)
    with pytest.raises(LocalLinkError, match="no key"):
        wire.ends["up"].send(Stream.COMMAND, b"move", wire.now)


def test_the_first_handshake_opens_the_session_in_both_directions():
    wire = keyless()
    agree(wire, 1)
    wire.run(1.0)
    assert all(one.established and one.health(wire.now).key_epoch == 1 for one in wire.ends.values())
    assert wire.ends["up"].life == SURGEON and wire.ends["up"].peer == PATIENT and wire.ends["down"].peer == SURGEON
    assert wire.ends["up"].health(wire.now).key_age == pytest.approx(1.0)



def test_of_keys_nobody_answers_the_newest_are_kept_beside_the_peers_and_the_one_in_use():
    ring = KeyRing(None, Role.SURGEON, SURGEON)
    ring.accept(1, key(1), PATIENT, 0.0)
    ring.heard(1, True, 0.0)
    ring.accept(2, key(2), PATIENT, 0.0)
    ring.use(2)
    last = 2 + KEPT_UNHEARD + 3
    for epoch in range(3, last + 1):
        ring.accept(epoch, key(epoch), PATIENT, 0.0)
    assert sorted(ring.opener.epochs) == [1, 2, *range(last - KEPT_UNHEARD + 1, last + 1)]


def test_twenty_new_keys_under_loss_lose_no_command_and_hold_no_tick():
    """One path loses a third of everything, the other nothing: a command lost here was lost by the change of keys."""
    wire = keyless(lose=lambda path, way, number: path == "a" and number % 3 == 0)
    agree(wire, 1)
    wire.run(1.0)
    sent = []

    def each(now):
        sent.append(b"%d" % len(sent))
        wire.ends["up"].send(Stream.COMMAND, sent[-1], now)
        wire.ends["down"].send(Stream.STATE, sent[-1], now)

    for epoch in range(2, 22):
        agree(wire, epoch)
        wire.run(0.3, each)
    wire.run(1.0)
    assert sorted(wire.got("patient", Stream.COMMAND)) == sorted(sent)
    assert sorted(wire.got("surgeon", Stream.STATE)) == sorted(sent)
    assert all(one.health(wire.now).key_epoch == 21 for one in wire.ends.values())
    assert all(one.health(wire.now).refused["forged"] == one.health(wire.now).refused["epoch"] == 0 for one in wire.ends.values())


def test_the_accepting_side_changes_over_when_it_hears_the_new_epoch_and_not_before():
    wire = keyless()
    agree(wire, 1)
    wire.run(1.0)
    wire.ends["down"].keys.accept(2, key(2), SURGEON, wire.now)
    wire.run(0.5)
    assert wire.ends["down"].health(wire.now).key_epoch == 1
    wire.ends["up"].keys.accept(2, key(2), PATIENT, wire.now)
    wire.ends["up"].keys.use(2)
    wire.run(0.5)
    assert wire.ends["down"].health(wire.now).key_epoch == 2


def test_an_old_epoch_is_refused_after_its_time_and_not_before():
    wire = keyless()
    agree(wire, 1)
    wire.run(1.0)
    old = Sealer(key(1), Role.SURGEON, 11, 1, key_epoch=1)
    for _ in range(100):
        old.seal(Stream.STATE, b"")
    agree(wire, 2)
    wire.run(RETIRE_S - 0.1)
    late = old.seal(Stream.STATE, b"late")[1]
    assert [event.payload for event in wire.ends["down"].receive("a", late, wire.now)] == [b"late"]
    wire.run(0.3)
    before = wire.ends["down"].health(wire.now).refused["epoch"]
    assert wire.ends["down"].receive("a", old.seal(Stream.STATE, b"later")[1], wire.now) == []
    assert wire.ends["down"].health(wire.now).refused["epoch"] == before + 1


def test_only_the_life_the_handshake_named_is_admitted_under_its_epoch():
    wire = Wire(end(Role.SURGEON, 12, key=None), end(Role.PATIENT, 22, key=None))
    agree(wire, 1, surgeon=SURGEON)  # but 12 sends
    wire.run(1.0)
    assert not wire.ends["down"].established and wire.ends["down"].health(wire.now).refused["stranger"] > 0


def test_a_restarted_surgeon_is_admitted_by_its_own_handshake_and_the_old_keys_go():
    wire = keyless()
    agree(wire, 1)
    wire.run(1.0)
    old = wire.ends["up"]
    wire.ends["up"] = end(Role.SURGEON, 13, key=None)
    agree(wire, 2, surgeon=(13, 1))
    wire.run(1.0)
    assert [e for e in wire.events["patient"] if isinstance(e, PeerAccepted)] == [PeerAccepted(11, False), PeerAccepted(13, True)]
    assert wire.ends["down"].keys.opener.epochs == (2,)
    for path, datagram in old.datagrams_to_send(wire.now):
        assert wire.ends["down"].receive(path, datagram, wire.now) == []


def test_a_key_ends_after_its_life_and_both_sides_fall_silent():
    wire = keyless()
    agree(wire, 1)
    wire.run(1.0)
    wire.now += KEY_LIFE_S
    count = len(wire.record)
    wire.run(1.0)
    for one in wire.ends.values():
        assert not one.keys.ready and one.keys.opener.epochs == ()
    assert len(wire.record) == count
    agree(wire, 2)
    wire.run(1.0)
    wire.ends["up"].send(Stream.COMMAND, b"again", wire.now)
    wire.run(0.5)
    assert wire.got("patient", Stream.COMMAND) == [b"again"]


def test_an_unused_old_key_ends_without_touching_the_one_in_use():
    ring = KeyRing(None, Role.SURGEON, SURGEON)
    ring.accept(1, key(1), PATIENT, 0.0)
    ring.accept(2, key(2), PATIENT, 100.0)
    ring.use(2)
    ring.tick(KEY_LIFE_S + 50.0)
    assert ring.ready and ring.opener.epochs == (2,) and ring.age(KEY_LIFE_S + 50.0) == KEY_LIFE_S - 50.0


@pytest.mark.parametrize("epoch", [1, 0, -1, LAST_EPOCH + 1])
def test_an_epoch_that_is_no_new_one_is_refused(epoch):
    ring = KeyRing(None, Role.SURGEON, SURGEON)
    ring.accept(1, key(1), PATIENT, 0.0)
    with pytest.raises(LocalLinkError, match="valid: 2 to"):
        ring.accept(epoch, key(2), PATIENT, 0.0)
    assert ring.opener.epochs == (1,)


def test_the_last_epoch_is_still_one():
    ring = KeyRing(None, Role.SURGEON, SURGEON)
    ring.accept(LAST_EPOCH, key(1), PATIENT, 0.0)
    assert ring.newest == LAST_EPOCH == 65535


@pytest.mark.parametrize("known", [(), (1,)])
def test_only_an_agreed_epoch_can_be_used(known):
    ring = KeyRing(None, Role.SURGEON, SURGEON)
    for epoch in known:
        ring.accept(epoch, key(epoch), PATIENT, 0.0)
    with pytest.raises(LocalLinkError, match="not agreed"):
        ring.use(5)
    assert not ring.ready


def test_handshakes_whose_end_was_lost_never_push_out_the_key_in_use():
    """The patient's side agreed again and again, the surgeon's never heard of it and goes on with epoch 1."""
    wire = keyless()
    agree(wire, 1)
    wire.run(1.0)
    for epoch in range(2, 12):
        wire.ends["down"].keys.accept(epoch, key(epoch), SURGEON, wire.now)
    assert wire.ends["down"].keys.opener.epochs == (1, 10, 11)
    wire.ends["up"].send(Stream.COMMAND, b"go on", wire.now)
    wire.run(0.5)
    assert wire.got("patient", Stream.COMMAND) == [b"go on"]


def test_before_anyone_was_heard_the_newest_two_count():
    ring = KeyRing(None, Role.PATIENT, PATIENT)
    for epoch in range(1, 6):
        ring.accept(epoch, key(epoch), SURGEON, 0.0)
    assert ring.opener.epochs == (4, 5)
    datagram = Sealer(key(3), Role.SURGEON, 1, 1, key_epoch=3).seal(Stream.STATE, b"x")[1]
    with pytest.raises(RemoteLinkError, match="valid: 4, 5"):
        ring.opener.open(decode_header(datagram), datagram)


def test_sequences_go_on_when_the_key_changes_so_that_windows_need_not():
    sealer = Sealer(key(1), Role.SURGEON, 11, 1, key_epoch=1)
    first = sealer.seal(Stream.COMMAND, b"a")[0]
    sealer.use(2, key(2))
    second, datagram = sealer.seal(Stream.COMMAND, b"b")
    assert second == first + 1 and decode_header(datagram).key_epoch == 2 == sealer.key_epoch


def test_a_ring_with_a_key_from_the_start_has_epoch_0_of_unknown_age():
    session = LinkSession(Role.SURGEON, key(0), PATHS, 11, 1)
    assert session.keys.newest == 0 and session.health(5.0).key_age == 0.0 and STEP > 0.0


def ring(*epochs, role=Role.PATIENT, first=None):
    made = KeyRing(first, role, PATIENT)
    for epoch in epochs:
        made.accept(epoch, key(epoch), SURGEON, 0.0)
    return made


def test_the_times_are_exact():
    one = ring(1)
    one.heard(1, True, 0.0)
    one.accept(2, key(2), SURGEON, 1.0)
    one.heard(2, True, 5.0)
    one.heard(2, True, 5.0 + RETIRE_S / 2.0)  # only the first one starts the time
    one.tick(5.0 + RETIRE_S - 1e-6)
    assert one.opener.epochs == (1, 2)
    one.tick(5.0 + RETIRE_S)
    assert one.opener.epochs == (2,)
    one.tick(1.0 + KEY_LIFE_S)
    assert one.opener.epochs == (2,)
    one.tick(1.0 + KEY_LIFE_S + 1e-6)
    assert one.opener.epochs == () and not one.ready


def test_what_is_retired_is_forgotten_wholly():
    one = ring(1, 2)
    one.opener.remember(*SURGEON)
    one.heard(2, True, 0.0)
    one.tick(RETIRE_S)
    with pytest.raises(LocalLinkError, match="valid: 2"):
        one.use(1)
    assert {epoch for epoch, _ in one.opener._ciphers} == {2} == set(one._since) == set(one._lives)


def test_a_stranger_s_datagram_makes_this_side_seal_anew_and_retires_nothing():
    one = ring(1)
    one.heard(1, True, 0.0)
    one.accept(2, key(2), (13, 1), 0.0)
    one.heard(2, False, 0.0)
    assert one.sealer.key_epoch == 2
    one.tick(10.0 * RETIRE_S)
    assert one.opener.epochs == (1, 2)


def test_an_older_epoch_heard_late_changes_nothing_back():
    one = ring(1, 2)
    one.heard(2, True, 0.0)
    one.heard(1, True, 0.1)
    assert one.sealer.key_epoch == 2


def test_the_first_key_counts_as_epoch_0_and_no_key_as_none():
    with_key, without = KeyRing(key(9), Role.SURGEON, SURGEON), KeyRing(None, Role.SURGEON, SURGEON)
    with_key.use(0)
    assert (with_key.ready, with_key.newest, with_key.sealer.key_epoch) == (True, 0, 0)
    assert (without.ready, without.newest, without.challenge(0)) == (False, -1, 0)
    with pytest.raises(LocalLinkError, match="none yet"):
        without.use(0)


def test_the_challenge_follows_the_newest_key_and_the_count():
    one = ring(1)
    seen = {one.challenge(0), one.challenge(1)}
    one.accept(2, key(2), SURGEON, 0.0)
    seen |= {one.challenge(1), one.challenge(0)}  # the count asked last first: what is kept of it is another key's
    assert len(seen) == 4


def test_a_life_is_expected_where_it_was_named_and_everywhere_before_any_was():
    one = KeyRing(key(0), Role.PATIENT, PATIENT)
    one.accept(1, key(1), SURGEON, 0.0)
    assert one.expects(SURGEON, 1) and not one.expects((13, 1), 1) and one.expects((13, 1), 0)
