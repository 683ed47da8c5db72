"""The laws of the console's pace (core/teleop/tool_pace.py) in the random sequences, against a console that has none."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...core.rotations import angle
from ...core.teleop.clutch import Teleop, TeleopInputs, TeleopOutput
from ...core.teleop.tool_pace import SPEED, TURN, PaceCounts, PaceLimits
from ...core.values import ArmMotion

NO_PACE = PaceLimits(1e6, 1e6)
ROUNDED_OFF = 1e-9  # [m, rad]


class LawBroken(AssertionError):
    """A sequence did what none may do."""


@dataclass
class _Hand:
    """One hand in one epoch: counts at its beginning, and both consoles' wishes of the tick before."""

    began: PaceCounts
    ours: ArmMotion
    plain: ArmMotion


@dataclass
class PaceLaws:
    """`check` once a tick, with what the console under test was told and said."""

    rate: float
    plain: Teleop = field(init=False)
    hands: dict[str, _Hand] = field(default_factory=dict)
    seen: int = 0
    epoch: int = -1

    def __post_init__(self) -> None:
        self.plain = Teleop(rate=self.rate, pace=NO_PACE)

    def check(self, teleop: Teleop, inputs: TeleopInputs, out: TeleopOutput, now: float) -> None:
        """LawBroken where a wish is faster than the console's figures, or other than the hand's without need."""
        plain, paces = self.plain.update(inputs, now), teleop.paces
        if (plain.state, plain.epoch) != (out.state, out.epoch):
            raise LawBroken(f"the pace changed the state: {out.state.name} {out.epoch}, without it {plain.state.name} {plain.epoch}")
        before = self.hands if out.epoch == self.epoch else {}
        self.hands, self.epoch = {}, out.epoch
        for master, arm in inputs.pairs.items():
            if arm not in out.arms:
                continue
            ours, wish = out.arms[arm], plain.arms[arm]
            old = before.get(master)
            if old is not None:
                self._fast(arm, old, ours, wish)
            began = old.began if old is not None else paces[master]
            _untouched(arm, began, paces[master], ours, wish)
            self.seen += paces[master] != began
            self.hands[master] = _Hand(began, ours, wish)

    def _fast(self, arm: str, old: _Hand, ours: ArmMotion, plain: ArmMotion) -> None:
        dt = 1.0 / self.rate
        step, wished = ours.displacement - old.ours.displacement, plain.displacement - old.plain.displacement
        moved, turned = float(np.linalg.norm(step)), angle(ours.rotation @ old.ours.rotation.T)
        if moved > SPEED * dt + ROUNDED_OFF or turned > TURN * dt + ROUNDED_OFF:
            raise LawBroken(f"{arm}: asked for {moved} m, {turned} rad in {dt} s, more than the console may")
        if moved > float(np.linalg.norm(wished)) + ROUNDED_OFF or (not wished.any() and step.any()):
            raise LawBroken(f"{arm}: asked for {moved} m, the hand went {np.linalg.norm(wished)} m: something is caught up")
        late, was_late = angle(plain.rotation @ ours.rotation.T), angle(old.plain.rotation @ old.ours.rotation.T)
        further = angle(plain.rotation @ old.plain.rotation.T)
        if late > max(0.0, was_late + further - TURN * dt) + ROUNDED_OFF:
            raise LawBroken(f"{arm}: {late} rad behind the hand, {was_late} rad before and {further} rad wished since")


def _untouched(arm: str, began: PaceCounts, now: PaceCounts, ours: ArmMotion, plain: ArmMotion) -> None:
    """Where the hand was never faster in this epoch, every bit is as without a pace."""
    if now.slips == began.slips and not np.array_equal(ours.displacement, plain.displacement):
        raise LawBroken(f"{arm}: nothing slipped, but the wish is not the hand's: {ours.displacement}, {plain.displacement}")
    if now.lags == began.lags and not np.array_equal(ours.rotation, plain.rotation):
        raise LawBroken(f"{arm}: nothing lagged, but the wish is not turned like the hand")
