"""What touches the tools in MuJoCo: contact forces on wrist and fingers, summed about the tip.

Contacts only, so gravity, inertia and motors never show, as with an ideal sensor between shaft and wrist. A ring held between the
fingers weighs, its squeeze cancels. Smoothed by a first-order low-pass, because a rigid contact chatters from step to step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...core.kinematics.frames import Frame, cross, floats_of, rotate, transpose
from ...core.rotations import vector_of
from ...core.values import Wrench
from .layout import Tip, placed

SMOOTHING = 0.005  # [s] time constant; 32 Hz, below what a hand feels as texture and above what it does on purpose
WRISTED = ("wrist_pitch_link", "finger_right", "finger_left")  # bodies that belong to a tool besides the one that carries its tip


class TipForces:
    """Stepped with the physics; `wrench` says what is felt."""

    def __init__(self, mujoco: Any, model: Any, tips: Mapping[str, Tip], dt: float) -> None:
        """``tips``: which arms, and how the base of each stands in the cart; ``dt`` [s] of a physics step."""
        self._mujoco, self._model, self._tips = mujoco, model, tips
        self._number = {arm: index for index, arm in enumerate(tips)}
        self._axes = [transpose(tip.mount.r) for tip in tips.values()]
        self._last = [model.body(tip.last).id for tip in tips.values()]
        bodies = {model.body(number).name: number for number in range(model.nbody)}
        own = [{bodies[f"{arm}_{part}"] for part in WRISTED if f"{arm}_{part}" in bodies} for arm in tips]
        # World, which feels nothing from outside, fills the rows of tools with fewer bodies.
        rows = [sorted({last, *more}) for last, more in zip(self._last, own, strict=True)]
        self._parts = np.array([[*row, *[0] * (len(WRISTED) + 1 - len(row))] for row in rows])
        self._share = 1.0 - math.exp(-dt / SMOOTHING)
        self._felt = np.zeros((len(tips), 6))  # torque about the arm's centre of mass, then force: MuJoCo's order

    def update(self, data: Any) -> None:
        """After a physics step: what acts on each body from outside the arm (`cfrc_ext`, contacts only here)."""
        self._mujoco.mj_rnePostConstraint(self._model, data)
        self._felt += self._share * (data.cfrc_ext.take(self._parts, axis=0).sum(axis=1) - self._felt)

    def wrench(self, arm: str, data: Any) -> Wrench | None:
        """About the tip, axes of the arm's base; None for an arm without a tool."""
        if arm not in self._number:
            return None
        index = self._number[arm]
        last, axes, tip = self._last[index], self._axes[index], self._tips[arm]
        at = placed(Frame(vector_of(data.xpos[last]), floats_of(data.xmat[last])), tip.chain.tool.p)
        root = vector_of(data.subtree_com[self._model.body_rootid[last]])
        torque, force = vector_of(self._felt[index, :3]), vector_of(self._felt[index, 3:])
        lever = cross((root[0] - at[0], root[1] - at[1], root[2] - at[2]), force)
        about_tip = (torque[0] + lever[0], torque[1] + lever[1], torque[2] + lever[2])
        return Wrench(np.array(rotate(axes, force)), np.array(rotate(axes, about_tip)), tip.base)
