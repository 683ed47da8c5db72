"""The layout tables are what travels: sizes are fixed by the version, every field is explained once."""

import struct

import pytest

from telesurgery_nodes.core.link.layouts import (
    DSCP,
    KINDS,
    LAYOUTS,
    MAX_DATAGRAM,
    PROBE_SIZES,
    SEAL_BYTES,
    STREAMS,
    VERSION,
    Stream,
    room,
    size_limit,
    traffic_class,
)

# The wire's contract. A change here is a new wire version.
FORMATS = {
    "header": ">BBHIQ", "heartbeat": ">BIQ4Qddd6QBIIIH", "command": ">IddIIBfBB", "arm": ">3f4ff", "port": ">3fd", "camera": ">3ff",
    "state": ">IdIBHIBBB", "stage": ">f", "tool": ">3f4fff", "touch": ">3f3fdI",
    "lap": ">f", "trip": ">dfff", "fragment": ">QdHHB", "chunk": ">BIIIIHHI", "ack": ">BII4Q", "topic": ">I",
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_packer_is_the_agreed_one(name):
    assert LAYOUTS[name].made().format == FORMATS[name]


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_fields_add_up_and_are_explained(layout):
    assert sum(field.size for field in layout.fields) == layout.made().size
    assert len({field.name for field in layout.fields}) == len(layout.fields)
    assert layout.where and all(field.what and field.kind in KINDS and field.count >= 1 for field in layout.fields)


def test_kinds_are_as_wide_as_they_say():
    assert {kind: struct.calcsize(">" + code) * 8 for kind, code in KINDS.items()} == {kind: int(kind[1:]) for kind in KINDS}


def test_every_stream_is_explained():
    assert list(STREAMS) == list(Stream) and list(Stream) == list(range(len(Stream)))


def test_a_heartbeat_may_be_as_long_as_the_largest_probe_and_everything_else_as_a_datagram():
    for stream in Stream:
        longest = PROBE_SIZES[-1] if stream is Stream.HEARTBEAT else MAX_DATAGRAM
        assert room(stream) + SEAL_BYTES == size_limit(bytes((VERSION, stream))) == longest
    assert size_limit(b"") == MAX_DATAGRAM and PROBE_SIZES[0] == MAX_DATAGRAM


def test_every_stream_has_its_traffic_class():
    assert {stream: traffic_class(bytes((VERSION, stream))) >> 2 for stream in Stream} == DSCP
    assert traffic_class(b"") == traffic_class(b"\x02\xff") == 0
