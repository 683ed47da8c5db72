"""What is on the wire: the TOS byte of each stream, and a device's own limit."""

import select
import socket

import pytest

from telesurgery_nodes.core.link.layouts import DSCP, DSCP_NAMES, PROBE_SIZES, Stream, traffic_class
from telesurgery_nodes.core.link.seal import Role, Sealer
from telesurgery_nodes.devices.paths.udp import UdpPath

KEY = bytes(range(32))
EXPECTED = {
    Stream.HEARTBEAT: 46, Stream.COMMAND: 46, Stream.STATE: 46, Stream.VIDEO: 34, Stream.RELIABLE: 8, Stream.TOPIC: 8,
}  # fmt: skip


@pytest.fixture
def line():
    """A path, and a bare socket at its far end that tells the TOS byte of what comes."""
    far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    far.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
    far.bind(("127.0.0.1", 0))
    path = UdpPath("a", "127.0.0.1:0", f"127.0.0.1:{far.getsockname()[1]}")
    yield path, far
    path.close()
    far.close()


def tos_of_next(far):
    assert select.select([far], [], [], 2.0)[0]
    data, ancillary, _, _ = far.recvmsg(2048, socket.CMSG_SPACE(1))
    ((level, kind, value),) = ancillary
    assert (level, kind) == (socket.IPPROTO_IP, socket.IP_TOS)
    return data, value[0]


def test_each_stream_arrives_with_its_own_mark_in_whatever_order(line):
    path, far = line
    sealer = Sealer(KEY, Role.SURGEON, 1, 2)
    for stream in [*Stream, *reversed(Stream), Stream.COMMAND, Stream.VIDEO, Stream.COMMAND]:
        datagram = sealer.seal(stream, b"payload")[1]
        path.send(datagram)
        assert tos_of_next(far) == (datagram, EXPECTED[stream] << 2), stream


@pytest.mark.parametrize("datagram", [b"x", b"\x02", b"\x02\xff" + bytes(30)])
def test_what_names_no_stream_gets_no_priority(line, datagram):
    line[0].send(datagram)
    assert tos_of_next(line[1]) == (datagram, 0) and traffic_class(datagram) == 0


def test_a_probe_is_marked_as_a_heartbeat_and_passes_whole(line):
    datagram = Sealer(KEY, Role.SURGEON, 1, 2).seal(Stream.HEARTBEAT, bytes(PROBE_SIZES[-1] - 32))[1]
    line[0].send(datagram)
    assert tos_of_next(line[1]) == (datagram, 46 << 2)


def test_the_table_has_every_stream_and_every_value_a_name():
    assert EXPECTED == DSCP and set(DSCP_NAMES) == set(DSCP.values())
