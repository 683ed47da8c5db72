"""ROS domains and UDP ports that nobody on this machine uses now."""

from __future__ import annotations

import contextlib
import os
import socket

from .errors import ConfigError

LOOPBACK = "127.0.0.1"
ROS_SITES = 2  # surgeon and patient; the network between them is no ROS
# DDS port formula (RTPS 2.5, 9.6.2.3): 7400 + 250 * domain + 10 is the first participant's unicast discovery port. Linux keeps
# 32768 and above for ephemeral ports, so domains above 101 may clash with any program.
DDS_BASE, DDS_PER_DOMAIN, DDS_UNICAST = 7400, 250, 10
FIRST_DOMAIN, LAST_DOMAIN = 10, 101
# Whoever names a domain may go as far as there are ports: the multicast port of discovery, 7400 + 250 * domain, must be one.
HIGHEST_DOMAIN = (65535 - DDS_BASE) // DDS_PER_DOMAIN


def _free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", port))
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
    """Ports on the loopback interface that are free now, for UDP and for TCP: a path carries both on one number."""
    found: list[int] = []
    with contextlib.ExitStack() as probes:  # held until all are found, or the system gives one twice
        while len(found) < count:
            udp, tcp = (probes.enter_context(socket.socket(socket.AF_INET, kind)) for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM))
            udp.bind((LOOPBACK, 0))
            with contextlib.suppress(OSError):  # somebody has that number for TCP
                tcp.bind(udp.getsockname())
                found.append(int(udp.getsockname()[1]))
    return tuple(found)
