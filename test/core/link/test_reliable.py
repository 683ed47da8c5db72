"""A reliable direction over a line that loses, delays, reorders and doubles; time is a number."""

import math
import random

import pytest

from telesurgery_nodes.core.link import reliable
from telesurgery_nodes.core.link.reliable import ACK, CHUNK, ROOM, WINDOW, Message, ReliableReceiver, ReliableSender, RoundTrip
from telesurgery_nodes.errors import LocalLinkError, RemoteLinkError

STEP, DELAY, PEER, PATIENCE = 0.004, 0.1, 77, 60.0


class Line:
    """Both ends and the flight between them. ``lose(way, n)``: the n-th payload of that way gets lost; ``delay(way, n)`` [s]."""

    def __init__(self, lose=lambda way, n: False, delay=lambda way, n: DELAY, ordered=True, doubled=False):
        self.sender, self.receiver = ReliableSender(), ReliableReceiver(PEER, ordered)
        self.sender.restart(PEER)
        self.lose, self.delay, self.doubled = lose, delay, doubled
        self.now, self.flying, self.got, self.sent = 50.0, [], [], {"data": 0, "ack": 0}

    def fly(self, way, payload):
        self.sent[way] += 1
        number = self.sent[way]
        if not self.lose(way, number):
            for copy in range(1 + self.doubled):
                self.flying.append((self.now + self.delay(way, number) + copy * 0.013, number, way, payload))

    def run(self, seconds, room=WINDOW):
        until = self.now + seconds
        while self.now < until:
            self.now += STEP
            for payload in self.sender.due(self.now, room):
                self.fly("data", payload)
            self.flying.sort(key=lambda one: one[:2])
            while self.flying and self.flying[0][0] <= self.now:
                at, _, way, payload = self.flying.pop(0)
                if way == "data":
                    self.got += [(at, message) for message in self.receiver.take(payload)]
                else:
                    self.sender.acknowledge(payload, at)
            answer = self.receiver.answer()
            if answer:
                self.fly("ack", answer)


def texts(count, size=300):
    return [Message(number % 7, bytes([number % 256]) * (size + number)) for number in range(count)]


def offer(line, messages):
    assert all(line.sender.offer(message.topic, message.data) for message in messages)


def test_messages_arrive_once_in_order_after_one_way():
    line = Line()
    sent = [Message(3, b""), Message(4, b"x" * (3 * ROOM)), Message(3, b"y" * (3 * ROOM + 1))]
    offer(line, sent)
    line.run(0.3)
    assert [message for _, message in line.got] == sent
    assert line.got[-1][0] == pytest.approx(50.0 + STEP + DELAY) and line.sent["data"] == 8
    assert line.sender.queued == 0 and line.sender.resent == 0
    assert line.sender.round_trip.smoothed == pytest.approx(2 * DELAY, abs=2 * STEP)


PATTERNS = {
    "every third": lambda way, n: n % 3 == 0,
    "bursts of ten": lambda way, n: way == "data" and n % 40 < 10,
    "the last ones": lambda way, n: way == "data" and 390 < n <= 400,
    "no acknowledgement of four comes": lambda way, n: way == "ack" and n % 4 != 0,
    "the first ones": lambda way, n: n <= (12 if way == "data" else 3),
}


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("doubled", [True, False])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterned_loss_loses_nothing_and_repeats_nothing(pattern, ordered, doubled):
    line, sent = Line(PATTERNS[pattern], ordered=ordered, doubled=doubled), texts(400)
    offer(line, sent)
    while line.sender.queued and line.now < 50.0 + PATIENCE:
        line.run(0.5)
    got = [message for _, message in line.got]
    assert (got == sent) if ordered else (sorted(got, key=lambda one: len(one.data)) == sent)
    assert line.sender.queued == 0 and line.sender.due(line.now + 9.0) == []


def test_random_loss_delay_and_reordering():
    rng = random.Random(3)
    line, sent = Line(lambda way, n: rng.random() < 0.2, lambda way, n: rng.uniform(0.02, 0.3)), texts(300, 2000)
    offer(line, sent)
    line.run(60.0)
    assert [message for _, message in line.got] == sent


def test_a_single_loss_costs_little_more_than_a_round_trip():
    line = Line(lambda way, n: way == "data" and n == 5)
    for number in range(40):
        offer(line, texts(1))
        line.run(0.02)
        if number == 20:
            assert line.sender.resent == 1
    line.run(1.0)
    late = max(after[0] - before[0] for before, after in zip(line.got, line.got[1:], strict=False))
    assert len(line.got) == 40 and late < 2 * DELAY * 9 / 8 + 0.05


def test_a_path_slower_by_the_skew_is_no_loss():
    line = Line(delay=lambda way, n: DELAY + 0.02 * (n % 2))
    for _ in range(100):
        offer(line, texts(1))
        line.run(0.02)
    assert line.sender.resent == 0 and len(line.got) >= 90


def test_after_a_cut_it_goes_on_soon_and_did_not_flood_meanwhile():
    cut = [False]
    line = Line(lambda way, n: cut[0])
    offer(line, texts(1))
    line.run(1.0)
    cut[0], before = True, line.sent["data"]
    offer(line, texts(1))
    line.run(60.0)
    assert line.sent["data"] - before < 30
    cut[0] = False
    line.run(reliable.LONGEST_WAIT_S + 2 * DELAY)
    assert len(line.got) == 2


def test_unordered_messages_do_not_wait_for_each_other():
    lose = lambda way, n: way == "data" and n == 1  # noqa: E731
    times = []
    for ordered in (True, False):
        line = Line(lose, ordered=ordered)
        offer(line, texts(5))
        line.run(3.0)
        times.append(next(at for at, message in line.got if message == texts(5)[4]))
    assert times[1] == pytest.approx(50.0 + STEP + DELAY) and times[0] > times[1] + DELAY


def test_no_more_than_the_window_and_the_room_is_under_way_and_the_queue_is_bounded():
    sender = ReliableSender()
    size = reliable.MAX_MESSAGE
    assert [sender.offer(1, bytes(size)) for _ in range(4)] == [True, True, True, False] and sender.refused == 1
    assert sender.queued <= reliable.QUEUE_BYTES
    assert len(sender.due(1.0, 10)) == 10 and len(sender.due(1.0)) == WINDOW - 10 and sender.due(1.0) == []
    with pytest.raises(LocalLinkError, match=f"at most {size}"):
        sender.offer(1, bytes(size + 1))


def test_room_slows_it_down_and_nothing_is_lost():
    line = Line()
    offer(line, texts(1, 100 * ROOM))
    line.run(100.5 * STEP, room=1)
    assert line.sent["data"] == 100 and line.got == []
    line.run(0.2)
    assert len(line.got) == 1


def test_a_restart_drops_what_was_under_way_and_counts_it():
    line = Line()
    offer(line, texts(2, 2 * ROOM))
    line.run(2 * STEP, room=1)
    old = list(line.flying)
    line.sender.restart(PEER + 1)
    line.receiver = ReliableReceiver(PEER + 1)
    assert line.sender.dropped == 2 and line.sender.queued == 0
    offer(line, [Message(9, b"new")])
    line.run(0.4)
    assert [message for _, message in line.got] == [Message(9, b"new")]
    assert all(line.receiver.take(payload) == [] for *_, payload in old), "chunks for the old peer come too late"
    line.sender.acknowledge(ACK.pack(1, 1, 2, 0, 0, 0, 0), line.now)  # so do its acknowledgements


def test_the_same_peer_admitted_again_begins_again():
    line = Line()
    offer(line, [Message(1, b"one"), Message(1, b"two")])
    line.run(0.4)
    line.sender.restart(PEER)
    offer(line, [Message(1, b"three")])
    line.run(0.4)
    assert [message.data for _, message in line.got] == [b"one", b"two", b"three"]
    assert line.receiver.take(chunk(1, 1)) == [], "of the life before"


def chunk(number=0, message=0, index=0, count=1, topic=1, life=1):
    return CHUNK.pack(0, PEER, life, number, message, index, count, topic) + b"x"


@pytest.mark.parametrize(
    "bad",
    [
        b"", chunk()[: CHUNK.size - 1], chunk(WINDOW + 2, 5), chunk(2, index=1), chunk(2, count=0), chunk(2, count=reliable.MAX_CHUNKS + 1),
        chunk(2, 0), chunk(2, 1, 0, 3), chunk(2, 1, 1, 4), chunk(2, 1, 1, 3, topic=2),
    ],
)  # fmt: skip
def test_chunks_that_cannot_be_are_refused(bad):
    receiver = ReliableReceiver(PEER)
    assert receiver.take(chunk()) == [Message(1, b"x")] and receiver.take(chunk(1, 1, 0, 3)) == []
    with pytest.raises(RemoteLinkError):
        receiver.take(bad)
    assert receiver.take(chunk(2, 1, 1, 3)) == [] and receiver.take(chunk(3, 1, 2, 3)) == [Message(1, b"xxx")]


def test_a_peer_that_never_completes_a_message_fills_nothing():
    receiver = ReliableReceiver(PEER, ordered=False)
    with pytest.raises(RemoteLinkError, match="contradicts"):
        for number in range(10 * WINDOW):
            receiver.take(chunk(number, number, 0, 2))
    assert len(receiver._open) <= WINDOW + 1


@pytest.mark.parametrize("bad", [b"", ACK.pack(1, 1, 2, 0, 0, 0, 0), ACK.pack(1, 1, 0, 0, 0, 0, 0) + b"x"])
def test_acknowledgements_that_cannot_be_are_refused(bad):
    sender = ReliableSender()
    sender.restart(PEER)
    sender.offer(1, b"x")
    sender.due(1.0)
    with pytest.raises(RemoteLinkError):
        sender.acknowledge(bad, 1.1)
    assert sender.queued > 0


def test_nothing_to_say_says_nothing():
    receiver = ReliableReceiver(PEER)
    assert receiver.answer() is None
    receiver.take(chunk())
    assert receiver.answer() == ACK.pack(1, 1, 1, 0, 0, 0, 0) and receiver.answer() is None
    receiver.take(chunk())
    assert receiver.duplicates == 1 and receiver.answer() is not None, "its acknowledgement may have been lost"


def test_an_answer_that_may_belong_to_either_sending_is_no_sample():
    sender = ReliableSender()
    sender.restart(PEER)
    sender.offer(1, b"x")
    assert sender.due(0.0) == sender.due(1.1) and sender.resent == 1
    sender.acknowledge(ACK.pack(1, 1, 1, 0, 0, 0, 0), 1.2)
    assert math.isnan(sender.round_trip.smoothed) and sender.queued == 0


def test_waiting_times_are_those_of_the_rfc():
    trip = RoundTrip()
    assert trip.wait(0) == 1.0 and trip.wait(1) == 2.0 and trip.wait(9) == reliable.LONGEST_WAIT_S
    trip.update(0.2)
    assert trip.wait(0) == pytest.approx(0.2 + 4 * 0.1)
    trip.update(0.28)
    assert trip.smoothed == pytest.approx(0.21) and trip.wait(0) == pytest.approx(0.21 + 4 * (0.075 + 0.02))
    for _ in range(200):
        trip.update(0.001)
    assert trip.wait(0) == reliable.LEAST_WAIT_S
