"""The surgeon side's clutch and alignment machine: when may the hands move the tools, and by how much.

`Teleop.update` picks the most severe event, walks the table (table.py) one step, and gives the wish for this instant. The patient
side decides again on its own (core/safety); this machine only never asks for more than the operator plainly wants.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from ...errors import ConfigError
from ..rotations import angle, is_rotation
from ..values import TELEOP_PAIRS, ArmMotion, FloatArray, Hand, Pedals, Phase, ToolState
from .jaw import JawFollower
from .mapping import Anchor, valid_scale
from .operator_signs import PresenceProof, PressDetector
from .table import CAUSES, STEADY_SENTENCE, Event, State, next_state

# dVRK orientation tolerance: 5 deg to begin, 2 deg after a clutch.
GATE_FIRST_DEG = 5.0
GATE_CLUTCH_DEG = 2.0
# One network round trip and the patient side's tick are far below this; longer means the patient side says no.
CONFIRM_TIME = 1.0
# A picture older than this is not operated on (reference/safety.md section 3, video row).
PICTURE_AGE_MAX = 0.5
# A delay-adaptive scale wanders all the time; smaller changes than this do not cost a new epoch.
SCALE_STEP = 0.01

BEFORE_FOLLOWING = frozenset({Phase.HOLDING, Phase.ALIGNING})
CONFIRMING = frozenset({Phase.FOLLOWING, Phase.COAST_HOLD, Phase.CLUTCHED})


@dataclass(frozen=True)
class TeleopInputs:
    """What the surgeon side knows at one instant.

    ``hands`` master -> hand and ``tools`` arm -> tool, both in the view frame; ``phase`` and ``motion_epoch`` as the patient side
    last said; ``picture_age`` [s] (inf: no picture); ``scale`` tool motion per hand motion, (0, 1].
    """

    hands: Mapping[str, Hand]
    hands_fresh: bool
    tools: Mapping[str, ToolState]
    tools_fresh: bool
    pedals: Pedals
    phase: Phase
    motion_epoch: int
    picture_age: float
    scale: float


@dataclass(frozen=True)
class TeleopOutput:
    """The wish of this instant.

    ``follow``: the operator is engaged (FOLLOWING or CLUTCHED, told apart by the clutch pedal); ``arms`` is empty unless FOLLOWING.
    ``align_goals``: master -> wanted rotation (3, 3), view frame, while ALIGNING, READY or CLUTCHED. ``reason`` is for humans.
    """

    state: State
    follow: bool
    aligning: bool
    epoch: int
    press_count: int
    arms: Mapping[str, ArmMotion] = field(default_factory=dict)
    align_goals: Mapping[str, FloatArray] = field(default_factory=dict)
    align_error_deg: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""


class Teleop:
    """One operator, two hands. Starts DISABLED; a wish to move exists only while every condition holds."""

    def __init__(self, pairs: Mapping[str, str] = TELEOP_PAIRS, picture_age_max: float = PICTURE_AGE_MAX) -> None:
        if not pairs:
            raise ConfigError("teleop: wanted at least one pair master -> arm, got none")
        self._pairs = dict(pairs)
        self._picture_age_max = picture_age_max
        self._press = PressDetector()
        self._proofs = {master: PresenceProof() for master in self._pairs}
        self._jaws = {master: JawFollower() for master in self._pairs}
        self._anchors: dict[str, Anchor] = {}
        self._state = State.DISABLED
        self._epoch = 0
        self._scale = 0.0
        self._entered = 0.0
        self._confirmed_epoch: int | None = None
        self._now = -math.inf
        self._leave_reason = STEADY_SENTENCE[State.DISABLED]

    @property
    def jaw_clamped(self) -> int:
        """Updates in which the fingers asked for more than a jaw can do."""
        return sum(jaw.clamped for jaw in self._jaws.values())

    def update(self, inputs: TeleopInputs, now: float) -> TeleopOutput:
        """One step at steady time ``now`` [s]."""
        usable = self._usable(inputs, now)
        pressed = self._press.update(inputs.pedals.engage, usable and inputs.hands_fresh, now)
        errors = self._errors(inputs) if usable and inputs.tools_fresh and inputs.hands_fresh else {}
        event = self._blocker(inputs, usable) or self._choose(inputs, errors, pressed, now)
        self._enter(next_state(self._state, event), event, inputs, now)
        arms = self._motion(inputs, now) if self._state is State.FOLLOWING else {}
        goals = self._goals(inputs) if self._state in (State.ALIGNING, State.READY, State.CLUTCHED) else {}
        return TeleopOutput(
            state=self._state,
            follow=self._state in (State.FOLLOWING, State.CLUTCHED),
            aligning=self._state in (State.ALIGNING, State.READY),
            epoch=self._epoch,
            press_count=self._press.count,
            arms=arms,
            align_goals=goals,
            align_error_deg=errors,
            reason=self._reason(event),
        )

    def _usable(self, inputs: TeleopInputs, now: float) -> bool:
        """Are the numbers numbers? Absent or stale hands and tools have events of their own."""
        rising = math.isfinite(now) and now >= self._now
        if rising:
            self._now = now
        hands = all(_finite_hand(hand) for hand in inputs.hands.values())
        tools = all(_finite_tool(tool) for tool in inputs.tools.values())
        return rising and hands and tools and valid_scale(inputs.scale)

    def _errors(self, inputs: TeleopInputs) -> dict[str, float]:
        """Angle between each hand and its tool [deg]; only pairs that are both there."""
        return {
            master: math.degrees(angle(inputs.hands[master].pose.rotation @ inputs.tools[arm].pose.rotation.T))
            for master, arm in self._pairs.items()
            if master in inputs.hands and arm in inputs.tools
        }

    def _blocker(self, inputs: TeleopInputs, usable: bool) -> Event | None:
        """What forbids everything, in every state."""
        if not usable:
            return Event.BAD_INPUT
        if not inputs.pedals.head:
            return Event.HEAD_OUT
        if not inputs.hands_fresh or any(master not in inputs.hands for master in self._pairs):
            return Event.HANDS_STALE
        if not inputs.tools_fresh or any(arm not in inputs.tools for arm in self._pairs.values()):
            return Event.TOOLS_STALE
        if inputs.phase not in BEFORE_FOLLOWING | CONFIRMING:
            return Event.PATIENT_STOPPED
        return None

    def _choose(self, inputs: TeleopInputs, errors: Mapping[str, float], pressed: bool, now: float) -> Event:
        """The event of this update where nothing forbids everything."""
        if self._state in (State.FOLLOWING, State.CLUTCHED):
            return self._choose_engaged(inputs, errors, now)
        if inputs.phase not in BEFORE_FOLLOWING:
            return Event.PATIENT_NOT_HOLDING
        if self._state is State.DISABLED:
            return Event.ALIGN
        proved = [
            self._proofs[master].update(inputs.hands[master].gripper, inputs.hands[master].pose.rotation, inputs.tools[arm].pose.rotation)
            for master, arm in self._pairs.items()
        ]
        if max(errors.values()) > GATE_FIRST_DEG:
            return Event.MISALIGNED
        if self._state is State.ALIGNING:
            return Event.PROVED if all(proved) else Event.UNPROVED
        if not pressed:
            return Event.STEADY
        return Event.PRESSED if inputs.picture_age <= self._picture_age_max else Event.PICTURE_OLD

    def _choose_engaged(self, inputs: TeleopInputs, errors: Mapping[str, float], now: float) -> Event:
        """While FOLLOWING or CLUTCHED: every reason to leave first, then the clutch."""
        if not inputs.pedals.engage:
            return Event.ENGAGE_UP
        if not inputs.picture_age <= self._picture_age_max:  # written so that NaN leaves
            return Event.PICTURE_OLD
        doubt = self._doubt(inputs, now)
        if doubt is not None:
            return doubt
        if self._state is State.FOLLOWING:
            return Event.CLUTCH_DOWN if inputs.pedals.clutch else Event.STEADY
        if inputs.pedals.clutch:
            return Event.STEADY
        return Event.CLUTCH_UP if max(errors.values()) <= GATE_CLUTCH_DEG else Event.MISALIGNED

    def _doubt(self, inputs: TeleopInputs, now: float) -> Event | None:
        """Does the patient side follow the same press? It has CONFIRM_TIME to say so, and may not go back or begin anew by itself."""
        if inputs.phase in CONFIRMING:
            if self._confirmed_epoch is None:
                self._confirmed_epoch = inputs.motion_epoch
            return None if inputs.motion_epoch == self._confirmed_epoch else Event.PATIENT_LEFT
        if self._confirmed_epoch is not None:
            return Event.PATIENT_LEFT
        return Event.REFUSED if now - self._entered > CONFIRM_TIME else None

    def _enter(self, state: State, event: Event, inputs: TeleopInputs, now: float) -> None:
        """Take the step and do what belongs to it. A changed scale while FOLLOWING is a new epoch of its own."""
        before, self._state = self._state, state
        if state is State.ALIGNING and before is State.DISABLED:
            for proof in self._proofs.values():
                proof.restart()
        if state is State.DISABLED and before is not State.DISABLED:
            self._leave_reason = CAUSES[event]
        if state is not State.FOLLOWING:
            return
        if before is State.READY:
            self._entered, self._confirmed_epoch = now, None
        if before is not State.FOLLOWING:
            self._start_jaws(inputs, now, after_clutch=before is State.CLUTCHED)
        if before is not State.FOLLOWING or abs(inputs.scale - self._scale) > SCALE_STEP:
            self._start_epoch(inputs)

    def _start_epoch(self, inputs: TeleopInputs) -> None:
        self._epoch += 1
        self._scale = inputs.scale
        self._anchors = {master: Anchor(inputs.hands[master].pose, inputs.scale) for master in self._pairs}

    def _start_jaws(self, inputs: TeleopInputs, now: float, after_clutch: bool) -> None:
        """Begin at the tool's jaw; after a clutch at the last jaw asked for, so that a held needle stays held."""
        for master, arm in self._pairs.items():
            jaw = self._jaws[master]
            jaw.start(jaw.ghost if after_clutch else inputs.tools[arm].jaw, now)

    def _motion(self, inputs: TeleopInputs, now: float) -> dict[str, ArmMotion]:
        motions = {}
        for master, arm in self._pairs.items():
            hand, anchor = inputs.hands[master], self._anchors[master]
            jaw = self._jaws[master].update(hand.gripper, now)
            motions[arm] = ArmMotion(anchor.displacement(hand.pose), anchor.rotation(hand.pose), jaw)
        return motions

    def _goals(self, inputs: TeleopInputs) -> dict[str, FloatArray]:
        return {master: inputs.tools[arm].pose.rotation for master, arm in self._pairs.items()}

    def _reason(self, event: Event) -> str:
        if event is Event.STEADY:
            return STEADY_SENTENCE[self._state]
        if event is Event.PATIENT_NOT_HOLDING:
            return f"{self._leave_reason}; {CAUSES[event]}"
        return CAUSES[event]


def _finite(position: FloatArray) -> bool:
    return all(map(math.isfinite, position.tolist()))


def _finite_hand(hand: Hand) -> bool:
    return _finite(hand.pose.position) and is_rotation(hand.pose.rotation) and math.isfinite(hand.gripper)


def _finite_tool(tool: ToolState) -> bool:
    return _finite(tool.pose.position) and is_rotation(tool.pose.rotation) and math.isfinite(tool.jaw)
