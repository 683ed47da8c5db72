"""Force at both ends of the bridge: what the tools feel to the surgeon, and, where it is switched on, force to the hands."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.haptics.feedback import OFF_WORD, FeedbackInputs, FeedbackLimits, FeedbackOutput, HandsFeedback, ToolsFeedback
from ..core.teleop.clutch import TeleopInputs, TeleopOutput
from ..core.values import INSTRUMENTS, MASTERS, FeedbackMode, FloatArray, MotionCommand, RobotState, ToolState
from ..ros.cdr import wrench_cdr

if TYPE_CHECKING:
    from .teleop_bridge import TeleopBridge

VIEW = "endoscope_view"
NO_TORQUE = (0.0, 0.0, 0.0)  # only forces come back
QUIET_S = 0.5  # no force is said for so long after the last one, then nothing
MILLI = 1e3
WORDS = {mode.name.lower(): mode for mode in FeedbackMode}


class HandsEnd:
    """The surgeon's half: forces to the masters, force feedback by parameter `feedback` or topic console/feedback/set_mode."""

    def __init__(self, node: TeleopBridge) -> None:
        """Make the endpoints; nothing is published before it is switched on."""
        self._node, p = node, node.params
        self._mode = WORDS[p.feedback]
        limits = FeedbackLimits(p.feedback_most, p.feedback_round_trip_ms / MILLI, p.feedback_anyway)
        self._feedback, self._output = HandsFeedback(limits), FeedbackOutput(FeedbackMode.OFF, {}, {}, OFF_WORD)
        self._masters = {master: node.publisher("master_cf", arm=master) for master in MASTERS}
        self._mirror = {arm: node.publisher("mirror_cf", arm=arm) for arm in INSTRUMENTS}
        self._pushed_at = -math.inf
        node.subscribe("feedback_set", self._set)

    def _set(self, msg: Any) -> None:
        mode = WORDS.get(msg.data.strip().lower())
        if mode is None:
            self._node.count("bad_feedback_mode")
            return
        with self._node.lock:
            self._mode = mode

    def update(self, output: TeleopOutput, asked: TeleopInputs, state: RobotState | None, now: float) -> FeedbackOutput:
        """One tick: what to send, and forces to the masters. ``asked``: what the clutch machine was told."""
        tools = state.tools if state is not None else {}
        round_trip = self._node.link.up()[1] if self._mode is not FeedbackMode.OFF else math.inf
        inputs = FeedbackInputs(self._mode, output.epoch, output.arms, tools, asked.tools_fresh, round_trip, asked.scale)
        self._output = self._feedback.update(inputs, now)
        if self._output.forces:
            self._pushed_at = now
        if now - self._pushed_at <= QUIET_S:
            stamp = self._node.light_stamp()
            for master, publisher in self._masters.items():
                force = self._output.forces.get(asked.pairs.get(master, ""), np.zeros(3)).tolist()
                publisher.publish(wrench_cdr(force, NO_TORQUE, stamp, VIEW))
        return self._output

    def mirror(self, state: RobotState, stamp: Any) -> None:
        """What the tools feel, for the surgeon's site."""
        for arm, tool in state.tools.items():
            if arm in self._mirror and tool.touch is not None:
                self._mirror[arm].publish(wrench_cdr(tool.touch.force.tolist(), NO_TORQUE, stamp, VIEW))

    def heard(self) -> bool:
        """Somebody listens to the mirrored forces."""
        return any(publisher.get_subscription_count() > 0 for publisher in self._mirror.values())

    def words(self, state: RobotState | None) -> dict[str, Any]:
        """For console/status."""
        tools = state.tools if state is not None else {}
        felt = {arm: float(np.linalg.norm(tool.touch.force)) for arm, tool in tools.items() if tool.touch is not None}
        hands = {arm: float(np.linalg.norm(force)) for arm, force in self._output.forces.items()}
        return {"force": felt, "force_most": max(felt.values(), default=None), "feedback": self._output.word, "hand_force": hands}

    def diagnose(self) -> dict[str, object]:
        """Counters."""
        return {"feedback": self._output.word, "feedback_shortened": self._feedback.shortened, "feedback_refused": self._feedback.refused}


class ToolsEnd:
    """The patient's half: forces of the tools, and how force feedback changes where commands want them."""

    def __init__(self, node: TeleopBridge) -> None:
        """Make the endpoints."""
        self._node, self._feedback, self._mail = node, ToolsFeedback(), node.mailbox()
        self._felt: dict[str, tuple[FloatArray, float]] = {}
        for arm in INSTRUMENTS:
            self._mail.subscribe("arm_measured_cf", lambda msg, name=arm: self._take(name, msg), arm=arm)

    def _take(self, arm: str, msg: Any) -> None:
        force = msg.wrench.force
        vector = (force.x, force.y, force.z)
        if all(map(math.isfinite, vector)) and msg.header.frame_id == VIEW:
            self._felt[arm] = np.array(vector), self._node.now()
        else:
            self._node.count("bad_force")

    def applied(self, session: int, command: MotionCommand, now: float) -> MotionCommand:
        """The command as force feedback changes it; itself where that is off."""
        felt = self._ages(now) if command.feedback is not FeedbackMode.OFF else {}
        return self._feedback.update(session, command, felt, now)

    def touched(self, tools: Mapping[str, ToolState], now: float) -> dict[str, ToolState]:
        """The tools with what they feel."""
        felt = self._ages(now)
        touches = {arm: self._feedback.touch(arm, felt.get(arm)) for arm in tools}
        return {arm: ToolState(tool.pose, tool.jaw, tool.tracking_error, touches[arm]) for arm, tool in tools.items()}

    def read(self) -> None:
        """Take the newest forces."""
        self._mail.read()

    def _ages(self, now: float) -> Mapping[str, tuple[FloatArray, float]]:
        return {arm: (force, max(now - at, 0.0)) for arm, (force, at) in self._felt.items()}

    def diagnose(self) -> dict[str, object]:
        """Counters."""
        return {"feedback_limited": self._feedback.limited}
