"""The surgeon end of the bridge: hands and pedals through the clutch machine to commands; states and the ledger back.

Pictures: bridge_pictures.py. The stop: bridge_stop.py. What the console is told: bridge_status.py.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from std_msgs.msg import Bool, String, UInt8

from ..core.link.ledger import STAGES, LoopEntry, SurgeonLedger
from ..core.link.ledger_picture import in_force
from ..core.link.session import PeerAccepted, Received
from ..core.link.sticky import StopConfirmed, Wishes
from ..core.link.wire import CommandEncoder, Stream, decode_state
from ..core.teleop.clutch import Teleop, TeleopInputs, TeleopOutput
from ..core.teleop.tool_pace import PaceLimits
from ..core.values import INSTRUMENTS, MASTERS, Hand, MotionCommand, Pedals, Phase, Pose, RobotState
from ..errors import KinematicsError
from ..ros.cdr import joint_cdr
from ..ros.messages import joy_pressed, pose_bytes, pose_from_msg, seconds
from .bridge_feedback import HandsEnd
from .bridge_pace import PACE_COLUMNS, PaceWords
from .bridge_pictures import PicturesIn
from .bridge_status import link_words, loop_words, picture_words, redundancy_words, teleop_words, tracking_error
from .bridge_stop import StopConsole
from .master_hints import MasterHints
from .surgeon_console import SurgeonConsole

if TYPE_CHECKING:
    from .teleop_bridge import TeleopBridge

VIEW = "endoscope_view"
ALIGN_PERIOD = 0.02
MIRROR_PERIOD = 0.01
STATUS_PERIOD = 0.1
OLDEST_STAMP = 1.0  # [s] a header stamp further off than this is another clock, not a delay: the arrival counts instead
LOOP_FRESH = 1.0  # [s] an older loop is not shown as the present one


class SurgeonEnd:
    """Steps `Teleop` at the node's rate."""

    def __init__(self, node: TeleopBridge) -> None:
        """Make the endpoints."""
        self._node = node
        pace = PaceLimits(node.params.tool_speed, node.params.tool_turn)
        self._teleop, self._pace = Teleop(node.params.rate, pace=pace), PaceWords()
        self._encoder, self._ledger = CommandEncoder(), SurgeonLedger()
        self._pictures, self._stop, self._force = PicturesIn(node), StopConsole(node), HandsEnd(node)
        self._console, self._hints = SurgeonConsole(node), MasterHints(node)
        self._poses: dict[str, tuple[Pose, float, float]] = {}  # master -> pose, arrival, sample stamp (steady)
        self._grippers: dict[str, tuple[float, float]] = {}
        self._pedals = dict.fromkeys(("head", "engage", "clutch", "camera"), False)
        self._picture: tuple[float, float] = (math.inf, -math.inf)
        self._state: tuple[RobotState, float] | None = None
        self._loop: tuple[LoopEntry, float] | None = None
        self._output: TeleopOutput | None = None
        self._ticked: tuple[TeleopInputs, float, float] | None = None  # what the newest output came from, when, and its cost [s]
        self._seq = 0
        self._mirrored, self._mirrored_seq = False, 0
        self._last: dict[str, float] = {}
        self._shown: tuple[bool, int] | None = None
        self._mail = node.mailbox()
        self._subscribe()
        self._advertise()
        node.every(STATUS_PERIOD, self._publish_status)
        node.wake("master_cp", arm=MASTERS[-1])  # the last one of an instant: the other is there by then

    def _subscribe(self) -> None:
        node = self._node
        hands = self._mail.subscribe
        for master in MASTERS:
            hands("master_cp", lambda msg, name=master: self._take_pose(name, msg), arm=master)
            hands("gripper_js", lambda msg, name=master: self._take_gripper(name, msg), arm=master)
        keys = {"head": "operator_present", "engage": "pedal_engage", "clutch": "pedal_clutch", "camera": "pedal_camera"}
        for pedal, key in keys.items():
            hands(key, lambda msg, name=pedal: self._pedals.update({name: joy_pressed(msg)}))
        node.subscribe("picture_age", self._take_picture_age)

    def _advertise(self) -> None:
        node = self._node
        self._align = {master: node.publisher("align_cp", arm=master) for master in MASTERS}
        self._mirror = {arm: (node.publisher("mirror_cp", arm=arm), node.publisher("mirror_jaw", arm=arm)) for arm in INSTRUMENTS}
        keys = ("console_following", "console_phase", "status")
        self._out = {key: node.publisher(key) for key in keys}
        self._ledger_tape = node.tape("ledger", ("t", "loop", *STAGES))
        columns = ("t", "state", "phase", "cause", "picture_age", "epoch", "tracking_error", "tick_cost", *PACE_COLUMNS)
        self._state_tape = node.tape("state", columns)

    def _take_pose(self, master: str, msg: Any) -> None:
        now = self._node.now()
        try:
            pose = pose_from_msg(msg)
        except KinematicsError:
            self._node.count("bad_pose")
            return
        age = self._node.ros_now() - seconds(msg.header.stamp)
        self._poses[master] = pose, now, now - (age if 0.0 <= age <= OLDEST_STAMP else 0.0)

    def _take_gripper(self, master: str, msg: Any) -> None:
        if msg.position and math.isfinite(msg.position[0]):
            self._grippers[master] = float(msg.position[0]), self._node.now()
        else:
            self._node.count("bad_gripper")

    def _take_picture_age(self, msg: Any) -> None:
        self._picture = (msg.data if msg.data >= 0.0 else math.inf), self._node.now()

    def _picture_age(self, now: float) -> float:
        age, at = self._picture
        silent = now - at
        # A dead viewer must stop the arm sooner than a picture may grow old: what is on the screen then is nobody's business any more.
        return age + silent if silent <= self._node.params.viewer_silence else math.inf

    def peer_accepted(self, event: PeerAccepted) -> None:
        """The patient side is there, or there anew: nothing it said before counts."""
        self._state = None
        self._pictures.forget()
        self._node.count("peer_restarts" if event.replaced else "peer_accepted")

    def sticky(self, event: Wishes | StopConfirmed) -> None:
        """Stream 0: the patient's answer to a stop; it has no wishes."""
        if isinstance(event, StopConfirmed):
            self._stop.confirmed(event)

    def received(self, event: Received) -> None:
        """State or a fragment of video, on the link's thread."""
        if event.stream is Stream.STATE:
            self._take_state(event)
        elif event.stream is Stream.VIDEO:
            self._pictures.take(event)

    def _take_state(self, event: Received) -> None:
        if event.late:
            self._node.count("late_states")
            return
        state = decode_state(event.payload)
        self._state = state, event.at
        entry = self._ledger.returned(state, event.at, self._node.session.clock(event.at))
        if entry is not None:
            self._loop = entry, event.at
            self._ledger_tape.row(event.at, entry.loop, *entry.stages)
            self._pictures.loop_closed(in_force(entry, state, event.at))

    def read(self) -> None:
        """Take the newest hands and pedals."""
        self._mail.read()

    def tick(self, now: float) -> None:
        """One step of the clutch machine, one command."""
        inputs = self._inputs(now)
        output = self._output = self._teleop.update(inputs, now)
        self._seq += 1
        sample = max((entry[2] for entry in self._poses.values()), default=now)
        force = self._force.update(output, inputs, self._state[0] if self._state else None, now)
        stamp = self._node.now()
        command = MotionCommand(
            self._seq, stamp, sample, output.epoch, output.press_count, inputs.pedals, output.follow, output.aligning,
            inputs.hands_fresh, inputs.picture_age, force.arms, output.camera, force.mode,
        )  # fmt: skip
        self._node.send(Stream.COMMAND, self._encoder.encode(command), now)
        self._ledger.sent(self._seq, sample, now, stamp)
        self._ticked = inputs, now, self._node.now() - now

    def tell(self, now: float) -> None:
        """What this site is told of the tick: after the command has left, which must not wait for it."""
        output = self._output
        if output is None or self._ticked is None:
            return
        inputs, began, cost = self._ticked
        self._publish(output, inputs, now)
        state = self._state[0] if self._state else None
        cause, cost = float(state.cause if state else 0), cost + self._node.now() - now
        row = (float(output.state), float(inputs.phase), cause, inputs.picture_age, float(output.epoch), tracking_error(state), cost)
        self._state_tape.row(began, *row, *self._pace.row(self._teleop.paces))

    def _inputs(self, now: float) -> TeleopInputs:
        p, state, wanted = self._node.params, self._state, self._console.settings
        hands = {
            name: Hand(self._poses[name][0], self._grippers[name][0]) for name in MASTERS if name in self._poses and name in self._grippers
        }
        arrivals = [self._poses[name][1] for name in hands] + [self._grippers[name][1] for name in hands]
        fresh = len(hands) == len(MASTERS) and now - min(arrivals) <= p.hands_fresh
        tools_fresh = state is not None and now - state[1] <= p.tools_fresh
        pedals = Pedals(**self._pedals)
        engage = self._stop.update(pedals, now).engage
        pedals = pedals if pedals.engage == engage else replace(pedals, engage=engage)
        tools, phase, epoch = (state[0].tools, state[0].phase, state[0].motion_epoch) if state else ({}, Phase.SELFTEST, 0)
        return TeleopInputs(
            hands, fresh, tools, tools_fresh, pedals, phase, epoch, self._picture_age(now), self._console.scale,
            wanted.enabled, wanted.pairs, wanted.hands, wanted.tremor_filter,
        )  # fmt: skip

    def _due(self, what: str, period: float, now: float) -> bool:
        if now - self._last.get(what, -math.inf) < period:
            return False
        self._last[what] = now
        return True

    def _publish(self, output: TeleopOutput, inputs: TeleopInputs, now: float) -> None:
        self._console.publish(output)
        self._hints.publish(output, inputs)
        if output.align_goals and self._due("align", ALIGN_PERIOD, now):
            stamp = self._node.light_stamp()
            for master, rotation in output.align_goals.items():
                if master in inputs.hands:
                    self._align[master].publish(pose_bytes(Pose(inputs.hands[master].pose.position, rotation), stamp, VIEW))
        if self._mirrored and self._state and self._state[0].seq != self._mirrored_seq and self._due("mirror", MIRROR_PERIOD, now):
            self._publish_mirror(self._state[0])
        shown = (output.follow, int(inputs.phase))
        if shown != self._shown or self._due("console", STATUS_PERIOD, now):
            self._out["console_following"].publish(Bool(data=output.follow))
            self._out["console_phase"].publish(UInt8(data=int(inputs.phase)))
            self._shown = shown

    def _publish_mirror(self, state: RobotState) -> None:
        self._mirrored_seq, stamp = state.seq, self._node.light_stamp()
        self._force.mirror(state, stamp)
        for arm, tool in state.tools.items():
            if arm in self._mirror:
                self._mirror[arm][0].publish(pose_bytes(tool.pose, stamp, VIEW))
                self._mirror[arm][1].publish(joint_cdr((f"{arm}_jaw",), (tool.jaw,), stamp=stamp))

    def _publish_status(self) -> None:
        # Tools nobody looks at are not mirrored: 400 messages a second.
        self._mirrored = self._force.heard() or any(one.get_subscription_count() > 0 for pair in self._mirror.values() for one in pair)
        node, now, state = self._node, self._node.now(), self._state[0] if self._state else None
        loop = self._loop[0] if self._loop and now - self._loop[1] <= LOOP_FRESH else None
        with node.lock:
            clocks, health = node.session.clocks(now), node.session.health(now)
            eyes, stages = self._pictures.newest(now)
            stop = self._stop.words()
        self._console.measure(loop.loop if loop else health.round_trip, now)
        status = {
            **teleop_words(self._output, state), **loop_words(loop), **picture_words(self._picture_age(now), stages, eyes),
            **link_words(health, clocks), **redundancy_words(node.redundancy), "stop": stop,
            **self._console.status(), **self._force.words(state), **self._pace.status(self._teleop.paces),
        }  # fmt: skip
        self._out["status"].publish(String(data=json.dumps(status)))

    def diagnose(self) -> dict[str, object]:
        """Counters of the surgeon end."""
        own = {"jaw_clamped": self._teleop.jaw_clamped, "stop_latched": self._stop.state.stop, **self._pace.diagnose(self._teleop.paces)}
        return {**self._pictures.diagnose(), **self._force.diagnose(), **own}
