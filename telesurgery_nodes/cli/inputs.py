"""Look at what the user gave before eight processes start."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from ..devices.relay.presets import CLEAR, read_preset
from ..real_time import check_real_time
from ..session import INPUTS, SessionOptions, check, default_identities
from ..trust.demo import ensure_demo


def check_input(options: SessionOptions) -> None:
    """Refuse real time where it is not allowed, an unknown or bad preset, or a bad kinematics file, with file, row and column."""
    if options.realtime:
        check_real_time()
    if options.preset != CLEAR:
        read_preset(options.preset)
    check(options)
    if options.input in INPUTS:
        return
    from ..devices.masters.jigsaws_file import load

    load(options.input)


def window_possible() -> bool:
    """There is a screen, and OpenCV can open a window on it (the headless wheel cannot)."""
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    import cv2

    return any(line.strip().startswith("GUI:") and "NONE" not in line for line in cv2.getBuildInformation().splitlines())


def one_machine(options: SessionOptions, identities: str = "") -> SessionOptions:
    """The options with an identity for each site, made where there are none: for a machine that plays both sites, and no other."""
    made = ensure_demo(Path(identities or default_identities()), datetime.now(timezone.utc))
    return replace(
        options,
        surgeon_identity=options.surgeon_identity or str(made["surgeon"]),
        patient_identity=options.patient_identity or str(made["patient"]),
    )
