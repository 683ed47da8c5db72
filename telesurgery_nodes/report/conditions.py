"""Under what conditions something was measured: without them a number is a rumour."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ..real_time import fifo_allowed
from ..session import LIGHT

PACKAGES = ("telesurgery_nodes", "rclpy", "numpy", "mujoco", "av", "opencv-python-headless", "cryptography")
BUSY = 0.8  # of all processors, on average over a session with its start and end: in between there was hardly any left
PERCENT = 100.0


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def package_version(name: str) -> str | None:
    """Installed version or None."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def conditions(seed: int) -> dict[str, Any]:
    """Load, cores, scheduler, versions and seed."""
    return {
        "load": [round(value, 2) for value in os.getloadavg()],
        "cores": processors(),
        "sched_fifo_allowed": fifo_allowed(),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "versions": {name: package_version(name) for name in PACKAGES},
        "seed": seed,
    }


def busy_note(cpu: Mapping[str, float], cores: int) -> list[str]:
    """What to do where a session's processes, ``cpu`` [% of one core] each, left the ``cores`` hardly any time; else nothing."""
    used = sum(cpu.values()) / (PERCENT * cores)
    if used < BUSY:
        return []
    return [f"processors {used:.0%} busy: what comes late holds the arms. `telesurgery demo {LIGHT}` asks less of them"]
