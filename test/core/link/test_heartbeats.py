"""What heartbeats out of place do: malformed ones, crowds of strangers, overtaken ones."""

import math

from telesurgery_nodes.core.link.seal import Opener, Role, Sealer
from telesurgery_nodes.core.link.session import LinkSession
from telesurgery_nodes.core.link.wire import Heartbeat, Stream, decode_header, decode_heartbeat, encode_heartbeat

KEY = bytes(range(32))


def heartbeat(sealer, challenge=9):
    beat = Heartbeat(0, 1, challenge, (), 1.0, math.nan, math.nan, sealer.next_up())
    return sealer.seal(Stream.HEARTBEAT, encode_heartbeat(beat))[1]


def test_a_strangers_malformed_heartbeat_is_refused_and_only_the_newest_strangers_are_answered():
    patient = LinkSession(Role.PATIENT, KEY, ("a",), 22, 1)
    assert patient.receive("a", Sealer(KEY, Role.SURGEON, 90, 1).seal(Stream.HEARTBEAT, b"short")[1], 1.0) == []
    assert patient.health(1.0).refused["payload"] == 1
    for number in range(1, 7):
        patient.receive("a", heartbeat(Sealer(KEY, Role.SURGEON, number, 1), challenge=number), 1.0)
    opener = Opener(KEY, Role.SURGEON)
    datagram = patient.datagrams_to_send(1.0)[0][1]
    assert decode_heartbeat(opener.open(decode_header(datagram), datagram)).answers == (4, 5, 6)


def test_an_overtaken_heartbeat_does_not_turn_the_clock_back():
    surgeon, patient = (LinkSession(role, KEY, ("a",), 11, 1) for role in Role)
    for tick in range(10):
        for sender, receiver in ((surgeon, patient), (patient, surgeon)):
            for _, datagram in sender.datagrams_to_send(0.02 * tick):
                receiver.receive("a", datagram, 0.02 * tick)
    assert patient.established and patient.clock(1.0).offset == 0.0
    first, second = (surgeon.datagrams_to_send(at)[0][1] for at in (1.0, 1.1))
    for datagram in (second, first):
        assert patient.receive("a", datagram, 1.1) == []
    reply = patient.datagrams_to_send(1.1)[0][1]
    assert decode_heartbeat(Opener(KEY, Role.SURGEON).open(decode_header(reply), reply)).peer_sent == 1.1
