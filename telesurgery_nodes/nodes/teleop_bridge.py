"""teleop_bridge: one end of the link between the sites. `side` says which: bridge_surgeon.py or bridge_patient.py does the rest.

A thread blocks in select on the path sockets and hands each datagram to the session at once (a timer would add half its period);
the node's steady timer sends. One lock guards the session. If the timer stalls nothing is sent, and the other side stops.
"""

from __future__ import annotations

import math
import secrets
import select
import sys
import threading
from dataclasses import dataclass
from typing import Any

from ..core.link.seal import Role
from ..core.link.session import Event, LinkHealth, LinkSession, PeerAccepted
from ..core.link.wire import Stream
from ..core.teleop.mapping import valid_scale
from ..devices.paths.udp import UdpPath
from ..errors import ConfigError, RemoteLinkError
from ..keys import load_key
from ..ros.main import run
from ..ros.node import SuiteNode
from ..ros.params import NodeParams, param
from .bridge_topics import BridgeTopics

SELECT_TIMEOUT = 0.2  # [s] how long close() may wait for the thread
JOIN_TIMEOUT = 2.0
LINK_TAPE_PERIOD = 0.1
RANDOM_BITS = 32
MBIT = 1e6
FURTHER = (Stream.RELIABLE, Stream.TOPIC)  # not the teleoperation's business


@dataclass(frozen=True)
class BridgeParams(NodeParams):
    """Parameters of both sides."""

    side: str = param("surgeon", "which end of the link this is", choices=("surgeon", "patient"))
    key_file: str = param("", "file with the 32 byte session key, mode 600; there is no mode without one")
    local: list[str] = param(["127.0.0.1:47001", "127.0.0.1:47002"], "own host:port of each path")
    remote: list[str] = param(["127.0.0.1:47011", "127.0.0.1:47021"], "peer's (or emulator's) host:port of each path")
    path_names: list[str] = param(["path1", "path2"], "name of each path, the same order on both sides")
    interfaces: list[str] = param(["", ""], "network card each path is bound to; empty for any")
    path_mbit: float = param(50.0, "contracted rate of each path [Mbit/s]; video keeps below 85 % of it", low=0.5, high=10000.0)
    rate: float = param(250.0, "commands (surgeon) or half of it states (patient) per second [Hz]", low=20.0, high=1000.0)
    scale: float = param(0.2, "tool motion per hand motion", low=0.01, high=1.0)
    tremor_filter: bool = param(True, "surgeon: 8-12 Hz is taken out of the hands at the start (needs a rate of 100 Hz)")
    adaptive_scale: bool = param(False, "surgeon: the scale follows the round trip at the start (docs/teleoperation.md says why not)")
    hands_fresh: float = param(0.05, "hands older than this are not followed [s]", low=0.005, high=1.0)
    tools_fresh: float = param(0.15, "returned tool states older than this are not used [s]", low=0.01, high=2.0)
    viewer_silence: float = param(0.15, "a viewer silent for longer shows nothing [s]", low=0.05, high=1.0)
    command_fresh: float = param(0.05, "commands older than this are not passed on [s]", low=0.005, high=1.0)
    setpoint_fresh: float = param(0.05, "an arm set point older than this is no anchor [s]", low=0.005, high=1.0)
    playout_ms: float = param(0.0, "patient: serve commands this long after their stamp [ms]; 0: at arrival", low=0.0, high=1000.0)
    topics_file: str = param("", "further topics to carry (docs/link.md), a file of this package or a path; empty: none")
    permit_fresh: float = param(0.1, "a permit older than this is none [s]", low=0.02, high=1.0)


class TeleopBridge(SuiteNode):
    """Sockets, session, thread and timer; what is said and done is the end's business."""

    NAME = "teleop_bridge"
    PARAMS = BridgeParams

    def __init__(self, **node_args: Any) -> None:
        """Open nothing before the key is there."""
        super().__init__(**node_args)
        p = self.params
        self._paths: list[UdpPath] = []
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._check()
        self.lock = threading.RLock()
        self.role = Role(p.side)
        self.session = self._make_session(load_key(p.key_file))
        try:
            for name, local, remote, card in zip(p.path_names, p.local, p.remote, self._cards(), strict=True):
                self._paths.append(UdpPath(name, local, remote, card))
            self.end = self._make_end()
            self._topics = BridgeTopics(self)
        except BaseException:
            self.close()
            raise
        self._by_name = {path.name: path for path in self._paths}
        columns = [f"{name}_{what}" for name in p.path_names for what in ("rtt", "jitter", "loss", "state")]
        self._link_tape = self.tape("link", ("t", *columns))
        self._thread = threading.Thread(target=self._listen, name="link", daemon=True)
        self._thread.start()
        self.every(1.0 / p.rate, self._tick)
        self.every(LINK_TAPE_PERIOD, self._note_link)

    def _check(self) -> None:
        p = self.params
        if not len(p.local) == len(p.remote) == len(p.path_names):
            got = f"{len(p.local)} local, {len(p.remote)} remote addresses, {len(p.path_names)} names"
            raise ConfigError(f"{got}; wanted one of each per path")
        if not valid_scale(p.scale):
            raise ConfigError(f"scale {p.scale}; valid: above 0, at most 1")

    def _cards(self) -> list[str]:
        count = len(self.params.path_names)
        return [*self.params.interfaces, *[""] * count][:count]

    def _make_session(self, key: bytes) -> LinkSession:
        p = self.params
        session_id = secrets.randbits(RANDOM_BITS) or 1
        rates = dict.fromkeys(p.path_names, p.path_mbit * MBIT)
        return LinkSession(self.role, key, p.path_names, session_id, secrets.randbits(RANDOM_BITS), rates)

    def _make_end(self) -> Any:
        if self.role is Role.SURGEON:
            from .bridge_surgeon import SurgeonEnd

            return SurgeonEnd(self)
        from .bridge_patient import PatientEnd

        return PatientEnd(self)

    def send(self, stream: Stream, payload: bytes, now: float, delay: float = 0.0) -> None:
        """Queue on all paths; leaves with the next `flush`."""
        with self.lock:
            self.session.send(stream, payload, now, delay)

    def flush(self) -> None:
        """Put on the wire what is due."""
        with self.lock:
            for name, datagram in self.session.datagrams_to_send(self.now()):
                self._by_name[name].send(datagram)

    def health(self) -> LinkHealth:
        """The link now."""
        with self.lock:
            return self.session.health(self.now())

    def _tick(self) -> None:
        with self.lock:
            self.end.read()
            self.end.tick(self.now())
            self._topics.tick(self.now())
        self.flush()

    def _listen(self) -> None:
        by_fd = {path.fileno(): path for path in self._paths}
        poller = select.poll()
        for number in by_fd:
            poller.register(number, select.POLLIN)
        while not self._stop.is_set():
            for number, _ in poller.poll(1000.0 * SELECT_TIMEOUT):
                if self._stop.is_set():
                    return
                path = by_fd[number]
                for datagram in path.receive():
                    self._take(path.name, datagram)

    def _take(self, path: str, datagram: bytes) -> None:
        with self.lock:
            for event in self.session.receive(path, datagram, self.now()):
                try:
                    self._dispatch(event)
                except RemoteLinkError:
                    self.count("malformed")

    def _dispatch(self, event: Event) -> None:
        if isinstance(event, PeerAccepted):
            self._topics.peer_accepted(event)
            self.end.peer_accepted(event)
        elif event.stream in FURTHER:
            self._topics.received(event)
        else:
            self.end.received(event)

    def _note_link(self) -> None:
        health = self.health()
        values = [value for path in health.paths for value in (path.round_trip, path.jitter, path.loss, float(path.state))]
        self._link_tape.row(self.now(), *values)

    def diagnose(self) -> dict[str, object]:
        """The link for /diagnostics."""
        health = self.health()
        words: dict[str, object] = {f"refused_{kind}": count for kind, count in health.refused.items()}
        for path in health.paths:
            words[path.name] = f"{path.state.name} loss {path.loss:.4f} rtt {path.round_trip:.4f} s silence {path.silence:.3f} s"
        lost = health.paths_up < len(health.paths)
        level = 2 if health.paths_up == 0 or not health.established else int(lost)
        bound = health.clock.bound if math.isfinite(health.clock.bound) else -1.0
        message = f"{health.paths_up} of {len(health.paths)} paths up"
        return {**words, **self.end.diagnose(), **self._topics.diagnose(), "clock_bound": bound, "level": level, "message": message}

    def close(self) -> None:
        """Stop the thread, close the sockets, then the node."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(JOIN_TIMEOUT)
        for path in self._paths:
            path.close()
        super().close()


def main() -> int:
    """Console script."""
    return run(TeleopBridge)


if __name__ == "__main__":
    sys.exit(main())
