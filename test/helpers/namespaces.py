"""A small network made for one test: network namespaces joined by virtual cables, taken away again whatever happens."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 120.0  # [s] a command inside may take


def missing() -> str:
    """Why namespaces cannot be made here; "" where they can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "network namespaces need iproute2"
    name = f"ts{os.getpid()}probe"
    made = subprocess.run(["ip", "netns", "add", name], check=False, capture_output=True, text=True)
    subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
    return "" if made.returncode == 0 else f"this kernel makes no network namespace: {made.stderr.strip()}"


class Network:
    """``cables``: (host, card, address, host, card, address); hosts whose name begins with "r" forward."""

    def __init__(self, cables: Sequence[tuple[str, str, str, str, str, str]]) -> None:
        self.prefix = f"ts{os.getpid()}"
        self.hosts = sorted({host for cable in cables for host in (cable[0], cable[3])})
        try:
            self._make(cables)
        except BaseException:
            self.close()
            raise

    def _make(self, cables: Sequence[tuple[str, str, str, str, str, str]]) -> None:
        for host in self.hosts:
            self._ip("netns", "add", self.prefix + host)
            self.ip(host, "link", "set", "lo", "up")
            if host.startswith("r"):
                self.run(host, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        for one, card, address, other, far_card, far_address in cables:
            ends = ["link", "add", card, "netns", self.prefix + one, "type", "veth", "peer", "name", far_card, "netns", self.prefix + other]
            self._ip(*ends)
            for host, name, inet in ((one, card, address), (other, far_card, far_address)):
                self.ip(host, "addr", "add", inet, "dev", name)
                self.ip(host, "link", "set", name, "up")

    def _ip(self, *words: str) -> str:
        done = subprocess.run(["ip", *words], check=False, capture_output=True, text=True, timeout=LONGEST)
        assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"
        return done.stdout

    def ip(self, host: str, *words: str) -> str:
        """An ip command inside a host."""
        return self._ip("-n", self.prefix + host, *words)

    def run(self, host: str, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A command inside a host, to its end."""
        where = {"cwd": ROOT, "env": environment()}
        done = subprocess.run(self.inside(host, *words), check=False, capture_output=True, text=True, timeout=LONGEST, **where)
        assert done.returncode == 0 or not check, f"{words}: {done.stdout}{done.stderr}"
        return done

    def python(self, host: str, text: str) -> str:
        """What a Python text prints inside a host."""
        return self.run(host, sys.executable, "-c", text).stdout.strip()

    def inside(self, host: str, *words: str) -> list[str]:
        """A command as it runs inside a host."""
        return ["ip", "netns", "exec", self.prefix + host, *words]

    def sent(self, host: str, card: str) -> int:
        """Packets that left by a card so far."""
        return int(self.run(host, "cat", f"/sys/class/net/{card}/statistics/tx_packets").stdout)

    def close(self) -> None:
        """Take everything away."""
        for host in self.hosts:
            subprocess.run(["ip", "netns", "del", self.prefix + host], check=False, capture_output=True)


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def two_sites() -> Network:
    """Surgeon s and patient p, two paths (10.1.x and 10.2.x), each by its own router. s1 and p1 bear the default routes."""
    net = Network([
        ("s", "s1", "10.1.1.2/24", "r1", "a1", "10.1.1.1/24"), ("r1", "b1", "10.1.2.1/24", "p", "p1", "10.1.2.2/24"),
        ("s", "s2", "10.2.1.2/24", "r2", "a2", "10.2.1.1/24"), ("r2", "b2", "10.2.2.1/24", "p", "p2", "10.2.2.2/24"),
    ])  # fmt: skip
    _way_out(net)
    return net


def two_roads_that_meet() -> Network:
    """As two_sites, but behind their own first routers both paths go over r3 and r4."""
    net = Network([
        ("s", "s1", "10.1.1.2/24", "r1", "a1", "10.1.1.1/24"), ("r1", "b1", "10.1.3.1/24", "r3", "c1", "10.1.3.2/24"),
        ("s", "s2", "10.2.1.2/24", "r2", "a2", "10.2.1.1/24"), ("r2", "b2", "10.2.3.1/24", "r3", "c2", "10.2.3.2/24"),
        ("r3", "d1", "10.9.9.1/24", "r4", "e1", "10.9.9.2/24"),
        ("r4", "f1", "10.1.2.1/24", "p", "p1", "10.1.2.2/24"), ("r4", "f2", "10.2.2.1/24", "p", "p2", "10.2.2.2/24"),
    ])  # fmt: skip
    _way_out(net)
    for number in (1, 2):
        net.ip(f"r{number}", "route", "add", "default", "via", f"10.{number}.3.2")
        net.ip("r3", "route", "add", f"10.{number}.1.0/24", "via", f"10.{number}.3.1")
    net.ip("r3", "route", "add", "default", "via", "10.9.9.2")
    net.ip("r4", "route", "add", "default", "via", "10.9.9.1")
    return net


def _way_out(net: Network) -> None:
    """Both sites as docs/link.md sets them up: a default route per card, and answers leave by the address they are asked at."""
    for host, cards, side in (("s", ("s1", "s2"), 1), ("p", ("p1", "p2"), 2)):
        for number, card in enumerate(cards, 1):
            via = ("default", "via", f"10.{number}.{side}.1", "dev", card)
            net.ip(host, "route", "add", *via, "metric", str(100 * number))
            net.ip(host, "route", "add", *via, "table", str(100 + number))
            net.ip(host, "rule", "add", "from", f"10.{number}.{side}.2", "table", str(100 + number))


@contextlib.contextmanager
def running(command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """A process that says a line when it is ready and ends when its input says one."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment())
    try:
        assert process.stdout is not None and process.stdout.readline(), f"{command} did not start"
        yield process
        process.communicate("end\n", timeout=LONGEST)
    finally:
        process.kill()
        process.wait()
