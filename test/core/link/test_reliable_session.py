"""The reliable stream over two whole sessions: lossy paths, a narrow one, a restart; commands never wait for it."""

import pytest
from link_wire import PATHS, Wire, end

from telesurgery_nodes.core.link.reliable import KIND_ACK, ReliableReceiver, ReliableSender
from telesurgery_nodes.core.link.seal import Role
from telesurgery_nodes.core.link.session import LinkSession, PeerAccepted, Received
from telesurgery_nodes.core.link.wire import Stream

SURGEON, PATIENT = 11, 22
SIZE, COMMANDS_LATE = 40_000, 0.001


class Talk:
    """A surgeon that sends messages and commands, a patient that answers."""

    def __init__(self, rates=None, lose=lambda path, way, number: False):
        surgeon = LinkSession(Role.SURGEON, bytes(range(32)), PATHS, SURGEON, 1, rates)
        self.wire = Wire(surgeon, end(Role.PATIENT, PATIENT), lose=lose)
        self.sender, self.receiver, self.got = ReliableSender(), ReliableReceiver(PATIENT), []
        self.seen = {"surgeon": 0, "patient": 0}

    def fresh(self, name):
        events = self.wire.events[name][self.seen[name]:]
        self.seen[name] += len(events)
        return events

    def each(self, now):
        surgeon, patient = self.wire.ends["up"], self.wire.ends["down"]
        for event in self.fresh("surgeon"):
            if isinstance(event, PeerAccepted):
                self.sender.restart(event.session)
                for number in range(10):
                    self.sender.offer(number, bytes([number]) * SIZE)
            elif isinstance(event, Received) and event.stream is Stream.RELIABLE:
                assert event.payload[0] == KIND_ACK
                self.sender.acknowledge(event.payload, now)
        for event in self.fresh("patient"):
            if isinstance(event, Received) and event.stream is Stream.RELIABLE:
                self.got += self.receiver.take(event.payload)
        answer = self.receiver.answer()
        if answer:
            patient.send(Stream.RELIABLE, answer, now)
        for payload in self.sender.due(now, max(0, 32 - surgeon.waiting(Stream.RELIABLE))):
            surgeon.send(Stream.RELIABLE, payload, now)
        surgeon.send(Stream.COMMAND, repr(now).encode(), now)


@pytest.mark.parametrize("rates", [None, {"a": 2e6, "b": 1e6}])
def test_messages_arrive_and_commands_never_wait(rates):
    talk = Talk(rates, lambda path, way, number: number % (5 if path == "a" else 7) == 0)
    talk.wire.run(12.0, talk.each)
    assert [message.data for message in talk.got] == [bytes([number]) * SIZE for number in range(10)]
    assert talk.sender.queued == 0
    commands = [event for event in talk.wire.events["patient"] if isinstance(event, Received) and event.stream is Stream.COMMAND]
    assert len(commands) > 2500
    assert max(event.at - float(event.payload) for event in commands) < talk.wire.delay["b"] + COMMANDS_LATE
    assert talk.wire.ends["up"].session_id == SURGEON
