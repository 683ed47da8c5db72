"""Under what conditions something was measured: without them a number is a rumour."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

PACKAGES = ("telesurgery_nodes", "rclpy", "numpy", "mujoco", "av", "opencv-python-headless", "cryptography")


def fifo_allowed() -> bool:
    """This process may ask for SCHED_FIFO: it is root with the capability, or its rtprio limit is above 0."""
    import resource

    limit = getattr(resource, "RLIMIT_RTPRIO", None)
    return os.geteuid() == 0 or (limit is not None and resource.getrlimit(limit)[0] != 0)


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
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "sched_fifo_allowed": fifo_allowed(),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "versions": {name: package_version(name) for name in PACKAGES},
        "seed": seed,
    }
