"""What heartbeats repeat: newest wins, counters never lose a stop, nothing is granted, and the patient's answer comes back."""

import random

import pytest
from link_wire import KEY, STEP, Wire, end, pair

from telesurgery_nodes.core.link.seal import Opener, Role
from telesurgery_nodes.core.link.session import MORE_COPIES
from telesurgery_nodes.core.link.sticky import Presence, PresenceKeeper, Sticky, StickyMerge, StopConfirmed, Wishes
from telesurgery_nodes.core.link.wire import Stream, decode_header, decode_heartbeat
from telesurgery_nodes.core.values import Pedals

ENGAGED = Sticky(head=True, engage=True)
STOPPED = Sticky(head=True, stop=True, stop_count=1)
ALL = Pedals(True, True, True, True)


def of(wire, kind, name="patient"):
    return [event for event in wire.events[name] if isinstance(event, kind)]


def bits(wishes):
    return wishes.head, wishes.engage, wishes.stop, wishes.stop_count


def test_the_first_heartbeat_after_admission_says_nothing_is_wished():
    wire = pair()
    assert [bits(event) for event in of(wire, Wishes)] == [(False, False, False, 0)]


def test_a_change_is_one_event_however_often_it_is_repeated_on_both_paths():
    wire = pair()
    for said in (ENGAGED, STOPPED):
        wire.ends["up"].say(said, wire.now)
        wire.run(1.0, lambda now, said=said: wire.ends["up"].say(said, now))
    assert [bits(event) for event in of(wire, Wishes)][1:] == [(True, True, False, 0), (True, False, True, 1)]
    assert {event.path for event in of(wire, Wishes)[1:]} == {"a"}, "the faster path is heard first"


def test_a_stop_leaves_first_in_the_same_flush_three_times_on_every_path_whatever_video_waits():
    wire = pair()
    surgeon, opener = wire.ends["up"], Opener(KEY, Role.PATIENT)
    surgeon.datagrams_to_send(wire.now)
    for number in range(300):
        surgeon.send(Stream.VIDEO, bytes(1000), wire.now, 0.0001 * number)
    surgeon.send(Stream.COMMAND, b"c", wire.now)
    surgeon.say(STOPPED, wire.now)
    begin, stops = wire.now, {"a": [], "b": []}
    for tick in range(12):
        out = surgeon.datagrams_to_send(begin + tick * STEP)
        for path, ticks in stops.items():
            here = [datagram for name, datagram in out if name == path]
            beats = [datagram for datagram in here if decode_header(datagram).stream is Stream.HEARTBEAT]
            assert not beats or here[0] is beats[0], "nothing leaves before it"
            ticks += [tick for one in beats if decode_heartbeat(opener.open(decode_header(one), one)).sticky.stop]
    for ticks in stops.values():
        assert ticks[: 1 + MORE_COPIES] == [0, 1, 2] and len(ticks) > 1 + MORE_COPIES, "then at the usual pace"


@pytest.mark.parametrize("loss", [0.2, 0.5, 0.9])
def test_a_stop_and_its_answer_get_through_loss_on_both_paths(loss):
    wire, rng = pair(), random.Random(4)
    wire.lose = lambda path, way, number: rng.random() < loss
    pressed = wire.now

    def each(now):
        wire.ends["up"].say(STOPPED, now)
        heard = of(wire, Wishes)[-1]
        wire.ends["down"].say(Sticky(acted_for=11, acted=heard.stop_count), now)

    wire.run(3.0, each)
    (stop,) = [event for event in of(wire, Wishes) if event.stop]
    (answer,) = of(wire, StopConfirmed, "surgeon")
    assert pressed + 0.1 <= stop.at < answer.at - 0.1 + 1e-9 and answer.stop_count == 1


def test_a_stop_gets_through_while_commands_stall_and_a_released_pedal_too():
    wire = pair()
    wire.ends["up"].say(ENGAGED, wire.now)
    wire.run(0.5)
    wire.lose = lambda path, way, number: decode_header(wire.record[-1][2]).stream is Stream.COMMAND
    wire.ends["up"].say(Sticky(head=True), wire.now)
    wire.run(0.5, lambda now: wire.ends["up"].send(Stream.COMMAND, b"engaged", now))
    assert not wire.got("patient", Stream.COMMAND) and bits(of(wire, Wishes)[-1]) == (True, False, False, 0)


def test_a_press_let_go_between_two_heartbeats_that_came_still_counts():
    wire = pair()
    wire.lose = lambda *_: True
    wire.ends["up"].say(STOPPED, wire.now)
    wire.run(0.1)
    wire.ends["up"].say(Sticky(head=True, stop_count=1), wire.now)
    wire.lose = lambda *_: False
    wire.run(0.5)
    assert bits(of(wire, Wishes)[-1]) == (True, False, False, 1)


def test_replays_of_an_engaged_pedal_and_strangers_have_no_effect():
    wire = pair()
    patient = wire.ends["down"]
    wire.ends["up"].say(ENGAGED, wire.now)
    wire.run(0.5)
    wire.ends["up"].say(Sticky(), wire.now)
    wire.run(0.5)
    seen = len(of(wire, Wishes))
    for way, path, datagram in list(wire.record):
        if way == "up":
            assert patient.receive(path, datagram, wire.now) == []
    stranger = end(Role.SURGEON, 77, 3)
    stranger.say(STOPPED, wire.now)
    for path, datagram in stranger.datagrams_to_send(wire.now):
        assert patient.receive(path, datagram, wire.now) == []
    assert len(of(wire, Wishes)) == seen


def test_an_overtaken_heartbeat_does_not_bring_old_bits_back_not_even_over_the_other_path():
    wire = pair()
    surgeon, patient = wire.ends["up"], wire.ends["down"]
    wire.run(0.3)
    surgeon.say(ENGAGED, wire.now)
    old = surgeon.datagrams_to_send(wire.now)
    surgeon.say(STOPPED, wire.now + 0.001)
    new = surgeon.datagrams_to_send(wire.now + 0.001)
    (event,) = patient.receive(*[one for one in new if one[0] == "a"][-1], wire.now + 0.1)
    assert event.stop
    for path, datagram in old:
        assert patient.receive(path, datagram, wire.now + 0.12) == []


def test_a_stop_counts_over_crossed_cables():
    wire = Wire(end(Role.SURGEON), end(Role.PATIENT, 22, paths=("b", "a")))
    wire.run(0.5)
    wire.ends["up"].say(STOPPED, wire.now)
    wire.run(0.5)
    assert of(wire, Wishes)[-1].stop and wire.ends["down"].health(wire.now).refused["payload"] > 10


def test_a_new_peer_begins_anew_and_an_answer_to_another_session_confirms_nothing():
    wire = pair()
    wire.ends["up"].say(STOPPED, wire.now)
    wire.ends["down"].say(Sticky(acted_for=11, acted=1), wire.now)
    wire.run(0.5)
    assert [event.stop_count for event in of(wire, StopConfirmed, "surgeon")] == [1]
    wire.ends["up"] = end(Role.SURGEON, 44, 7)
    wire.ends["up"].say(STOPPED, wire.now)
    before = len(of(wire, Wishes))
    wire.run(1.0)
    assert [bits(event) for event in of(wire, Wishes)[before:]] == [(True, False, True, 1)]
    assert len(of(wire, StopConfirmed, "surgeon")) == 1, "that one stop was the old session's"


def test_hurried_heartbeats_do_not_tell_of_a_queue_more_than_once():
    wire = pair()
    said = [Sticky(head=True), Sticky()]
    echoes = []
    for share in wire.ends["down"]._shares.values():
        share.update = lambda transit, *_: echoes.append(transit) or 1.0
    wire.run(1.0, lambda now: wire.ends["up"].say(said[int(now / 0.012) % 2], now))
    assert len(wire.record) > 300 and len(echoes) <= 2 * 51, "one per own heartbeat, not one per answer"


def test_merge_takes_the_newest_by_time_then_by_sequence():
    merge = StickyMerge(5)
    assert merge.update(ENGAGED, (1.0, 3), "a", 9.0) == [Wishes(True, True, False, 0, "a", 9.0)]
    assert merge.update(STOPPED, (1.0, 2), "b", 9.1) == [] == merge.update(ENGAGED, (1.5, 4), "b", 9.1)
    assert merge.update(STOPPED, (1.5, 4), "a", 9.1) == [], "a heartbeat says one thing once"
    assert merge.update(Sticky(acted_for=5, acted=2), (1.5, 5), "b", 9.2)[1:] == [StopConfirmed(2, "b", 9.2)]
    assert merge.update(Sticky(acted_for=5, acted=1), (1.6, 6), "b", 9.2) == []


def test_presence_only_takes_away():
    for head in (False, True):
        for engage in (False, True):
            for stop in (False, True):
                left = Presence(head, engage, stop).narrowed(ALL)
                assert (left.head, left.engage, left.clutch, left.camera) == (head, engage and not stop, True, True)
                assert Presence(head, engage, stop).narrowed(Pedals()) == Pedals()
                assert Presence(head, engage, stop).allows == (head and engage and not stop)


def test_the_keeper_denies_before_the_first_wishes_and_after_a_new_surgeon():
    keeper = PresenceKeeper()
    assert not keeper.update(None, False, 0.0).allows
    assert keeper.update(Wishes(True, True, False, 0, "a", 1.0), False, 1.0).allows
    keeper.reset()
    assert keeper.update(None, True, 2.0) == Presence()


def test_a_stop_is_acted_on_when_the_leave_is_gone_and_each_press_anew():
    keeper = PresenceKeeper()
    assert keeper.update(Wishes(True, True, True, 1, "a", 1.0), False, 1.0).acted == 0
    assert keeper.update(None, False, 1.01).acted == 0
    done = keeper.update(None, True, 1.012)
    assert (done.acted, done.took) == (1, pytest.approx(0.012))
    assert keeper.update(None, True, 5.0) == done, "measured once"
    assert keeper.update(Wishes(True, True, False, 1, "a", 6.0), True, 6.0).acted == 1
    again = keeper.update(Wishes(True, True, True, 2, "a", 7.0), True, 7.0)
    assert (again.acted, again.took) == (2, 0.0), "already stopped: nothing to wait for"
