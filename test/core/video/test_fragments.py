"""Fragments: laws and patterned loss, no clock."""

import math
import random

import pytest

from telesurgery_nodes.core.video import fragments as fr
from telesurgery_nodes.errors import ConfigError, RemoteLinkError

DATA = bytes(random.Random(1).randbytes(5000))


def picture(seq, data=DATA, stamp=None, key=False, **kw):
    return fr.Fragmenter(**kw).split(seq, seq * 0.04 if stamp is None else stamp, key, data)


def push_all(reassembler, parts, now=0.0):
    return [packet for part in parts if (packet := reassembler.push(part, now)) is not None]


@pytest.mark.parametrize("size", [1, 1079, 1080, 1081, 40000])
def test_split_then_push_is_identity(size):
    data = bytes(i % 251 for i in range(size))
    parts = picture(7, data, stamp=1.5, key=True)
    assert all(len(part) <= fr.MAX_PAYLOAD for part in parts)
    assert push_all(fr.Reassembler(0.2), parts) == [fr.VideoPacket(7, 1.5, True, data)]


def test_any_order_gives_the_same_picture():
    parts = picture(3)
    for seed in range(20):
        shuffled = random.Random(seed).sample(parts, len(parts))
        assert push_all(fr.Reassembler(0.2), shuffled)[0].data == DATA


def test_duplicates_change_nothing():
    reassembler = fr.Reassembler(0.2)
    parts = picture(1)
    assert len(push_all(reassembler, [part for part in parts for _ in range(2)])) == 1
    # the last duplicate came after completion: late, the others were duplicates
    assert reassembler.counts == fr.ReassemblyCounts(completed=1, lost=0, duplicates=len(parts) - 1, late=1)


@pytest.mark.parametrize("every", [3, 7, 11])
def test_patterned_loss_loses_exactly_the_pictures_hit(every):
    reassembler = fr.Reassembler(0.2)
    hit, got, sent = set(), [], 0
    for seq in range(60):
        for part in picture(seq):
            sent += 1
            if sent % every == 0:
                hit.add(seq)
            elif packet := reassembler.push(part, seq * 0.04):
                got.append(packet.frame_seq)
    assert got == [seq for seq in range(60) if seq not in hit]


def test_two_paths_with_complementary_loss_lose_nothing():
    reassembler = fr.Reassembler(0.2)
    got = []
    for seq in range(20):
        parts = picture(seq)
        for copy in (parts[::2], parts[1::2]):
            got += push_all(reassembler, copy, seq * 0.04)
    assert [packet.frame_seq for packet in got] == list(range(20))


def test_newest_wins_and_older_never_comes_after():
    reassembler = fr.Reassembler(0.2)
    old, new = picture(1), picture(2)
    assert not push_all(reassembler, old[:-1])
    assert push_all(reassembler, new)[0].frame_seq == 2
    assert reassembler.push(old[-1], 0.0) is None
    assert reassembler.counts.lost == 1 and reassembler.counts.late == 1


def test_older_complete_before_newer_is_delivered_in_order():
    reassembler = fr.Reassembler(0.2)
    one, two = picture(1), picture(2)
    got = push_all(reassembler, two[:1] + one + two[1:])
    assert [packet.frame_seq for packet in got] == [1, 2]


def test_timeout_gives_up():
    reassembler = fr.Reassembler(0.2)
    parts = picture(1)
    push_all(reassembler, parts[:-1], 0.0)
    assert reassembler.push(parts[-1], 0.3) is None
    assert reassembler.counts.lost == 1


def test_memory_is_bounded():
    reassembler = fr.Reassembler(1e9)
    for seq in range(100):
        reassembler.push(picture(seq)[0], 0.0)
    assert len(reassembler._open) == fr.MAX_OPEN_FRAMES
    assert reassembler.counts.lost == 100 - fr.MAX_OPEN_FRAMES


def test_restarted_sender_is_heard_after_silence_only():
    reassembler = fr.Reassembler(0.2)
    push_all(reassembler, [*picture(500), picture(501)[0]], 0.0)
    assert not push_all(reassembler, picture(0), 0.5)
    assert push_all(reassembler, picture(0), 1.5)[0].frame_seq == 0
    assert push_all(reassembler, picture(1), 1.54)[0].frame_seq == 1


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"x" * fr.HEADER.size,
        fr.HEADER.pack(1, 0.0, 2, 2, 0) + b"x",
        fr.HEADER.pack(1, 0.0, 0, 0, 0) + b"x",
        fr.HEADER.pack(1, 0.0, 0, fr.MAX_FRAGMENTS + 1, 0) + b"x",
        fr.HEADER.pack(1, 0.0, 0, 1, 2) + b"x",
        fr.HEADER.pack(1, math.nan, 0, 1, 0) + b"x",
    ],
)
def test_malformed_is_refused(bad):
    with pytest.raises(RemoteLinkError):
        fr.Reassembler(0.2).push(bad, 0.0)


def test_contradicting_fragment_is_refused():
    reassembler = fr.Reassembler(0.2)
    reassembler.push(picture(1, stamp=1.0)[0], 0.0)
    with pytest.raises(RemoteLinkError, match="contradicts"):
        reassembler.push(picture(1, stamp=2.0)[1], 0.0)


@pytest.mark.parametrize("args", [(0, 0.0, False, b""), (0, math.inf, False, b"x"), (-1, 0.0, False, b"x")])
def test_split_refuses(args):
    with pytest.raises(ConfigError):
        fr.Fragmenter().split(*args)
    with pytest.raises(ConfigError):
        fr.Fragmenter(max_payload=fr.HEADER.size)
    with pytest.raises(ConfigError):
        fr.Reassembler(0.0)


def test_fuzz_only_raises_link_errors():
    rng = random.Random(5)
    reassembler = fr.Reassembler(0.2)
    for _ in range(2000):
        try:
            reassembler.push(rng.randbytes(rng.randint(0, 60)), 0.0)
        except RemoteLinkError:
            continue
