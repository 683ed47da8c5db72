"""ROS domains and UDP ports that nobody on this machine uses now."""

from __future__ import annotations

import os
import random
import socket

from .errors import ConfigError

LOOPBACK = "127.0.0.1"
ROS_SITES = 2  # surgeon and patient; the network between them is no ROS
# DDS port formula (RTPS 2.5, 9.6.2.3): 7400 + 250 * domain + 10 is the first participant's unicast discovery port. Linux keeps
# 32768 and above for ephemeral ports, so domains above 101 may clash with any program.
DDS_BASE, DDS_PER_DOMAIN, DDS_UNICAST = 7400, 250, 10
FIRST_DOMAIN, LAST_DOMAIN = 10, 101
# Whoever names a domain may go as far as there are ports: the multicast port of discovery, 7400 + 250 * domain, must be one.
LAST_PORT = 65535
HIGHEST_DOMAIN = (LAST_PORT - DDS_BASE) // DDS_PER_DOMAIN
FIRST_PORT = 61000  # Linux gives ephemeral ports up to 60999 (net.ipv4.ip_local_port_range), the domains above end below 32768


def _free(port: int, host: str = "", kind: socket.SocketKind = socket.SOCK_DGRAM) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def pick_domains(start: int | None = None) -> tuple[int, int]:
    """Two ROS domains nobody on this machine uses. ``start`` spreads concurrent sessions (default: this process id)."""
    span = LAST_DOMAIN - FIRST_DOMAIN + 1
    first = 2 * (os.getpid() if start is None else start)
    order = (FIRST_DOMAIN + (first + step) % span for step in range(span))
    found = [domain for domain in order if _free(DDS_BASE + DDS_PER_DOMAIN * domain + DDS_UNICAST)]
    if len(found) < ROS_SITES:
        raise ConfigError(f"wanted two free ROS domains in {FIRST_DOMAIN}-{LAST_DOMAIN}, found {len(found)}: stop other ROS programs")
    return found[0], found[1]


def pick_ports(count: int) -> tuple[int, ...]:
    """Ports of the loopback interface that are free now, for UDP and for TCP: a path carries both on one number.

    Above the ephemeral ones: between this and the start of who binds them, dozens of sockets of a session get ephemeral numbers.
    """
    found: list[int] = []
    for port in random.sample(range(FIRST_PORT, LAST_PORT + 1), LAST_PORT + 1 - FIRST_PORT):
        if all(_free(port, LOOPBACK, kind) for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM)):
            found.append(port)
        if len(found) == count:
            return tuple(found)
    raise ConfigError(f"wanted {count} free ports in {FIRST_PORT}-{LAST_PORT} of {LOOPBACK}, found {len(found)}")
