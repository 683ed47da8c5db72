"""A relay with one path in a thread of its own, and sockets at its sides."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

from telesurgery_nodes.core.link.impair import Impairment
from telesurgery_nodes.devices.relay.presets import PathSpec
from telesurgery_nodes.devices.relay.relay import Relay

NO_PORT = "127.0.0.1:0"
UP_S, DOWN_S = 0.03, 0.02
LONG_S = 20.0  # what a test that hangs waits for


def where(sock):
    return "{}:{}".format(*sock.getsockname())


@contextlib.contextmanager
def relaying(up=None, down=None, **more):
    up, down = up or Impairment(delay_ms=1e3 * UP_S), down or Impairment(delay_ms=1e3 * DOWN_S)
    made = Relay([PathSpec("one", up, down)], [NO_PORT], [NO_PORT], 1, **more)
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        yield made
    finally:
        made.stop()
        thread.join(LONG_S)
        made.close()
    assert not thread.is_alive()


def udp(to=None):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(LONG_S)
    sock.connect(to) if to else sock.bind(("127.0.0.1", 0))
    return sock


def sides(relay):
    up, down = relay.legs[0]
    return up.inlet.sock.getsockname(), down.inlet.sock.getsockname()


def until(condition):
    end = time.monotonic() + LONG_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)
