"""CRTK operating states as one table (ros2.md section 2.3). FAULT cannot be commanded and is left only by `disable`."""

from __future__ import annotations

import enum
from collections.abc import Mapping


class ArmMode(enum.Enum):
    """operating_state.state."""

    DISABLED = "DISABLED"
    ENABLED = "ENABLED"
    PAUSED = "PAUSED"
    FAULT = "FAULT"


class Request(enum.Enum):
    """state_command strings served."""

    ENABLE = "enable"
    DISABLE = "disable"
    PAUSE = "pause"
    RESUME = "resume"
    HOME = "home"
    UNHOME = "unhome"


# A pair that is not in the table is invalid: counted, nothing changes. FAULT + enable is CRTK's "retry", which the safety rules
# refuse until the local team has reset (safety.md section 6), so it stays FAULT.
TRANSITIONS: Mapping[tuple[ArmMode, Request], ArmMode] = {
    (ArmMode.DISABLED, Request.ENABLE): ArmMode.ENABLED,
    (ArmMode.DISABLED, Request.DISABLE): ArmMode.DISABLED,
    (ArmMode.ENABLED, Request.ENABLE): ArmMode.ENABLED,
    (ArmMode.ENABLED, Request.DISABLE): ArmMode.DISABLED,
    (ArmMode.ENABLED, Request.PAUSE): ArmMode.PAUSED,
    (ArmMode.ENABLED, Request.HOME): ArmMode.ENABLED,
    (ArmMode.ENABLED, Request.UNHOME): ArmMode.ENABLED,
    (ArmMode.PAUSED, Request.DISABLE): ArmMode.DISABLED,
    (ArmMode.PAUSED, Request.PAUSE): ArmMode.PAUSED,
    (ArmMode.PAUSED, Request.RESUME): ArmMode.ENABLED,
    (ArmMode.FAULT, Request.ENABLE): ArmMode.FAULT,
    (ArmMode.FAULT, Request.DISABLE): ArmMode.DISABLED,
}


def parse_request(text: str) -> Request | None:
    """Request of a state_command string, None for an unknown word."""
    try:
        return Request(text.strip().lower())
    except ValueError:
        return None
