"""CRTK's names of one arm beyond the control loop's own (arm_ports.py): local motion, states, refusals, further telemetry, services."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from ..core.arm.face import FACE, Entry, Way, Who
from ..core.arm.jacobian import body_jacobian, spatial_jacobian
from ..core.arm.moves import LocalMotion, MoveInputs, MoveOutput, Refusal, Value, Verb
from ..core.arm.states import ArmMode
from ..core.kinematics.frames import Frame, compose, inverse
from ..core.kinematics.limits import Joints
from ..errors import KinematicsError
from ..ros.cdr import joint_cdr
from ..ros.crtk import MISSING, Stamps, available, text_of, word_msg
from ..ros.messages import frame_bytes, frame_of_msg, matrix_msg
from .arm_services import ArmServices

REPEAT = 1.0  # [s] between two sentences about the same refusal
KEEPS_MOVING = ("enable", "resume")  # CRTK's client says `enable` also to an arm that is enabled
LOOK = 0.016  # [s] between two looks for commands while nothing local moves the arm: ten more queues each tick are dear
SHOWN = ("arm_goal_js", "arm_goal_cp", "arm_body_jacobian", "arm_spatial_jacobian")


class ArmCrtk:
    """Local motion and states of one arm. No decisions here: core/arm/moves.py and controller.py decide."""

    def __init__(self, port: Any, on_state: Callable[[str], None]) -> None:
        """``port``: the arm's ArmPort; ``on_state(text)`` for state commands."""
        self.node, self.arm, self.controller, self._port = port.node, port.arm, port.controller, port
        controller = self.controller
        self.moves = LocalMotion(controller.kinematics, controller.config, controller.follower, controller.counts)
        self.view: Frame | None = None
        self._asked: list[tuple[Entry, Any]] = []  # since the last tick, in the order they were read
        self._output, self._on_state, self._stamps = MoveOutput(), on_state, Stamps()
        self._shown: tuple[Any, ...] = ()
        self._told: dict[tuple[str, Refusal], float] = {}
        self._has = {
            Who.EVERY: True,
            Who.POSE: controller.follower is not None,
            Who.JAW: controller.config.jaw is not None,
            Who.TOUCH: port.touches,
        }
        self._outputs = {key: self.node.publisher(key, arm=self.arm) for key in SHOWN}
        self._heard: frozenset[str] = frozenset()
        self._state = self.node.publisher("arm_operating_state", arm=self.arm)
        self._said = {key: self.node.publisher(f"arm_{key}", arm=self.arm) for key in ("status", "warning", "error")}
        self._listeners = 0
        self._refusing = self.node.mailbox()  # looked at now and then: whoever is refused can wait for it
        self._commands, self._looked = self.node.mailbox(), -math.inf
        for entry in FACE:
            self._listen(entry)
        self.services = ArmServices(self) if available() else None
        if self.services is None:
            self.node.get_logger().info(MISSING, once=True)

    def _listen(self, entry: Entry) -> None:
        if entry.way is not Way.COMMAND:
            return
        if entry.refused is not None:
            if self._has[entry.who]:
                self._refusing.subscribe(entry.key, partial(self._on_refused, entry.name, entry.refused), arm=self.arm)
        elif entry.who is Who.JAW and not self._has[entry.who]:
            return
        elif entry.verb is not None:
            self._commands.subscribe(entry.key, partial(self._on_command, entry), arm=self.arm)
        elif entry.name == "hold":
            self.node.subscribe(entry.key, lambda _msg: self.hold(), arm=self.arm)
        elif entry.name == "state_command":
            self.node.subscribe(entry.key, self._on_word, arm=self.arm)

    @property
    def busy(self) -> bool:
        """CRTK's is_busy."""
        return self.controller.busy or self._output.busy or self.controller.jaw_goal is not None

    @property
    def active(self) -> bool:
        """Something local moves the arm: every tick counts."""
        return self.busy or self.moves.active

    def read(self) -> None:
        """Take what was asked for: every tick while something local moves the arm, now and then otherwise."""
        now = self.node.now()
        if self.active or now - self._looked >= LOOK:
            self._looked = now
            self._commands.read()

    def refuse(self, name: str, why: Refusal) -> None:
        """Count a refusal and say it; of a stream that is refused again and again, once a second."""
        self.controller.counts[f"refused_{name}_{why.name.lower()}"] += 1
        now = self.node.now()
        if now - self._told.get((name, why), -math.inf) >= REPEAT:
            self._told[name, why] = now
            self._say("warning", f"{self.arm}/{name}: {why.value}")

    def _on_refused(self, name: str, why: Refusal, _msg: Any) -> None:
        self.refuse(name, why)

    def hold(self) -> None:
        """CRTK hold."""
        self._forget()
        self.controller.hold()
        self._port.release()
        self.controller.jaw_goal, self._output = None, MoveOutput()
        self.show_state()

    def _forget(self) -> None:
        """Every motion asked for so far, also what lies unread: it was asked before."""
        self._port.mail.read()  # servo_cp too: one that was sent before a hold must not end it
        self._commands.read()
        self._asked.clear()
        self.moves.drop()

    def _on_word(self, msg: Any) -> None:
        word = text_of(msg)
        self._on_state(word)
        if word.strip().lower() not in KEEPS_MOVING:
            self._forget()
        self.show_state(anyway=True)  # CRTK's client waits for an answer, also to what changes nothing

    def _on_command(self, entry: Entry, msg: Any) -> None:
        self._asked.append((entry, msg))

    def _ask(self, entry: Entry, msg: Any, now: float) -> None:
        if entry.verb is None:
            return
        value = self._value(entry.verb, msg)
        refused = value if isinstance(value, Refusal) else self.moves.ask(entry.verb, value, now)
        if refused is not None:
            return self.refuse(entry.name, refused)
        if entry.verb is Verb.JAW_MOVE_JP:
            self._move_jaw(msg.position[0])
        if "move" in entry.name:
            self._output = MoveOutput(busy=True)
            self.show_state()  # said even where the arm is there already: CRTK's client waits for busy to come and go

    def _move_jaw(self, angle: float) -> None:
        limits = self.controller.config.jaw
        if limits is not None:
            goal, _ = limits.clamp((angle,))
            self.controller.counts["clamped_jaw/move_jp"] += goal != (angle,)
            self.controller.jaw_goal = goal

    def _value(self, verb: Verb, msg: Any) -> Value | Refusal:
        if verb is Verb.SERVO_JV:
            return tuple(msg.velocity)
        if hasattr(msg, "position"):
            return tuple(msg.position)
        if msg.header.frame_id not in self._port.target_frames or (msg.header.stamp.sec, msg.header.stamp.nanosec) == (0, 0):
            return Refusal.WRONG_FRAME
        if hasattr(msg, "twist"):
            return tuple(getattr(part, axis) for part in (msg.twist.linear, msg.twist.angular) for axis in "xyz")
        try:
            return frame_of_msg(msg.pose)
        except KinematicsError:
            return Refusal.NOT_NUMBERS

    def update(self, local: bool, view: Frame | None, now: float) -> None:
        """One control tick, before the controller's. ``local``: the leave; ``view``: view -> RCM."""
        controller, self.view = self.controller, view
        ready = controller.mode is ArmMode.ENABLED
        inputs = MoveInputs(local, ready, controller.homed, controller.setpoint, view)
        self.moves.see(inputs)
        if not self._asked and not self.moves.active:
            self._output = self.moves.rest(now)
            return
        asked, self._asked = self._asked, []
        for entry, msg in asked:
            self._ask(entry, msg, now)
        output = self._output = self.moves.update(inputs, now)
        if output.stop:
            controller.hold()
        if output.why is not None:
            self.refuse("motion", output.why)
        if output.joints is not None and not controller.go_to(output.joints, output.slow):
            self.moves.drop()
            self.refuse("motion", Refusal.NOT_ENABLED)

    def show_state(self, anyway: bool = False) -> None:
        """operating_state on change; ``anyway``: also where nothing changed."""
        controller = self.controller
        mode, shown = controller.mode, (controller.mode, controller.homed, self.busy)
        if shown == self._shown and not anyway:
            return
        if shown[:1] != self._shown[:1]:
            self._say("error" if mode is ArmMode.FAULT else "status", f"{self.arm} is {mode.value}")
        self._shown = shown
        self._state.publish(self.state_msg())

    def state_msg(self) -> Any:
        """The newest state, newly stamped."""
        stamp = self._stamps.next(self.node.ros_stamp())
        return word_msg(self._state.msg_type, self.controller.mode.value, stamp, self.controller.homed, self.busy)

    def _say(self, key: str, sentence: str) -> None:
        publisher = self._said[key]
        publisher.publish(publisher.msg_type(data=sentence))

    def look_for_listeners(self) -> None:
        """Make only telemetry that is heard; a new listener of operating_state, which may not ask for the latched one, is told."""
        self._refusing.read()
        self._heard = frozenset(key for key, output in self._outputs.items() if output.get_subscription_count() > 0)
        listeners = self._state.get_subscription_count()
        if listeners > self._listeners:
            self.show_state(anyway=True)
        self._listeners = listeners

    def telemetry(self, measured: Joints | None, view: Frame | None, served: Any) -> None:
        """Publish what somebody hears. ``served``: stamp of the command the set point serves."""
        heard, out, controller = self._heard, self._outputs, self.controller
        if not heard or not controller.setpoint:
            return
        goal = self._output.goal if self._output.goal is not None else controller.setpoint
        if "arm_goal_js" in heard:
            out["arm_goal_js"].publish(joint_cdr(self._port.joint_names, goal, stamp=served))
        if "arm_goal_cp" in heard and view is not None:
            out["arm_goal_cp"].publish(frame_bytes(compose(inverse(view), controller.kinematics.forward(goal)), served, self._port.frame))
        if measured is not None:
            for key, make in (("arm_body_jacobian", body_jacobian), ("arm_spatial_jacobian", spatial_jacobian)):
                if key in heard:
                    out[key].publish(matrix_msg(make(controller.kinematics, measured)))
