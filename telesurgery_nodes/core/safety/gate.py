"""The last hop before the motors: arm control asks here on every tick. Denies by default.

It judges by its own clock and its own data, so it stops the arm without any help from the watchdog or the network. A latched gate
opens again only under a permit with a larger motion epoch, which exists only after a fresh pedal press.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from telesurgery_nodes.core.safety.causes import TIMINGS, Cause, Timing, limits
from telesurgery_nodes.core.values import Permit

DEFAULT_JUMP_M = 0.010  # about 5 x (60 mm/s normal tip speed x 33 ms): more is no hand movement (safety.md section 3)
DEFAULT_JUMP_RAD = math.radians(10.0)
BAD_COUNT = 3  # hazard 23: 3 bad commands ...
BAD_WINDOW = 1.0  # ... in 1 s [s]


@dataclass(frozen=True)
class GateLimits:
    """Times [s] and distances the gate allows."""

    permit_valid: float = 0.060
    permit_latch: float = 0.150
    command_hold: float = 0.050
    command_latch: float = 0.150
    jump_m: float = DEFAULT_JUMP_M
    jump_rad: float = DEFAULT_JUMP_RAD
    bad_count: int = BAD_COUNT
    bad_window: float = BAD_WINDOW


def gate_limits(timing: Timing = TIMINGS["realtime"], jump_m: float = DEFAULT_JUMP_M, jump_rad: float = DEFAULT_JUMP_RAD) -> GateLimits:
    """The gate's limits under a host's timing profile, from the same table of causes the watchdog uses."""
    permit_valid, permit_latch = limits(Cause.PERMIT_LOST, timing)
    command_hold, command_latch = limits(Cause.COMMAND_SILENT, timing)
    return GateLimits(permit_valid, permit_latch, command_hold, command_latch, jump_m, jump_rad)


@dataclass(frozen=True)
class GateRequest:
    """One tick's facts. Ages in seconds of arm control's steady clock, ``inf`` when there is nothing.

    ``permit``: the newest received, ``permit_age`` since it arrived; ``command_age`` since the newest command arrived;
    ``command_new``: a command is offered on this tick, and ``finite``, ``jump_m`` [m], ``jump_rad`` [rad] describe it (distance of
    its target from the current set point); ``motion_started_age``: since ``permit.motion`` rose; ``released``: the newest thing said
    to this arm was to hold, so its silence is meant.
    """

    permit: Permit | None
    permit_age: float
    command_age: float
    command_new: bool
    finite: bool
    jump_m: float
    jump_rad: float
    enabled: bool
    homed: bool
    motion_started_age: float
    released: bool = False


@dataclass(frozen=True)
class GateDecision:
    """``motion`` False: keep the set point still, and drop the command offered on this tick."""

    motion: bool
    cause: Cause
    latched: bool


def _within(value: float, limit: float) -> bool:
    return 0.0 <= value <= limit  # False for NaN and for negative values


class Gate:
    """Admits motion tick by tick."""

    def __init__(self, limits: GateLimits | None = None) -> None:
        self.limits = limits if limits is not None else GateLimits()
        self.refused = 0
        self._bad: deque[float] = deque()
        self._latch: Cause = Cause.NONE
        self._newest: Permit | None = None
        self._retired: set[int] = set()

    def admit(self, request: GateRequest, now: float) -> GateDecision:
        """Decide for this tick. ``now`` [s] of arm control's steady clock."""
        live = self._learn(request.permit)
        self._latch_if_lost(request, live)
        refusal = self._refusal(request, now)
        cause = self._first_cause(request, live, refusal)
        return GateDecision(cause is Cause.NONE, cause, self._latch is not Cause.NONE)

    def _learn(self, permit: Permit | None) -> Permit | None:
        """Take in a permit; None when there is none or it is an old one delivered again."""
        newest = self._newest
        if permit is None or permit.boot_id in self._retired:
            return None
        if newest is not None and permit.boot_id != newest.boot_id:
            self._retired.add(newest.boot_id)
            self._latch = Cause.WATCHDOG_RESTART
        elif newest is not None and (permit.seq < newest.seq or permit.motion_epoch < newest.motion_epoch):
            return None
        elif newest is not None and permit.motion_epoch > newest.motion_epoch:
            self._latch = Cause.NONE
            self._bad.clear()
        self._newest = permit
        return permit

    def _latch_if_lost(self, request: GateRequest, live: Permit | None) -> None:
        """Too long without a permit or a command while motion was allowed: this motion epoch is over."""
        if self._latch is not Cause.NONE or self._newest is None or not self._newest.motion:
            return
        if not _within(request.permit_age, self.limits.permit_latch):
            self._latch = Cause.PERMIT_LOST
        elif live is None or request.released:
            return  # an arm that was told to hold owes no commands
        elif not _within(min(request.command_age, request.motion_started_age), self.limits.command_latch):
            self._latch = Cause.COMMAND_SILENT

    def _refusal(self, request: GateRequest, now: float) -> Cause:
        """Judge the offered command by itself; too many bad ones latch."""
        if not request.command_new:
            return Cause.NONE
        cause = Cause.NONE
        if not request.finite:
            cause = Cause.BAD_COMMAND
        elif not (_within(request.jump_m, self.limits.jump_m) and _within(request.jump_rad, self.limits.jump_rad)):
            cause = Cause.JUMP
        if cause is Cause.NONE:
            return cause
        self.refused += 1
        self._bad.append(now)
        while now - self._bad[0] > self.limits.bad_window:
            self._bad.popleft()
        if len(self._bad) >= self.limits.bad_count and self._latch is Cause.NONE:
            self._latch = cause
        return cause

    def _first_cause(self, request: GateRequest, live: Permit | None, refusal: Cause) -> Cause:
        """The first reason not to move, hardest first."""
        if self._latch is not Cause.NONE:
            return self._latch
        if live is None or not _within(request.permit_age, self.limits.permit_valid):
            return Cause.PERMIT_LOST
        if not (request.enabled and request.homed):
            return Cause.ROBOT_NOT_READY
        if not live.motion:
            return Cause.NO_PERMISSION
        if not _within(request.command_age, self.limits.command_hold):
            return Cause.COMMAND_SILENT
        return refusal
