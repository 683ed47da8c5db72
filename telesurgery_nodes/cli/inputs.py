"""Look at what the user gave before eight processes start."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from ..errors import ConfigError
from ..resources import find_resource
from ..session import INPUTS, SessionOptions, check, default_identities
from ..trust.demo import ensure_demo


def presets() -> list[str]:
    """Names of the shipped link presets."""
    return sorted(path.stem for path in find_resource("config/links").glob("*.yaml"))


def check_input(options: SessionOptions) -> None:
    """Refuse an unknown preset or a bad kinematics file, with file, row and column."""
    if not options.preset.endswith((".yaml", ".yml")) and options.preset not in presets():
        raise ConfigError(f"preset: got {options.preset!r}, valid: {', '.join(presets())} or a YAML file")
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
