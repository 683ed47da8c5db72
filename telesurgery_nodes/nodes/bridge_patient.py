"""The patient end of the bridge: new commands to arm targets, reports to the watchdog, states and pictures to the surgeon."""

from __future__ import annotations

import math
import secrets
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.link.anchor import AnchoredMotion, AnchorInputs, moves_of
from ..core.link.ledger import PatientLedger
from ..core.link.playout import Playout
from ..core.link.session import PeerAccepted, Received
from ..core.link.wire import VIDEO_ROOM, Stream, decode_newest, encode_state
from ..core.values import FOLLOWING_ARMS, MotionCommand, Pedals, Permit, Phase, RemoteReport, RobotState
from ..core.video.fragments import MAX_PAYLOAD, Fragmenter
from ..errors import ConfigError, SafetyError
from ..ros.messages import permit_from_msg, remote_to_msg, seconds
from .patient_arms import PatientArms

if TYPE_CHECKING:
    from .teleop_bridge import TeleopBridge

REPORT_PERIOD = 0.02
COMMANDS_PER_STATE = 2
SPREAD_SHARE = 0.9  # of the frame time, wan.md section 5
FRAME_TIME = 0.04  # [s] before two pictures have shown the real one
LONGEST_FRAME_TIME = 0.2
KEY_FRAME_MARK = "key"
MILLI = 1e3
COLUMNS = ("t", "seq", "epoch", "follow", "age", "dx1", "dy1", "dz1", "dx2", "dy2", "dz2", "published")


class PatientEnd:
    """Publishes a command the moment it arrives, on the link's thread; never the same one twice."""

    def __init__(self, node: TeleopBridge) -> None:
        """Make the endpoints."""
        self._node, p = node, node.params
        self._motion = AnchoredMotion(p.setpoint_fresh, p.permit_fresh)
        self._ledger = PatientLedger()
        self._fragmenter = Fragmenter(min(MAX_PAYLOAD, VIDEO_ROOM))
        self._playout = Playout(p.playout_ms / MILLI) if p.playout_ms > 0.0 else None
        self._command: tuple[MotionCommand, float] | None = None
        self._session = 0
        self._permit: tuple[Permit | None, float] = (None, -math.inf)
        self._boot = secrets.randbits(32)
        self._report_seq = self._state_seq = self._ticks = self._frame_seq = 0
        self._video_at = -math.inf
        self._frame_time = FRAME_TIME
        self._reported: tuple[object, ...] = ()
        self._last_report = -math.inf
        self._arms = PatientArms(node)
        self._subscribe()
        self._remote = node.publisher("remote_report")
        self._tape = node.tape("commands", COLUMNS)

    def _subscribe(self) -> None:
        node = self._node
        node.subscribe("permit", self._take_permit)
        node.subscribe("trace", self._take_trace)
        node.subscribe("video", self._take_video)

    def _take_permit(self, msg: Any) -> None:
        try:
            self._permit = permit_from_msg(msg), self._node.now()
        except SafetyError:
            self._node.count("bad_permit")

    def _take_trace(self, msg: Any) -> None:
        if len(msg.data) != 4 or not all(map(math.isfinite, msg.data)):
            self._node.count("bad_trace")
            return
        with self._node.lock:
            if not self._ledger.traced(*msg.data):
                self._node.count("foreign_trace")

    def _take_video(self, msg: Any) -> None:
        node, now = self._node, self._node.now()
        if math.isfinite(self._video_at):
            self._frame_time = min(max(now - self._video_at, 1e-3), LONGEST_FRAME_TIME)
        self._video_at = now
        self._frame_seq += 1
        captured = now - max(0.0, node.ros_now() - seconds(msg.header.stamp))
        try:
            parts = self._fragmenter.split(self._frame_seq, captured, KEY_FRAME_MARK in msg.format, bytes(msg.data))
        except ConfigError:
            node.count("bad_picture")
            return
        if not node.session.established:
            return
        for index, part in enumerate(parts):
            node.send(Stream.VIDEO, part, now, index * SPREAD_SHARE * self._frame_time / len(parts))
        node.flush()

    def peer_accepted(self, event: PeerAccepted) -> None:
        """A surgeon side is there, or there anew: nothing the old one wished counts."""
        self._command, self._session = None, event.session
        self._ledger.forget()
        if self._playout:
            self._playout.restart()
        self._node.count("peer_restarts" if event.replaced else "peer_accepted")

    def received(self, event: Received) -> None:
        """A command, on the link's thread; the newest wins."""
        if event.stream is not Stream.COMMAND:
            return
        if event.late:
            self._node.count("late_commands")
            if self._playout is None:
                return
        command = decode_newest(event.payload)
        self._deliver(command, event.at)
        if event.late:
            return
        self._command = command, event.at
        if self._wishes(command) != self._reported:
            self._publish_report(event.at)

    def _deliver(self, command: MotionCommand, arrival: float) -> None:
        """Latest-wins: at once. Playout: at its time; but a stop overtakes all that waits."""
        if self._playout is None:
            self._serve(command, arrival, arrival)
        elif command.follow:
            self._playout.push(command, arrival, self._node.session.clock(arrival))
            self._play(self._node.now())
        elif self._command is None or command.seq > self._command[0].seq:
            self._playout.clear()
            self._serve(command, arrival, arrival)

    def _play(self, now: float) -> None:
        one = self._playout.pop(now) if self._playout else None
        if one is not None:
            self._serve(one.command, one.arrival, one.due)

    def _serve(self, command: MotionCommand, arrival: float, due: float) -> None:
        """``due`` [s]: when it should be served, ``arrival`` where nothing had to wait."""
        node = self._node
        permit, permit_at = self._permit
        arms = self._arms
        inputs = AnchorInputs(self._session, command, arms.setpoints(due), permit, due - permit_at, arms.view(due))
        targets = self._motion.update(inputs)
        if node.now() - due > node.params.command_fresh:
            node.count("command_too_old")
            targets = {}
        if targets:
            self._publish_targets(command, targets, arrival, due)
        if command.follow:
            arms.release(moves_of(command).keys() - self._motion.given_up, due)
            moves = [command.arms[arm].displacement if arm in command.arms else np.full(3, math.nan) for arm in FOLLOWING_ARMS]
            age = arrival - (command.stamp - node.session.clock(arrival).offset)
            self._tape.row(arrival, command.seq, command.epoch, 1.0, age, *moves[0], *moves[1], float(bool(targets)))

    def _publish_targets(self, command: MotionCommand, targets: Any, arrival: float, due: float) -> None:
        node = self._node
        stamp = node.ros_stamp()
        self._ledger.served(command.seq, command.stamp, arrival, node.now(), seconds(stamp), node.session.clock(arrival), due - arrival)
        self._arms.publish(targets, stamp)

    def read(self) -> None:
        """Take the newest tools and set points."""
        self._arms.read()

    def tick(self, now: float) -> None:
        """States at half the rate, reports at 50 Hz."""
        self._play(now)
        self._ticks += 1
        if self._ticks % COMMANDS_PER_STATE == 0 and self._node.session.established:
            self._send_state(now)
        if now - self._last_report >= REPORT_PERIOD:
            self._publish_report(now)

    def _send_state(self, now: float) -> None:
        self._state_seq += 1
        permit, at = self._permit
        alive = permit is not None and now - at <= self._node.params.permit_fresh
        phase, cause, epoch = (permit.phase, permit.cause, permit.motion_epoch) if permit and alive else (Phase.SELFTEST, 0, 0)
        stamp = self._node.now()
        echo, held = self._ledger.echo(stamp)
        state = RobotState(self._state_seq, stamp, echo, held, phase, cause, epoch, self._arms.tools(now))
        self._node.send(Stream.STATE, encode_state(state), now)

    def _wishes(self, command: MotionCommand) -> tuple[object, ...]:
        return self._session, command.epoch, command.press_count, command.pedals, command.follow, command.aligning, command.hands_fresh

    def _publish_report(self, now: float) -> None:
        self._last_report = now
        self._report_seq += 1
        health = self._node.health()
        video_age = now - self._video_at
        if self._command is None:
            report = RemoteReport(
                self._boot, self._report_seq, self._session, 0, 0, Pedals(), False, False, False, math.inf, math.inf, video_age,
                health.round_trip, health.paths_up,
            )  # fmt: skip
        else:
            command, at = self._command
            self._reported, age = self._wishes(command), max(0.0, now - at)
            report = RemoteReport(
                self._boot, self._report_seq, self._session, command.epoch, command.press_count, command.pedals, command.follow,
                command.aligning, command.hands_fresh, age, command.picture_age + age, video_age, health.round_trip, health.paths_up,
            )  # fmt: skip
        self._remote.publish(remote_to_msg(report))

    def diagnose(self) -> dict[str, object]:
        """Counters of the patient end."""
        refused = {f"motion_{kind}": count for kind, count in self._motion.refused.items()}
        if self._playout:
            refused.update({f"playout_{kind}": getattr(self._playout, kind) for kind in ("late", "overdue", "cut_short")})
        return {**refused, "video_dropped_at_sender": self._node.session.queue_drops()}
