"""Commands first, video only with credit, nothing old."""

import pytest

from telesurgery_nodes.core.link.pacing import Pacer
from telesurgery_nodes.core.link.wire import Stream
from telesurgery_nodes.errors import LocalLinkError


def test_strict_priority_and_order_within_a_stream():
    pacer = Pacer()
    order = (Stream.VIDEO, b"v"), (Stream.STATE, b"s"), (Stream.COMMAND, b"c1"), (Stream.COMMAND, b"c2"), (Stream.HEARTBEAT, b"h")
    for stream, name in order:
        pacer.offer(stream, name, 0.0)
    assert pacer.next_time(0.0) == 0.0
    assert pacer.due(0.0) == [b"h", b"c1", b"c2", b"s", b"v"]


def test_video_keeps_to_85_percent_of_the_rate_and_control_is_never_held():
    pacer, now, sent, control = Pacer(8e6), 0.0, 0, 0
    for step in range(1000):
        now = step * 0.001
        pacer.offer(Stream.VIDEO, bytes(1200), now)
        pacer.offer(Stream.COMMAND, bytes(100), now)
        out = pacer.due(now)
        assert out[0] == bytes(100)
        control += 1
        sent += sum(map(len, out))
    assert control == 1000 and sent == pytest.approx(0.85 * 1e6, rel=0.02)


def test_spread_video_waits_for_its_time():
    pacer = Pacer()
    pacer.offer(Stream.VIDEO, b"1", 0.0)
    pacer.offer(Stream.VIDEO, b"2", 0.0, 0.02)
    assert pacer.due(0.0) == [b"1"] and pacer.next_time(0.0) == 0.02
    assert pacer.due(0.019) == [] and pacer.due(0.02) == [b"2"]


def test_video_without_credit_says_when_and_old_video_is_dropped():
    pacer = Pacer(1e5)
    for _ in range(6):
        pacer.offer(Stream.VIDEO, bytes(1200), 0.0)
    assert len(pacer.due(0.0)) == 2
    pacer.offer(Stream.COMMAND, bytes(1000), 0.0)
    pacer.due(0.0)
    wait = pacer.next_time(0.0)
    assert wait == pytest.approx(1001 / (0.85 * 1e5 / 8))
    assert len(pacer.due(wait)) == 1
    assert pacer.due(5.0) == [] and pacer.dropped[Stream.VIDEO] == 3
    with pytest.raises(LocalLinkError):
        Pacer(0.0)


def test_messages_take_what_video_leaves_and_topics_what_messages_leave():
    pacer, sent = Pacer(8e6), {b"v": 0, b"r": 0, b"t": 0}  # 850 bytes each millisecond
    for step in range(1000):
        now = step * 0.001
        if step % 2:
            pacer.offer(Stream.VIDEO, b"v" * 1000, now)
        if step % 4 == 0:
            pacer.offer(Stream.RELIABLE, b"r" * 1000, now)
        pacer.offer(Stream.TOPIC, b"t" * 1000, now)
        for datagram in pacer.due(now):
            sent[datagram[:1]] += 1
    assert sent[b"v"] == 500 and sent[b"r"] >= 249 and 80 <= sent[b"t"] <= 110
    assert pacer.dropped[Stream.TOPIC] > 500 and pacer.waiting(Stream.TOPIC) < 300 and pacer.waiting(Stream.VIDEO) == 0
    assert now < pacer.next_time(now) <= now + 0.003


def test_a_picture_spread_for_later_does_not_hold_messages_back():
    pacer = Pacer()
    pacer.offer(Stream.VIDEO, b"v", 0.0, 0.02)
    pacer.offer(Stream.RELIABLE, b"r", 0.0)
    assert pacer.next_time(0.0) == 0.0 and pacer.due(0.0) == [b"r"] and pacer.next_time(0.0) == 0.02


def test_less_is_allowed_and_a_pause_holds_video_only():
    pacer = Pacer(8e6)
    pacer.due(0.0)
    pacer.allow(0.5, 0.0)
    sent = 0
    for step in range(1, 1001):
        pacer.offer(Stream.VIDEO, bytes(1200), step * 0.001)
        sent += sum(map(len, pacer.due(step * 0.001)))
    assert sent == pytest.approx(0.5 * 0.85 * 1e6, rel=0.02)
    pacer.allow(0.0, 1.0)
    pacer.offer(Stream.COMMAND, b"c", 1.0)
    assert pacer.due(1.002) == [b"c"]
    assert 1.002 <= pacer.next_time(1.002) < 1.25
    pacer.allow(1.0, 1.01)
    assert pacer.due(1.02)


def test_a_pause_holds_video_on_an_unlimited_path_and_too_old_video_still_goes():
    pacer = Pacer()
    pacer.offer(Stream.VIDEO, b"v", 0.0)
    pacer.allow(0.0, 0.0)
    assert pacer.due(0.0) == [] and pacer.next_time(0.0) == 0.25
    assert pacer.due(0.3) == [] and pacer.dropped[Stream.VIDEO] == 1
