"""The patient end of the bridge: new commands to arm targets, reports to the watchdog, states to the surgeon.

Pictures: bridge_pictures.py.
"""

from __future__ import annotations

import math
import secrets
from typing import TYPE_CHECKING, Any

from ..core.link.anchor import AnchoredMotion, AnchorInputs, moves_of
from ..core.link.clock import ClockEstimate
from ..core.link.ledger import PatientLedger
from ..core.link.playout import Playout
from ..core.link.session import PeerAccepted, Received
from ..core.link.sticky import Presence, PresenceKeeper, Sticky, StopConfirmed, Wishes
from ..core.link.wire import Stream, decode_newest, encode_state
from ..core.values import FOLLOWING_ARMS, MotionCommand, Pedals, Permit, Phase, RemoteReport, RobotState
from ..errors import SafetyError
from ..ros.messages import permit_from_msg, remote_to_msg, seconds
from .bridge_feedback import ToolsEnd
from .bridge_pictures import PicturesOut
from .patient_arms import PatientArms

if TYPE_CHECKING:
    from .teleop_bridge import TeleopBridge

REPORT_PERIOD = 0.02
COMMANDS_PER_STATE = 2
MILLI = 1e3
STOP_COLUMNS = ("t", "count", "acted_after")
NO_COMMAND = MotionCommand(0, 0.0, 0.0, 0, 0, Pedals(), False, False, False, math.inf, {})
NOT_NAMED = (math.nan, math.nan, math.nan)
COLUMNS = ("t", "seq", "epoch", "follow", "age", "dx1", "dy1", "dz1", "dx2", "dy2", "dz2", "published")


class PatientEnd:
    """Publishes a command the moment it arrives, on the link's thread; never the same one twice."""

    def __init__(self, node: TeleopBridge) -> None:
        """Make the endpoints."""
        self._node, p = node, node.params
        self._motion = AnchoredMotion(p.setpoint_fresh, p.permit_fresh)
        self._ledger = PatientLedger()
        self._keeper, self._presence = PresenceKeeper(), Presence()
        self._playout = Playout(p.playout_ms / MILLI) if p.playout_ms > 0.0 else None
        self._command: tuple[MotionCommand, float] | None = None
        self._session = 0
        self._permit: tuple[Permit | None, float] = (None, -math.inf)
        self._boot = secrets.randbits(32)
        self._report_seq = self._state_seq = self._ticks = 0
        self._reported: tuple[object, ...] = ()
        self._last_report = -math.inf
        self._arms, self._pictures, self._force = PatientArms(node), PicturesOut(node), ToolsEnd(node)
        self._subscribe()
        self._remote = node.publisher("remote_report")
        self._tape, self._stop_tape = node.tape("commands", COLUMNS), node.tape("stop", STOP_COLUMNS, rows_per_write=1)

    def _subscribe(self) -> None:
        node = self._node
        node.subscribe("permit", self._take_permit)
        node.subscribe("trace", self._take_trace)

    def _take_permit(self, msg: Any) -> None:
        try:
            self._permit = permit_from_msg(msg), self._node.now()
        except SafetyError:
            self._node.count("bad_permit")
            return
        with self._node.lock:
            self._attend(None, self._permit[1])

    def _take_trace(self, msg: Any) -> None:
        if len(msg.data) != 4 or not all(map(math.isfinite, msg.data)):
            self._node.count("bad_trace")
            return
        with self._node.lock:
            if not self._ledger.traced(*msg.data):
                self._node.count("foreign_trace")

    def peer_accepted(self, event: PeerAccepted) -> None:
        """A surgeon side is there, or there anew: nothing the old one wished counts."""
        self._command, self._session = None, event.session
        self._keeper.reset()
        self._attend(None, self._node.now())
        self._pictures.clear()
        self._ledger.forget()
        if self._playout:
            self._playout.restart()
        self._node.count("peer_restarts" if event.replaced else "peer_accepted")

    def sticky(self, event: Wishes | StopConfirmed) -> None:
        """Stream 0: a stop, a released pedal, a head taken out, whatever becomes of the commands. It can only take away."""
        if isinstance(event, StopConfirmed):
            return
        before = self._presence.stop_count
        self._attend(event, event.at)
        if self._presence.stop_count > before:
            self._node.count("stops", self._presence.stop_count - before)
        if not self._presence.allows and self._playout:
            self._playout.clear()
        self._publish_report(event.at)

    def _attend(self, wishes: Wishes | None, now: float) -> None:
        """Weigh new wishes or a new permit; answer a stop once the leave is gone."""
        permit, at = self._permit
        stopped = permit is not None and permit.phase is Phase.FAULT and now - at <= self._node.params.permit_fresh
        before, self._presence = self._presence, self._keeper.update(wishes, stopped, now)
        acted = self._presence.acted
        self._node.session.say(Sticky(acted_for=self._session, acted=acted), now)
        if acted > before.acted:
            self._stop_tape.row(now, float(acted), self._presence.took)
            self._node.flush()

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
        wanted = self._force.applied(self._session, command, node.now())
        inputs = AnchorInputs(self._session, wanted, arms.setpoints(due), permit, due - permit_at, arms.view(due))
        targets = self._motion.update(inputs)
        if node.now() - due > node.params.command_fresh:
            node.count("command_too_old")
            targets = {}
        if targets and not self._presence.allows:
            node.count("taken_away")
            targets = {}
        clock = node.session.clock(arrival)
        if targets:
            self._publish_targets(command, targets, arrival, due, clock)
        if command.follow:
            arms.release(moves_of(command).keys() - self._motion.given_up, due)
            moves = [command.arms[arm].displacement.tolist() if arm in command.arms else NOT_NAMED for arm in FOLLOWING_ARMS]
            age = arrival - (command.stamp - clock.offset)
            self._tape.row(arrival, command.seq, command.epoch, 1.0, age, *moves[0], *moves[1], float(bool(targets)))

    def _publish_targets(self, command: MotionCommand, targets: Any, arrival: float, due: float, clock: ClockEstimate) -> None:
        """Targets first, notes afterwards; the trace that asks for the note waits for the lock."""
        stamp, published = self._node.light_stamp(), self._node.now()
        self._arms.publish(targets, stamp)
        self._ledger.served(command.seq, command.stamp, arrival, published, seconds(stamp), clock, due - arrival)

    def read(self) -> None:
        """Take the newest tools and set points."""
        self._arms.read()
        self._force.read()

    def tick(self, now: float) -> None:
        """States at half the rate."""
        self._pictures.send_due()
        self._play(now)
        self._ticks += 1
        if self._ticks % COMMANDS_PER_STATE == 0 and self._node.session.established:
            self._send_state(now)

    def tell(self, now: float) -> None:
        """Reports at 50 Hz, after the state has left."""
        if now - self._last_report >= REPORT_PERIOD:
            self._publish_report(now)

    def _send_state(self, now: float) -> None:
        self._state_seq += 1
        permit, at = self._permit
        alive = permit is not None and now - at <= self._node.params.permit_fresh
        phase, cause, epoch = (permit.phase, permit.cause, permit.motion_epoch) if permit and alive else (Phase.SELFTEST, 0, 0)
        stamp = self._node.now()
        echo, held = self._ledger.echo(stamp)
        state = RobotState(self._state_seq, stamp, echo, held, phase, cause, epoch, self._force.touched(self._arms.tools(now), now))
        self._node.send(Stream.STATE, encode_state(state), now)

    def _wishes(self, command: MotionCommand) -> tuple[object, ...]:
        return self._session, command.epoch, command.press_count, command.pedals, command.follow, command.aligning, command.hands_fresh

    def _publish_report(self, now: float) -> None:
        self._last_report = now
        self._report_seq += 1
        (up, trip), redundancy = self._node.link.up(), self._node.redundancy
        command, at = self._command or (NO_COMMAND, -math.inf)
        self._reported, age, seen = self._wishes(command), max(0.0, now - at), self._presence
        report = RemoteReport(
            self._boot, self._report_seq, self._session, command.epoch, command.press_count, seen.narrowed(command.pedals), command.follow,
            command.aligning, command.hands_fresh, age, command.picture_age + age, now - self._pictures.heard_at, trip, up,
            redundancy.of, redundancy.ready, seen.stop, seen.stop_count,
        )  # fmt: skip
        self._remote.publish(remote_to_msg(report))

    def diagnose(self) -> dict[str, object]:
        """Counters of the patient end."""
        refused = {f"motion_{kind}": count for kind, count in self._motion.refused.items()}
        if self._playout:
            refused.update({f"playout_{kind}": getattr(self._playout, kind) for kind in ("late", "overdue", "cut_short")})
        return {**refused, **self._force.diagnose(), "video_dropped_at_sender": self._node.session.queue_drops()}
