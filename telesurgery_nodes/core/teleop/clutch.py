"""The surgeon side's clutch and alignment machine: when may the hands move the tools, and by how much.

`Teleop.update` picks the most severe event, walks the table (table.py) one step, and gives the wish for this instant. The patient
side decides again on its own (core/safety); this machine only never asks for more than the operator plainly wants.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from ..rotations import angle
from ..values import MASTERS, FloatArray, Hand, Phase
from .camera import can_hold
from .motion import HandMotion, poses
from .operator_signs import PresenceProof, PressDetector
from .table import CAUSES, STEADY_SENTENCE, Event, State, next_state
from .tool_pace import PaceCounts, PaceLimits
from .values import TeleopInputs, TeleopOutput, usable

__all__ = ["Teleop", "TeleopInputs", "TeleopOutput"]

# dVRK orientation tolerance: 5 deg to begin, 2 deg after a clutch.
GATE_FIRST_DEG = 5.0
GATE_CLUTCH_DEG = 2.0
# One network round trip and the patient side's tick are far below this; longer means the patient side says no.
CONFIRM_TIME = 1.0
# A picture older than this is not operated on (reference/safety.md section 3, video row).
PICTURE_AGE_MAX = 0.5
RATE = 250.0  # [Hz] updates, where the node does not say otherwise

BEFORE_FOLLOWING = frozenset({Phase.HOLDING, Phase.ALIGNING})
CONFIRMING = frozenset({Phase.FOLLOWING, Phase.COAST_HOLD, Phase.CLUTCHED})
ENGAGED = frozenset({State.FOLLOWING, State.CLUTCHED, State.CAMERA})
MOVING = frozenset({State.FOLLOWING, State.CAMERA})
SHOWN_GOALS = frozenset({State.ALIGNING, State.READY, State.CLUTCHED, State.CAMERA})


class Teleop:
    """One operator, two hands. Starts DISABLED; a wish to move exists only while every condition holds."""

    def __init__(self, rate: float = RATE, picture_age_max: float = PICTURE_AGE_MAX, pace: PaceLimits | None = None) -> None:
        """``rate`` [Hz] of the updates; ``picture_age_max`` [s]; ``pace``: the most that a tool is asked for."""
        self._picture_age_max = picture_age_max
        self._motion = HandMotion(rate, pace if pace is not None else PaceLimits())
        self._press = PressDetector()
        self._proofs = {master: PresenceProof() for master in MASTERS}
        self._pairs: dict[str, str] = {}
        self._swapped: set[str] = set()  # masters whose arm is new: they prove presence again, their jaw begins at the tool's
        self._state = State.DISABLED
        self._entered = 0.0
        self._confirmed_epoch: int | None = None
        self._now = -math.inf
        self._leave_reason = STEADY_SENTENCE[State.DISABLED]

    @property
    def jaw_clamped(self) -> int:
        """Updates in which the fingers asked for more than a jaw can do."""
        return sum(jaw.clamped for jaw in self._motion.jaws.values())

    @property
    def paces(self) -> Mapping[str, PaceCounts]:
        """Master -> how often and how far its hand was faster than a tool may be."""
        return {master: pace.counts for master, pace in self._motion.paces.items()}

    def update(self, inputs: TeleopInputs, now: float) -> TeleopOutput:
        """One step at steady time ``now`` [s]."""
        good = self._rising(now) and usable(inputs)
        hands = self._motion.smooth(inputs, now) if good and inputs.hands_fresh else {}
        pressed = self._press.update(inputs.pedals.engage, good and inputs.hands_fresh, now)
        swapped = self._take_pairs(inputs) if good else False
        errors = self._errors(inputs) if good and inputs.tools_fresh and inputs.hands_fresh else {}
        event = self._blocker(inputs, good) or (Event.SWAPPED if swapped else self._choose(inputs, hands, errors, pressed, now))
        state = next_state(self._state, event)
        if state in MOVING and self._state not in MOVING:
            hands = self._motion.smooth_anew(inputs, now)
        self._enter(state, event, inputs, hands, now)
        return self._output(inputs, hands, errors, event, now)

    def _output(
        self, inputs: TeleopInputs, hands: Mapping[str, Hand], errors: Mapping[str, float], event: Event, now: float
    ) -> TeleopOutput:
        state = self._state
        camera, forces = self._motion.camera(hands) if state is State.CAMERA else (None, {})
        return TeleopOutput(
            state=state,
            follow=state in ENGAGED,
            aligning=state in (State.ALIGNING, State.READY),
            epoch=self._motion.epoch,
            press_count=self._press.count,
            arms=self._motion.arms(hands, self._pairs, now) if state is State.FOLLOWING else {},
            align_goals=self._goals(inputs) if state in SHOWN_GOALS else {},
            align_error_deg=errors,
            reason=self._reason(event),
            camera=camera,
            camera_forces=forces,
        )

    def _rising(self, now: float) -> bool:
        rising = math.isfinite(now) and now >= self._now
        if rising:
            self._now = now
        return rising

    def _take_pairs(self, inputs: TeleopInputs) -> bool:
        """Other pairs than before, in the middle of something? Whoever drives another arm now starts from nothing."""
        new = dict(inputs.pairs)
        moved = {master for master, arm in new.items() if self._pairs.get(master) != arm}
        changed, self._pairs = new != self._pairs and self._state is not State.DISABLED, new
        for master in moved:
            self._proofs[master].restart()
        self._swapped = (self._swapped | moved) & set(new)
        return changed

    def _errors(self, inputs: TeleopInputs) -> dict[str, float]:
        """Angle between each hand and its tool [deg]; only pairs that are both there."""
        return {
            master: math.degrees(angle(inputs.hands[master].pose.rotation @ inputs.tools[arm].pose.rotation.T))
            for master, arm in self._pairs.items()
            if master in inputs.hands and arm in inputs.tools
        }

    def _aligned(self, inputs: TeleopInputs, errors: Mapping[str, float], gate_deg: float) -> bool:
        """Every hand that turns its tool is turned like it (written so that NaN is not)."""
        turning = [m for m in self._pairs if inputs.setting(m).align and not inputs.setting(m).lock_rotation]
        return all(errors[master] <= gate_deg for master in turning)

    def _blocker(self, inputs: TeleopInputs, good: bool) -> Event | None:
        """What forbids everything, in every state."""
        if not good:
            return Event.BAD_INPUT
        if not inputs.enabled:
            return Event.SWITCHED_OFF
        if not self._pairs:
            return Event.NO_PAIR
        if not inputs.pedals.head:
            return Event.HEAD_OUT
        if not inputs.hands_fresh or any(master not in inputs.hands for master in self._pairs):
            return Event.HANDS_STALE
        if not inputs.tools_fresh or any(arm not in inputs.tools for arm in self._pairs.values()):
            return Event.TOOLS_STALE
        if inputs.phase not in BEFORE_FOLLOWING | CONFIRMING:
            return Event.PATIENT_STOPPED
        return None

    def _choose(self, inputs: TeleopInputs, hands: Mapping[str, Hand], errors: Mapping[str, float], pressed: bool, now: float) -> Event:
        """The event of this update where nothing forbids everything."""
        if self._state in ENGAGED:
            return self._choose_engaged(inputs, hands, errors, now)
        if inputs.phase not in BEFORE_FOLLOWING:
            return Event.PATIENT_NOT_HOLDING
        if self._state is State.DISABLED:
            return Event.ALIGN
        proved = [self._proved(inputs, master) for master in self._pairs]
        if not self._aligned(inputs, errors, GATE_FIRST_DEG):
            return Event.MISALIGNED
        if self._state is State.ALIGNING:
            return Event.PROVED if all(proved) else Event.UNPROVED
        if not pressed:
            return Event.STEADY
        return Event.PRESSED if inputs.picture_age <= self._picture_age_max else Event.PICTURE_OLD

    def _proved(self, inputs: TeleopInputs, master: str) -> bool:
        hand, tool = inputs.hands[master], inputs.tools[self._pairs[master]]
        return self._proofs[master].update(hand.gripper, hand.pose.rotation, tool.pose.rotation)

    def _choose_engaged(self, inputs: TeleopInputs, hands: Mapping[str, Hand], errors: Mapping[str, float], now: float) -> Event:
        """While engaged: every reason to leave first, then the pedals."""
        if not inputs.pedals.engage:
            return Event.ENGAGE_UP
        if not inputs.picture_age <= self._picture_age_max:  # written so that NaN leaves
            return Event.PICTURE_OLD
        doubt = self._doubt(inputs, now)
        if doubt is not None:
            return doubt
        proved = [self._proved(inputs, master) for master in self._swapped]
        if inputs.pedals.clutch:
            return Event.STEADY if self._state is State.CLUTCHED else Event.CLUTCH_DOWN
        if inputs.pedals.camera:
            if not can_hold(poses(hands)):
                return Event.CAMERA_AREA
            return Event.STEADY if self._state is State.CAMERA else Event.CAMERA_DOWN
        if self._state is State.CAMERA:
            return Event.CAMERA_UP
        if self._state is State.FOLLOWING:
            return Event.REALIGN if self._motion.needs_realigning(inputs) else Event.STEADY
        if not all(proved):
            return Event.UNPROVED
        return Event.CLUTCH_UP if self._aligned(inputs, errors, GATE_CLUTCH_DEG) else Event.MISALIGNED

    def _doubt(self, inputs: TeleopInputs, now: float) -> Event | None:
        """Does the patient side follow the same press? It has CONFIRM_TIME to say so, and may not go back or begin anew by itself."""
        if inputs.phase in CONFIRMING:
            if self._confirmed_epoch is None:
                self._confirmed_epoch = inputs.motion_epoch
            return None if inputs.motion_epoch == self._confirmed_epoch else Event.PATIENT_LEFT
        if self._confirmed_epoch is not None:
            return Event.PATIENT_LEFT
        return Event.REFUSED if now - self._entered > CONFIRM_TIME else None

    def _enter(self, state: State, event: Event, inputs: TeleopInputs, hands: Mapping[str, Hand], now: float) -> None:
        """Take the step and do what belongs to it. Changed scale, lock or filter while FOLLOWING is a new epoch of its own."""
        before, self._state = self._state, state
        if state is State.ALIGNING and before is State.DISABLED:
            for proof in self._proofs.values():
                proof.restart()
        if state is State.DISABLED and before is not State.DISABLED:
            self._leave_reason = CAUSES[event]
        if state is State.CAMERA and before is not State.CAMERA:
            self._motion.start_camera(hands)
        if state is not State.FOLLOWING:
            return
        if before is State.READY:
            self._entered, self._confirmed_epoch = now, None
        if before is not State.FOLLOWING:
            self._start_jaws(inputs, now, after_clutch=before is State.CLUTCHED)
        if before is not State.FOLLOWING or self._motion.changed(inputs):
            self._motion.start(inputs, hands, self._pairs, now)

    def _start_jaws(self, inputs: TeleopInputs, now: float, after_clutch: bool) -> None:
        """Begin at the tool's jaw; after a clutch at the last jaw asked for, so that a held needle stays held."""
        for master, arm in self._pairs.items():
            held = after_clutch and master not in self._swapped
            self._motion.start_jaw(master, self._motion.jaws[master].ghost if held else inputs.tools[arm].jaw, now)
        self._swapped.clear()

    def _goals(self, inputs: TeleopInputs) -> dict[str, FloatArray]:
        return {master: inputs.tools[arm].pose.rotation for master, arm in self._pairs.items() if inputs.setting(master).align}

    def _reason(self, event: Event) -> str:
        if event is Event.STEADY:
            return STEADY_SENTENCE[self._state]
        if event is Event.PATIENT_NOT_HOLDING:
            return f"{self._leave_reason}; {CAUSES[event]}"
        return CAUSES[event]
