"""The two ends of a bilateral link as pure steppers: the hand's and the tool's. Three ways to couple them, one interface.

Flow is displacement since the clutch epoch [m] in tool units, effort is the force the tool exerts on what it touches [N]; both
shape (n,). A hand that moves along the force puts energy in; a tool that moves along it takes energy out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..values import FloatArray

FASTEST = 0.1  # [m/s] of the tool: the gate's hard limit
LONGEST_TICK = 0.02  # [s] a later tick is not stretched


@dataclass(frozen=True, eq=False)
class HandSays:
    """Hand to tool: ``displacement`` [m], ``wave`` running integral (wave mode, else zeros), ``credit`` running total [J]."""

    displacement: FloatArray
    wave: FloatArray
    credit: float


@dataclass(frozen=True, eq=False)
class ToolSays:
    """Tool to hand: ``force`` the tool exerts [N], ``wave`` running integral, ``credit`` running total [J]."""

    force: FloatArray
    wave: FloatArray
    credit: float


@dataclass(frozen=True, eq=False)
class HandOutput:
    """``force`` [N] that resists the hand until the next tick; ``says`` goes to the tool."""

    force: FloatArray
    says: HandSays
    limited: bool


@dataclass(frozen=True, eq=False)
class ToolOutput:
    """``displacement`` [m] the tool shall have at the next tick; ``says`` goes to the hand."""

    displacement: FloatArray
    says: ToolSays
    limited: bool


class HandPort(Protocol):
    """The surgeon's end."""

    def update(self, displacement: FloatArray, heard: ToolSays | None, now: float, most: float = math.inf) -> HandOutput:
        """The hand stands at ``displacement``; ``heard`` the newest of the tool, None before the first; ``most`` [N] now allowed."""


class ToolPort(Protocol):
    """The patient's end."""

    def update(self, heard: HandSays | None, force: FloatArray, now: float) -> ToolOutput:
        """``heard`` the newest of the hand; ``force`` the tool exerts now."""


class Ticks:
    """Time since the last update, never stretched."""

    def __init__(self) -> None:
        self._at: float | None = None

    def since(self, now: float) -> float:
        """[s], 0 at the first."""
        passed = 0.0 if self._at is None else min(max(now - self._at, 0.0), LONGEST_TICK)
        self._at = now
        return passed


class NaiveHand:
    """The force as it comes. For comparison only: it makes energy out of delay."""

    def update(self, displacement: FloatArray, heard: ToolSays | None, now: float, most: float = math.inf) -> HandOutput:
        """See HandPort; no limit."""
        force = heard.force if heard is not None else np.zeros_like(displacement)
        return HandOutput(force, HandSays(displacement, np.zeros_like(displacement), 0.0), False)


class NaiveTool:
    """The displacement as it comes. For comparison only."""

    def update(self, heard: HandSays | None, force: FloatArray, now: float) -> ToolOutput:
        """See ToolPort."""
        where = heard.displacement if heard is not None else np.zeros_like(force)
        return ToolOutput(where, ToolSays(force, np.zeros_like(force), 0.0), False)
