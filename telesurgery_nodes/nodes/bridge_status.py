"""What `console/status` says, as one dict: plain numbers, None where something is not known (JSON has no infinity)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..core.link.clock import ClockEstimate
from ..core.link.ledger import STAGES, LoopEntry
from ..core.link.ledger_picture import EYE_STAGES, EyeEntry
from ..core.link.redundancy import RedundancyState
from ..core.link.session import LinkHealth
from ..core.safety.causes import Cause
from ..core.teleop.clutch import TeleopOutput
from ..core.values import RobotState

MILLI = 1e3
CAUSE_NAMES = {int(cause): cause.name for cause in Cause}


def shown(value: float) -> float | None:
    """A finite number, or None."""
    return value if math.isfinite(value) else None


def tracking_error(state: RobotState | None) -> float:
    """Worst distance of a tool from its set point [m]; NaN where no tool is known."""
    return max((tool.tracking_error for tool in state.tools.values()), default=math.nan) if state else math.nan


def teleop_words(output: TeleopOutput | None, state: RobotState | None) -> dict[str, Any]:
    """Both state machines, and the tools."""
    error = tracking_error(state)
    return {
        "state": output.state.name if output else "DISABLED", "following": bool(output and output.follow),
        "reason": output.reason if output else "", "phase": state.phase.name if state else "UNKNOWN",
        "cause": _cause_name(state.cause) if state else "NONE", "motion_epoch": state.motion_epoch if state else 0,
        "tracking_error": shown(error), "tracking_error_mm": shown(error * MILLI),
        "align_error_deg": dict(output.align_error_deg) if output else {},
    }  # fmt: skip


def loop_words(loop: LoopEntry | None) -> dict[str, Any]:
    """The command loop."""
    if loop is None:
        return {"loop": None, "loop_ms": None, "own_cost_ms": None, "stages": {}}
    stages = in_ms(dict(zip(STAGES, loop.stages, strict=True)))
    return {"loop": loop.loop, "loop_ms": loop.loop * MILLI, "own_cost_ms": loop.own_cost * MILLI, "stages": stages}


def picture_words(age: float, stages: Mapping[str, float], eyes: EyeEntry | None) -> dict[str, Any]:
    """The picture, and hand to eyes."""
    return {
        "picture_age": shown(age), "picture_age_ms": shown(age * MILLI), "picture_stages": in_ms(stages),
        "hand_to_eyes_ms": eyes.loop * MILLI if eyes else None, "hand_to_eyes_own_ms": eyes.own_cost * MILLI if eyes else None,
        "hand_to_eyes_stages": in_ms(dict(zip(EYE_STAGES, eyes.stages, strict=True)) if eyes else {}),
    }  # fmt: skip


def link_words(health: LinkHealth, clocks: Mapping[str, ClockEstimate]) -> dict[str, Any]:
    """Paths and the clock. Every offset is estimated: an asymmetric path shifts it by half its asymmetry, within the bound."""
    paths = [
        {"name": path.name, "state": path.state.name, "reason": path.reason.name, "loss": path.loss, "jitter": path.jitter,
         "rtt": shown(path.round_trip), "jitter_ms": path.jitter * MILLI, "rtt_ms": shown(path.round_trip * MILLI),
         "skew_ms": shown(path.skew * MILLI), "burst": path.burst, "longest_burst": path.longest_burst,
         "duplicates": path.duplicate_share, "mtu": path.mtu, "clock": clock_words(clocks[path.name])}
        for path in health.paths
    ]  # fmt: skip
    return {
        "connected": health.established, "paths": paths, "clock": clock_words(health.clock), "clock_difference_ms": difference_ms(clocks)
    }


def redundancy_words(spare: RedundancyState) -> dict[str, Any]:
    """Whether the link would survive the loss of a path, in this end's receiving direction."""
    return {"redundancy": {"lost": spare.lost, "ready": spare.ready, "of": spare.of, "sentence": spare.sentence}}


def clock_words(clock: ClockEstimate) -> dict[str, Any] | None:
    """Peer's clock minus own one, with the bound within which the truth lies."""
    if not clock.samples:
        return None
    return {
        "estimated_offset_s": clock.offset, "bound_ms": clock.bound * MILLI, "smallest_rtt_ms": clock.round_trip * MILLI,
        "exchanges": clock.samples,
    }  # fmt: skip


def difference_ms(clocks: Mapping[str, ClockEstimate]) -> float | None:
    """Widest difference of the paths' offsets: half the difference of their asymmetries. None with fewer than two known."""
    offsets = [clock.offset for clock in clocks.values() if clock.samples]
    return (max(offsets) - min(offsets)) * MILLI if len(offsets) > 1 else None


def in_ms(stages: Mapping[str, float]) -> dict[str, float]:
    """Stages in milliseconds."""
    return {name: value * MILLI for name, value in stages.items()}


def _cause_name(number: int) -> str:
    return CAUSE_NAMES.get(number, f"cause {number}")
