"""One site's end of the link with its sockets and threads, without ROS: the bridge and preflight are built on it.

A thread blocks in poll on the path sockets and hands each datagram to the session at once (a timer would add half its period); the
owner's timer sends by `flush`; another thread makes handshakes. One lock guards the session. If the owner's timer stalls nothing is
sent, and the other side stops.
"""

from __future__ import annotations

import math
import secrets
import select
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ...core.link.handshake import Agreed, Door
from ...core.link.renewal import REKEY_S
from ...core.link.seal import Role
from ...core.link.session import Event, LinkHealth, LinkSession
from ...core.link.wire import Stream
from ...errors import ConfigError, WrongRole
from ...trust.identity import Identity, load_identity
from ..paths.udp import UdpPath
from .caller import Caller
from .handshakes import Handshakes, Tell, Wire
from .listener import Listener

POLL_MS = 200.0  # how long close() may wait for the thread
JOIN_S = 2.0
RANDOM_BITS = 32
MBIT = 1e6


@dataclass(frozen=True)
class LinkPlan:
    """One end. ``identity``: folder of this site's device; ``path_mbit`` contracted rate of each path; ``rekey_s`` [s] a key's age."""

    role: Role
    identity: str | Path
    wires: tuple[Wire, ...]
    agreement: Mapping[str, str]
    path_mbit: float = 50.0
    rekey_s: float = REKEY_S


def wires(names: Sequence[str], local: Sequence[str], remote: Sequence[str], cards: Sequence[str]) -> tuple[Wire, ...]:
    """One wire per path; missing cards mean any. ConfigError where the lists do not fit together."""
    if not len(local) == len(remote) == len(names) or not names:
        raise ConfigError(f"{len(local)} local, {len(remote)} remote addresses, {len(names)} names; wanted one of each per path")
    filled = [*cards, *[""] * len(names)][: len(names)]
    return tuple(Wire(*row) for row in zip(names, local, remote, filled, strict=True))


def own_identity(folder: str | Path, role: Role, today: datetime, beginning: bool = True) -> Identity:
    """This end's device, proved, and of the role this end has. ConfigError or TrustError where it is not."""
    identity = load_identity(folder, today, beginning)
    if identity.name.role != role.value:
        raise WrongRole(f"{identity.folder} is of role {identity.name.role}; wanted {role.value} at this end of the link")
    return identity


class WanLink:
    """Use: make it, `start`, then `send` and `flush` from one's own timer; events come to ``hear`` on the link's thread, locked."""

    def __init__(
        self, plan: LinkPlan, clocks: tuple[Callable[[], float], Callable[[], datetime]], hear: Callable[[Event], None],
        tell: Tell,
    ) -> None:  # fmt: skip
        """Open no socket before the identity is proved. ``clocks``: steady now [s], and the calendar's UTC."""
        self.plan, self.role = plan, plan.role
        self._now, self._today = clocks
        self.identity = self._load(beginning=True)
        self.lock = threading.RLock()
        names = [wire.name for wire in plan.wires]
        rates = dict.fromkeys(names, plan.path_mbit * MBIT)
        self.session = LinkSession(plan.role, None, names, secrets.randbits(RANDOM_BITS) or 1, secrets.randbits(RANDOM_BITS), rates)
        self.unsent = 0  # payloads for which there was no key
        self.sent = dict.fromkeys(names, 0)  # bytes so far
        self._hear, self._tell = hear, tell
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.paths: list[UdpPath] = []
        self._handshakes: Handshakes | None = None
        try:
            for wire in plan.wires:
                self.paths.append(UdpPath(wire.name, wire.local, wire.remote, wire.card))
            self._handshakes = self._make_handshakes()
        except BaseException:
            self.close()
            raise
        self._by_name = {path.name: path for path in self.paths}

    def _load(self, beginning: bool) -> Identity:
        return own_identity(self.plan.identity, self.role, self._today(), beginning)

    def _make_handshakes(self) -> Handshakes:
        door = Door(self.role, self.session.life, self.plan.agreement)
        keys, clocks = _SessionKeys(self), (self._now, self._today)
        reload = self._reload
        if self.role is Role.SURGEON:
            return Caller(door, self.plan.wires, keys, reload, clocks, self._tell, rekey_s=self.plan.rekey_s)
        return Listener(door, self.plan.wires, keys, reload, clocks, self._tell)

    def _reload(self) -> Identity:
        self.identity = self._load(beginning=not self.session.established)
        return self.identity

    def start(self) -> None:
        """Listen, and make handshakes."""
        self._thread = threading.Thread(target=self._listen, name="link", daemon=True)
        self._thread.start()
        if self._handshakes is not None:
            self._handshakes.start()

    def send(self, stream: Stream, payload: bytes, now: float, delay: float = 0.0, only: str | None = None) -> bool:
        """Queue on all paths, or on ``only`` one; leaves with the next `flush`. False, and counted, while there is no key."""
        with self.lock:
            if not self.session.keys.ready:
                self.unsent += 1
                return False
            self.session.send(stream, payload, now, delay, only)
            return True

    def flush(self) -> None:
        """Put on the wire what is due."""
        with self.lock:
            for name, datagram in self.session.datagrams_to_send(self._now()):
                self._by_name[name].send(datagram)
                self.sent[name] += len(datagram)

    def health(self) -> LinkHealth:
        """The link now."""
        with self.lock:
            return self.session.health(self._now())

    def up(self) -> tuple[int, float]:
        """Paths that are up now, and their smallest newest round trip [s]: cheaper than `health`."""
        with self.lock:
            return self.session.up(self._now())

    def trust(self) -> dict[str, object]:
        """The handshakes in words and numbers, for /diagnostics."""
        health, made = self.health(), self._handshakes
        state = made.state if made is not None else None
        refused = {f"handshake_{name}": count for name, count in made.refused.items()} if made is not None else {}
        days = (self.identity.not_after - self._today()).days
        return {
            "identity": self.identity.name.uri, "certificate_days_left": days, "unsent_without_key": self.unsent,
            "key_epoch": -1 if health.key_epoch is None else health.key_epoch,
            "key_age_s": round(health.key_age, 1) if math.isfinite(health.key_age) else -1.0,
            "peer": state.device if state else "", "handshakes": state.made if state else 0,
            "handshake_fault": state.fault if state else "", **refused,
        }  # fmt: skip

    def close(self) -> None:
        """Stop the threads, close the sockets."""
        self._stop.set()
        if self._handshakes is not None:
            self._handshakes.close()
        if self._thread is not None:
            self._thread.join(JOIN_S)
        for path in self.paths:
            path.close()

    def _listen(self) -> None:
        by_fd = {path.fileno(): path for path in self.paths}
        poller = select.poll()
        for number in by_fd:
            poller.register(number, select.POLLIN)
        while not self._stop.is_set():
            for number, _ in poller.poll(POLL_MS):
                if self._stop.is_set():
                    return
                for datagram in by_fd[number].receive():
                    self._take(by_fd[number].name, datagram)

    def _take(self, path: str, datagram: bytes) -> None:
        with self.lock:
            for event in self.session.receive(path, datagram, self._now()):
                self._hear(event)


class _SessionKeys:
    """The session's keys as handshakes see them."""

    def __init__(self, link: WanLink) -> None:
        self._link = link

    def newest_epoch(self) -> int:
        with self._link.lock:
            return self._link.session.keys.newest

    def key_age(self) -> float:
        with self._link.lock:
            return self._link.session.keys.age(self._link._now())

    def silence(self) -> float:
        """Of the path last heard on, from the admitted peer."""
        with self._link.lock:
            return self._link.session.silence(self._link._now())

    def take(self, agreed: Agreed, key: bytes) -> None:
        with self._link.lock:
            keys = self._link.session.keys
            keys.accept(agreed.epoch, key, agreed.life, self._link._now())
            if self._link.role is Role.SURGEON:
                keys.use(agreed.epoch)
