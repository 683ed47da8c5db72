"""Force feedback around the ports: when it may push at all, how hard, and how both ends begin and end together.

Off unless asked for. Refused over a link whose round trip is too long, unless the user insists. A clutch epoch begins with fresh
ports at both ends; nothing that belongs to another epoch counts. No following, no fresh tool state: no force, at once.
Hand forces are the tool's times the motion scale: then what the hand gives is what the tool gets, joule for joule.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..values import ArmMotion, FeedbackMode, FloatArray, MotionCommand, PortSays, ToolState, Touch
from .ports import HandPort, HandSays, Ticks, ToolPort, ToolSays
from .tdpa import TdpaHand, TdpaTool
from .wave import WaveHand, WaveTool

MOST_N = 2.0  # [N] on a hand
ROUND_TRIP_S = 0.05  # safety.md section 3: off above this unless the user insists
RAMP_S = 0.5  # from nothing to all of it
FADE_S = 0.3  # in which a tool that leaves force feedback comes back to where its hand is
FORCE_AGE_S = 0.15  # as the gate's: an older force is not the present one
AXES = 3
OFF_WORD, WAITING_WORD, ON_WORD, LATER_WORD, UNKNOWN_WORD = "off", "not following", "on", "from the next clutch on", "no force known"

HANDS: Mapping[FeedbackMode, Callable[[int, FloatArray], HandPort]] = {FeedbackMode.TDPA: TdpaHand, FeedbackMode.WAVE: WaveHand}
TOOLS: Mapping[FeedbackMode, Callable[[int, FloatArray], ToolPort]] = {FeedbackMode.TDPA: TdpaTool, FeedbackMode.WAVE: WaveTool}


@dataclass(frozen=True)
class FeedbackLimits:
    """``most`` [N] on a hand; ``round_trip`` [s] above which it is refused unless ``anyway``."""

    most: float = MOST_N
    round_trip: float = ROUND_TRIP_S
    anyway: bool = False


@dataclass(frozen=True)
class FeedbackInputs:
    """``arms``: what the hands wish, empty unless following; ``tools`` as returned, ``tools_fresh``; ``round_trip`` [s]."""

    mode: FeedbackMode
    epoch: int
    arms: Mapping[str, ArmMotion]
    tools: Mapping[str, ToolState]
    tools_fresh: bool
    round_trip: float
    scale: float


@dataclass(frozen=True)
class FeedbackOutput:
    """``mode`` to send with ``arms`` (their port filled in); ``forces`` on the hands by arm, shape (3,) [N]; ``word`` for people."""

    mode: FeedbackMode
    arms: Mapping[str, ArmMotion]
    forces: Mapping[str, FloatArray]
    word: str


class HandsFeedback:
    """The surgeon's end: all arms that follow hands. ``counts``: ticks in which a force was shortened, epochs refused."""

    def __init__(self, limits: FeedbackLimits | None = None) -> None:
        self.limits = limits if limits is not None else FeedbackLimits()
        self.shortened = self.refused = 0
        self._ports: dict[str, HandPort] = {}
        self._epoch: int | None = None
        self._over: int | None = None  # an epoch whose accounts are closed: opened again they would count energy twice
        self._mode = FeedbackMode.OFF
        self._refusal = ""
        self._began = math.inf

    def update(self, inputs: FeedbackInputs, now: float) -> FeedbackOutput:
        """One tick."""
        if not inputs.arms or inputs.mode is FeedbackMode.OFF:
            self._over = self._epoch if self._epoch is not None else self._over
            self._ports, self._epoch = {}, None
            return FeedbackOutput(FeedbackMode.OFF, inputs.arms, {}, WAITING_WORD if inputs.mode else OFF_WORD)
        if inputs.epoch != self._epoch:
            self._begin(inputs, now)
        if not self._refusal and not (self.limits.anyway or inputs.round_trip <= self.limits.round_trip):
            self.refused += 1
            self._refusal = f"refused: round trip {inputs.round_trip * 1e3:.0f} ms, at most {self.limits.round_trip * 1e3:.0f} ms"
        if self._refusal:
            return FeedbackOutput(FeedbackMode.OFF, inputs.arms, {}, self._refusal)
        return self._push(inputs, now)

    def _begin(self, inputs: FeedbackInputs, now: float) -> None:
        self._epoch, self._mode, self._began = inputs.epoch, inputs.mode, now
        self._refusal = LATER_WORD if inputs.epoch == self._over else ""
        self._ports = {arm: HANDS[self._mode](AXES, motion.displacement) for arm, motion in inputs.arms.items()}

    def _push(self, inputs: FeedbackInputs, now: float) -> FeedbackOutput:
        share = min(max((now - self._began) / RAMP_S, 0.0), 1.0) if inputs.tools_fresh else 0.0
        most = share * self.limits.most / inputs.scale
        arms, forces = dict(inputs.arms), {}
        for arm, port in self._ports.items():
            if arm not in arms:
                continue
            out = port.update(arms[arm].displacement, self._heard(inputs.tools.get(arm)), now, most)
            self.shortened += out.limited
            arms[arm] = replace(arms[arm], port=PortSays(out.says.wave, out.says.credit))
            forces[arm] = -inputs.scale * out.force
        known = [arm for arm in arms if arm in inputs.tools and inputs.tools[arm].touch is not None]
        return FeedbackOutput(self._mode, arms, forces, ON_WORD if len(known) == len(arms) else UNKNOWN_WORD)

    def _heard(self, tool: ToolState | None) -> ToolSays | None:
        touch = tool.touch if tool is not None else None
        if touch is None or touch.epoch != self._epoch:
            return None
        return ToolSays(-touch.force, touch.wave, touch.credit)


@dataclass
class _Tool:
    port: ToolPort
    says: ToolSays
    epoch: int


class ToolsFeedback:
    """The patient's end: changes where a command wants the tools, as far as force feedback asks for it."""

    def __init__(self) -> None:
        self.limited = 0
        self._key: tuple[int, int, FeedbackMode] | None = None
        self._tools: dict[str, _Tool] = {}
        self._left: set[str] = set()  # arms whose accounts are closed until the next epoch
        self._offsets: dict[str, FloatArray] = {}
        self._ticks = Ticks()

    def update(self, session: int, command: MotionCommand, forces: Mapping[str, tuple[FloatArray, float]], now: float) -> MotionCommand:
        """``forces``: arm -> (force of the surroundings on the tip (3,) [N], view frame; its age [s])."""
        key = (session, command.epoch, command.feedback)
        if self._key is None or key[:2] != self._key[:2]:
            self._tools, self._left, self._offsets = {}, set(), {}
        self._key = key
        dt = self._ticks.since(now)
        if command.feedback is FeedbackMode.OFF and not self._tools and not self._offsets:
            return command
        moved = {arm: self._moved(arm, motion, command, forces.get(arm), now, dt) for arm, motion in command.arms.items()}
        return replace(command, arms=moved)

    def _moved(
        self, arm: str, motion: ArmMotion, command: MotionCommand, felt: tuple[FloatArray, float] | None, now: float, dt: float
    ) -> ArmMotion:
        known = felt is not None and 0.0 <= felt[1] <= FORCE_AGE_S and bool(np.isfinite(felt[0]).all())
        if command.feedback is FeedbackMode.OFF or motion.port is None or felt is None or not known or arm in self._left:
            return self._plain(arm, motion, dt)
        start = motion.displacement + self._offsets.get(arm, np.zeros(AXES))
        if arm not in self._tools:
            port = TOOLS[command.feedback](AXES, start)
            self._tools[arm] = _Tool(port, ToolSays(-felt[0], np.zeros(AXES), 0.0), command.epoch)
        tool = self._tools[arm]
        out = tool.port.update(HandSays(motion.displacement, motion.port.wave, motion.port.credit), -felt[0], now)
        tool.says = out.says
        self.limited += out.limited
        self._offsets[arm] = out.displacement - motion.displacement
        return replace(motion, displacement=out.displacement)

    def _plain(self, arm: str, motion: ArmMotion, dt: float) -> ArmMotion:
        """Without force feedback: where the hand is, after a fade where it was elsewhere."""
        if self._tools.pop(arm, None) is not None:
            self._left.add(arm)
        offset = self._offsets.get(arm)
        if offset is None:
            return motion
        self._offsets[arm] = offset * max(0.0, 1.0 - dt / FADE_S)
        return replace(motion, displacement=motion.displacement + self._offsets[arm])

    def touch(self, arm: str, felt: tuple[FloatArray, float] | None) -> Touch | None:
        """What to tell the surgeon of an arm; None where its force is not known."""
        if felt is None or not 0.0 <= felt[1] <= FORCE_AGE_S or not all(map(math.isfinite, felt[0].tolist())):
            return None
        tool = self._tools.get(arm)
        if tool is None:
            return Touch(felt[0], np.zeros(AXES), 0.0, 0)
        return Touch(felt[0], tool.says.wave, tool.says.credit, tool.epoch)
