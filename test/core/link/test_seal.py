"""The seal's own edges: sizes, the sequences handed out, keys, and what a foreign version of the cipher raises."""

import pytest

from telesurgery_nodes.core.link import seal
from telesurgery_nodes.core.link.layouts import VERSION
from telesurgery_nodes.core.link.seal import LAST_COUNT, MAX_PAYLOAD, Opener, Role, Sealer, challenge_of
from telesurgery_nodes.core.link.wire import MAX_DATAGRAM, Stream, decode_header
from telesurgery_nodes.errors import LocalLinkError, RemoteLinkError

KEY, BOOT = bytes(range(32)), 5


def sealer(key=KEY):
    return Sealer(key, Role.SURGEON, 1, BOOT)


def test_the_largest_payload_fills_a_datagram_and_one_byte_more_is_refused():
    assert len(sealer().seal(Stream.VIDEO, bytes(MAX_PAYLOAD))[1]) == MAX_DATAGRAM
    with pytest.raises(LocalLinkError):
        sealer().seal(Stream.VIDEO, bytes(MAX_PAYLOAD + 1))


def test_sequences_begin_at_the_boot_number_and_count_per_stream():
    source = sealer()
    assert source.next_up() == (BOOT << 32,) * len(Stream)
    assert [source.seal(Stream.STATE, b"")[0] - (BOOT << 32) for _ in range(3)] == [0, 1, 2]
    wanted = {**dict.fromkeys(Stream, BOOT << 32), Stream.STATE: BOOT << 32 | 3}
    assert source.next_up() == tuple(wanted.values())
    sequence, datagram = source.seal(Stream.STATE, b"")
    header = decode_header(datagram)
    assert (header.sequence, header.boot, header.session) == (sequence, BOOT, 1)


def test_the_count_ends_where_the_boot_number_begins():
    assert LAST_COUNT == 0xFFFFFFFF


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33)])
def test_a_key_of_another_length_is_refused_on_both_sides(key):
    for make in (sealer, lambda key: Opener(key, Role.PATIENT)):
        with pytest.raises(LocalLinkError):
            make(key)


def test_a_remembered_peer_costs_no_derivation(monkeypatch):
    opener, source = Opener(KEY, Role.PATIENT), sealer()
    opener.remember(1, BOOT)
    monkeypatch.setattr(seal, "_cipher", None)
    datagram = source.seal(Stream.COMMAND, b"move")[1]
    assert opener.open(decode_header(datagram), datagram) == b"move"


def test_what_some_versions_raise_for_a_missing_tag_is_a_refusal(monkeypatch):
    class Short:
        def decrypt(self, *_):
            raise ValueError("no room for a tag")

    monkeypatch.setattr(seal, "_cipher", lambda *_: Short())
    datagram = bytes(16)
    header = decode_header(bytes((VERSION,)) + datagram[1:])
    with pytest.raises(RemoteLinkError, match="room for a tag"):
        Opener(KEY, Role.PATIENT).open(header, datagram)


def test_challenges_differ_by_everything_and_none_is_zero(monkeypatch):
    asked = {(role, session, boot, count) for role in Role for session in (1, 2) for boot in (1, 2) for count in (0, 1)}
    assert len({challenge_of(KEY, *who) for who in asked} | {challenge_of(bytes(32), *who) for who in asked}) == 2 * len(asked)

    class Zero:
        def digest(self):
            return bytes(32)

    monkeypatch.setattr(seal.hmac, "new", lambda *_: Zero())
    assert challenge_of(KEY, Role.SURGEON, 1, 1, 0) == 1
