"""teleop_bridge: one end of the link between the sites. `side` says which: bridge_surgeon.py or bridge_patient.py does the rest.

The link itself (sockets, threads, handshakes, lock) is devices/link/wan_link.py; the node's steady timer sends.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ..agreement import agreement
from ..core.link.paths import TAPED
from ..core.link.redundancy import Redundancy
from ..core.link.renewal import REKEY_S
from ..core.link.seal import Role
from ..core.link.session import Event, LinkHealth, PeerAccepted, Received
from ..core.link.wire import Stream
from ..core.teleop.mapping import valid_scale
from ..core.teleop.tool_pace import SPEED, TURN
from ..devices.link.wan_link import LinkPlan, WanLink, wires
from ..errors import ConfigError, RemoteLinkError
from ..ros.main import run
from ..ros.node import SuiteNode
from ..ros.params import NodeParams, param
from .bridge_topics import BridgeTopics

LINK_TAPE_PERIOD = 0.1
CLOCK_COLUMNS = ("offset", "bound")
FURTHER = (Stream.RELIABLE, Stream.TOPIC)  # not the teleoperation's business


@dataclass(frozen=True)
class BridgeParams(NodeParams):
    """Parameters of both sides."""

    side: str = param("surgeon", "which end of the link this is", choices=("surgeon", "patient"))
    identity: str = param("", "folder of this site's device, from `telesurgery keys issue` (docs/keys.md); there is no mode without one")
    rekey_s: float = param(REKEY_S, "surgeon: a key older than this gets a successor [s]", low=1.0, high=3000.0)
    safety_config: str = param("", "the safety configuration in use, to be compared with the other site's; empty: the shipped one")
    local: list[str] = param(["127.0.0.1:47001", "127.0.0.1:47002"], "own host:port of each path")
    remote: list[str] = param(["127.0.0.1:47011", "127.0.0.1:47021"], "peer's (or emulator's) host:port of each path")
    path_names: list[str] = param(["path1", "path2"], "name of each path, the same order on both sides")
    interfaces: list[str] = param(["", ""], "network card each path is bound to; empty for any")
    path_mbit: float = param(50.0, "contracted rate of each path [Mbit/s]; video keeps below 85 % of it", low=0.5, high=10000.0)
    rate: float = param(250.0, "commands (surgeon) or half of it states (patient) per second [Hz]", low=20.0, high=1000.0)
    scale: float = param(0.2, "tool motion per hand motion", low=0.01, high=1.0)
    tool_speed: float = param(SPEED, "surgeon: a tool is asked to move no faster, a faster hand slips [m/s]", low=0.005, high=0.1)
    tool_turn: float = param(TURN, "surgeon: a tool is asked to turn no faster, a faster hand waits for it [rad/s]", low=0.1, high=4.0)
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
    feedback: str = param("off", "surgeon: force to the hands, as docs/force.md says", choices=("off", "tdpa", "wave"))
    feedback_most: float = param(2.0, "surgeon: greatest force on a hand [N]", low=0.1, high=10.0)
    feedback_round_trip_ms: float = param(50.0, "surgeon: force to the hands is refused above this [ms]", low=0.0, high=1000.0)
    feedback_anyway: bool = param(False, "surgeon: force to the hands however long the round trip")


class TeleopBridge(SuiteNode):
    """Sockets, session, thread and timer; what is said and done is the end's business."""

    NAME = "teleop_bridge"
    PARAMS = BridgeParams

    def __init__(self, **node_args: Any) -> None:
        """Open nothing before the identity is proved."""
        super().__init__(**node_args)
        p = self.params
        self._check()
        self.role = Role(p.side)
        self.end: Any = None
        self.link = WanLink(self._plan(), (self.now, _today), self._hear, self._say)
        self.session, self.lock = self.link.session, self.link.lock
        try:
            self._redundancy = Redundancy()
            self.redundancy = self._redundancy.update(self.session.health(self.now()).paths, self.now())
            self.end = self._make_end()
            self._topics = BridgeTopics(self)
        except BaseException:
            self.close()
            raise
        columns = [f"{name}_{what}" for name in p.path_names for what in (*TAPED, *CLOCK_COLUMNS)]
        self._link_tape = self.tape("link", ("t", *columns, "paths_ready"))
        self.link.start()
        self.loop(p.rate, self._tick)
        self.every(LINK_TAPE_PERIOD, self._note_link)

    def _check(self) -> None:
        if not valid_scale(self.params.scale):
            raise ConfigError(f"scale {self.params.scale}; valid: above 0, at most 1")

    def _plan(self) -> LinkPlan:
        p = self.params
        paths = wires(p.path_names, p.local, p.remote, p.interfaces)
        return LinkPlan(self.role, p.identity, paths, agreement(safety=p.safety_config), p.path_mbit, p.rekey_s)

    def _make_end(self) -> Any:
        if self.role is Role.SURGEON:
            from .bridge_surgeon import SurgeonEnd

            return SurgeonEnd(self)
        from .bridge_patient import PatientEnd

        return PatientEnd(self)

    def send(self, stream: Stream, payload: bytes, now: float, delay: float = 0.0) -> None:
        """Queue on all paths; leaves with the next `flush`. Dropped and counted while there is no key."""
        self.link.send(stream, payload, now, delay)

    def flush(self) -> None:
        """Put on the wire what is due."""
        self.link.flush()

    def health(self) -> LinkHealth:
        """The link now."""
        return self.link.health()

    def _tick(self) -> None:
        with self.lock:
            self.end.read()
            self.end.tick(self.now())
            self._topics.tick(self.now())
        self.flush()
        with self.lock:
            self.end.tell(self.now())

    def _say(self, words: str, fault: bool) -> None:
        if fault:  # two lines: rclpy refuses two severities from one
            self.get_logger().warning(words)
        else:
            self.get_logger().info(words)

    def _hear(self, event: Event) -> None:
        try:
            self._dispatch(event)
        except RemoteLinkError:
            self.count("malformed")

    def _dispatch(self, event: Event) -> None:
        if isinstance(event, PeerAccepted):
            self._topics.peer_accepted(event)
            self.end.peer_accepted(event)
        elif not isinstance(event, Received):
            self.end.sticky(event)
        elif event.stream in FURTHER:
            self._topics.received(event)
        else:
            self.end.received(event)

    def _note_link(self) -> None:
        now = self.now()
        with self.lock:
            health, clocks = self.session.health(now), self.session.clocks(now)
        self.redundancy = self._redundancy.update(health.paths, now)
        values: list[float] = []
        for path in health.paths:
            clock = clocks[path.name]
            values += [value(path) for value in TAPED.values()]
            values += [clock.offset if clock.samples else math.nan, clock.bound]
        self._link_tape.row(now, *values, float(self.redundancy.ready))

    def diagnose(self) -> dict[str, object]:
        """The link for /diagnostics."""
        health = self.health()
        words: dict[str, object] = {f"refused_{kind}": count for kind, count in health.refused.items()}
        for path in health.paths:
            words[path.name] = path.words()
        words["redundancy"] = self.redundancy.sentence
        level = 2 if health.paths_up == 0 or not health.established else int(self.redundancy.lost)
        bound = health.clock.bound if math.isfinite(health.clock.bound) else -1.0
        message = f"{health.paths_up} of {len(health.paths)} paths up"
        more = {**self.link.trust(), **self.end.diagnose(), **self._topics.diagnose()}
        return {**words, **more, "clock_bound": bound, "level": level, "message": message}

    def close(self) -> None:
        """Stop the threads, close the sockets, then the node."""
        self.link.close()
        super().close()


def _today() -> datetime:
    """The calendar's time, which only certificates need; no age and no timer does."""
    return datetime.now(timezone.utc)


def main() -> int:
    """Console script."""
    return run(TeleopBridge)


if __name__ == "__main__":
    sys.exit(main())
