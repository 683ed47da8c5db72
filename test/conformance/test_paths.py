"""Every network path keeps the Path protocol."""

import select

import pytest

from telesurgery_nodes.core.link.layouts import MAX_DATAGRAM, PROBE_SIZES
from telesurgery_nodes.devices.paths.udp import UdpPath
from telesurgery_nodes.errors import ConfigError, DeviceError


def pair():
    probe = UdpPath("probe", "127.0.0.1:0", "127.0.0.1:9")
    first_address = probe.local
    probe.close()
    second = UdpPath("b", "127.0.0.1:0", first_address)
    return UdpPath("a", first_address, second.local), second


@pytest.fixture
def ends():
    one, two = pair()
    yield one, two
    one.close()
    two.close()


def test_whole_datagrams_in_order(ends):
    sent = [b"x" * size for size in (1, 100, MAX_DATAGRAM)]
    for datagram in sent:
        ends[0].send(datagram)
    assert select.select([ends[1]], [], [], 2.0)[0]
    assert ends[1].receive() == sent and ends[1].receive() == [] and ends[0].receive() == []


def test_a_dead_line_is_counted_not_raised(ends):
    ends[1].close()
    for _ in range(3):
        ends[0].send(b"x")
    assert ends[0].receive() == [] and ends[0].failed_sends >= 1


def test_another_sender_is_not_heard(ends):
    stranger = UdpPath("c", "127.0.0.1:0", ends[1].local)
    stranger.send(b"hello")
    ends[0].send(b"x")
    select.select([ends[1]], [], [], 2.0)
    assert ends[1].receive() == [b"x"]
    stranger.close()


def test_what_cannot_be(ends):
    for heads, longest in ((b"\2\0", PROBE_SIZES[-1]), (b"\2\1", MAX_DATAGRAM), (b"\2\7", MAX_DATAGRAM)):
        ends[0].send(heads.ljust(longest))
        with pytest.raises(DeviceError):
            ends[0].send(heads.ljust(longest + 1))
    with pytest.raises(DeviceError):
        UdpPath("x", ends[0].local, "127.0.0.1:9")
    for wrong in ("127.0.0.1", ":5", "host:x", "127.0.0.1:70000"):
        with pytest.raises(ConfigError):
            UdpPath("x", wrong, "127.0.0.1:9")


def test_close_twice_and_use_after_close_do_not_raise(ends):
    ends[0].close()
    ends[0].close()
    ends[0].send(b"x")
    assert ends[0].receive() == []
