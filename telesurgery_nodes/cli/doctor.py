"""`telesurgery doctor`: what this machine has, what it lacks, and what to do about it."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Mapping
from ctypes.util import find_library
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from ..errors import TelesurgeryError
from ..real_time import ALLOW, fifo_allowed
from ..report.conditions import processors
from ..session import LIGHT, default_identities
from ..trust.demo import demo_folders
from ..trust.identity import load_identity

OLDEST, NEWEST = (3, 10), (3, 14)  # the ROS wheels exist for these
GOOD, NOTE, BAD = "good", "note", "bad"
SOURCED = ("AMENT_PREFIX_PATH", "PYTHONPATH", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class Finding:
    """One check: ``level`` good, note (works, but) or bad (does not work); ``do``: what to do."""

    what: str
    level: str
    found: str
    do: str = ""


def check_python(found: tuple[int, int] = sys.version_info[:2]) -> Finding:
    """Python in the range of the wheels."""
    text = f"{found[0]}.{found[1]} on {platform.machine()}"
    if OLDEST <= found <= NEWEST:
        return Finding("python", GOOD, text)
    return Finding("python", BAD, text, f"install Python {OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]} and run `make PYTHON=...`")


def sourced_variables(environment: Mapping[str, str]) -> list[str]:
    """Variables that still point into /opt/ros."""
    return [name for name in SOURCED if "/opt/ros" in environment.get(name, "")]


def judge_rclpy(origin: str | None, prefix: str, environment: Mapping[str, str]) -> Finding:
    """Where rclpy comes from, against a sourced ROS."""
    sourced = sourced_variables(environment)
    if origin is None:
        return Finding("rclpy", BAD, "not found", "run `make`, or source /opt/ros/<distro>/setup.bash, not both")
    own = Path(origin).is_relative_to(prefix)
    if own and sourced:
        clash = f"{origin}, with a sourced ROS in {', '.join(sourced)}"
        return Finding("rclpy", BAD, clash, "unset PYTHONPATH AMENT_PREFIX_PATH LD_LIBRARY_PATH")
    if not own and not sourced:
        return Finding("rclpy", NOTE, f"{origin}, outside {prefix}", "if imports fail: deactivate, or source the ROS it belongs to")
    return Finding("rclpy", GOOD, origin)


def check_rclpy() -> Finding:
    """rclpy of this environment, without importing it: a clash crashes the interpreter."""
    spec = find_spec("rclpy")
    return judge_rclpy(spec.origin if spec else None, sys.prefix, os.environ)


def check_loader() -> Finding:
    """The wheels' libraries must come from this environment (another one's guard variable is inherited otherwise)."""
    wheel = any(_version(f"ros-{distro}-rclpy") for distro in ("jazzy", "kilted"))
    if not wheel:
        return Finding("ROS libraries", GOOD, "not from wheels")
    if str(Path(sys.prefix) / "lib") in os.environ.get("LD_LIBRARY_PATH", ""):
        return Finding("ROS libraries", GOOD, f"{sys.prefix}/lib")
    return Finding("ROS libraries", BAD, "this environment's lib folder is not in LD_LIBRARY_PATH", "unset _ROS_WHEELS_BOOTSTRAP_COMPLETE")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def check_distro() -> Finding:
    """Which ROS distribution."""
    distros = {distro: found for distro in ("jazzy", "kilted") if (found := _version(f"ros-{distro}-rclpy"))}
    if len(distros) > 1:
        return Finding("ROS distribution", BAD, f"wheels of {' and '.join(distros)} in one environment", "rm -rf .venv && make")
    if distros:
        name, found = next(iter(distros.items()))
        return Finding("ROS distribution", GOOD, f"{name} wheels ({found})")
    sourced = os.environ.get("ROS_DISTRO")
    if sourced:
        return Finding("ROS distribution", GOOD, sourced)
    return Finding("ROS distribution", NOTE, "unknown", "source /opt/ros/<distro>/setup.bash")


def _module(name: str, distribution: str, without: str, do: str) -> Finding:
    if find_spec(name) is None:
        return Finding(name, NOTE, f"not installed: {without}", do)
    return Finding(name, GOOD, _version(distribution) or "installed")


def check_mujoco() -> Finding:
    """Physics."""
    return _module("mujoco", "mujoco", "the kinematic robot stands in", "pip install mujoco xacro")


def check_av() -> Finding:
    """Video codec."""
    return _module("av", "av", "motion JPEG stands in", "pip install av")


def check_rasteriser() -> Finding:
    """OpenCV, and whether it can draw triangles (OpenCV 5)."""
    if find_spec("cv2") is None:
        return Finding("cv2", BAD, "not installed: no pictures", "pip install opencv-python-headless")
    import cv2

    if hasattr(cv2, "triangleRasterize"):
        return Finding("cv2", GOOD, f"{cv2.__version__}, with triangle rasteriser")
    return Finding("cv2", NOTE, f"{cv2.__version__}, no triangle rasteriser: a plainer picture", "pip install 'opencv-python-headless>=5'")


def check_gl() -> Finding:
    """Libraries of the GL renderer; the picture does not need them."""
    found = [name for name in ("EGL", "OSMesa", "GL") if find_library(name)]
    if found:
        return Finding("GL", GOOD, ", ".join(found))
    return Finding("GL", NOTE, "none: OpenCV draws the picture", "apt install libegl1 libgl1-mesa-dri, for MuJoCo's own renderer")


def check_display() -> Finding:
    """Something to open a window on."""
    found = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY")
    if found:
        return Finding("display", GOOD, found)
    return Finding("display", NOTE, "none", "use --headless; snapshots go to the session folder")


def judge_identities(root: str, now: datetime) -> Finding:
    """The identities of a one-machine session: there, private, in date."""
    folders = [folder for folder in demo_folders(Path(root)).values() if folder.exists()]
    if not folders:
        return Finding("identities", NOTE, f"none in {root} yet", "the first demo makes them; for two sites: telesurgery keys init")
    try:
        found = [load_identity(folder, now) for folder in folders]
    except TelesurgeryError as error:
        return Finding("identities", BAD, str(error), f"telesurgery keys check {folders[0]}, or delete {root}")
    words = [f"{identity.name.uri} ({(identity.not_after - now).days} days left)" for identity in found]
    return Finding("identities", GOOD, ", ".join(words))


def check_identities() -> Finding:
    """Those of the user's own sessions."""
    return judge_identities(default_identities(), datetime.now(timezone.utc))


def check_fifo() -> Finding:
    """Real-time scheduling."""
    if fifo_allowed():
        return Finding("SCHED_FIFO", GOOD, "allowed")
    return Finding("SCHED_FIFO", NOTE, "not allowed: no `--realtime`, more jitter under load", ALLOW)


def check_cores() -> Finding:
    """The full demo was measured on two cores."""
    cores = processors()
    return Finding("cores", GOOD if cores > 1 else NOTE, str(cores), "" if cores > 1 else f"use {LIGHT}")


CHECKS: tuple[Callable[[], Finding], ...] = (
    check_python, check_rclpy, check_loader, check_distro, check_mujoco, check_rasteriser, check_av, check_gl, check_display,
    check_identities, check_fifo, check_cores,
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the sub-command."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Print every finding. Status 1 where something does not work."""
    findings = [check() for check in CHECKS]
    if args.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            print(f"{finding.level:5} {finding.what:18} {finding.found}" + (f"\n{'':24} -> {finding.do}" if finding.do else ""))
    return 1 if any(finding.level == BAD for finding in findings) else 0
