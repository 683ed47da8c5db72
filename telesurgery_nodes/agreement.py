"""What both sites must have alike before one datagram is accepted: name -> SHA-256 of the files or tables behind it.

A changed URDF or limits file is a way to take joint limits away (safety.md section 2.1, ROS 2 threat model); two sites that disagree on
them, or on the layouts of the wire, are refused by name (core/link/handshake.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from .core.link.layouts import LAYOUTS, STREAMS
from .errors import ConfigError
from .resources import find_resource

# name -> folders and files of this package whose content counts
FILES: dict[str, tuple[str, ...]] = {
    "urdf": ("urdf",),
    "limits": ("config/arms",),
    "safety": ("config/safety.yaml",),
    "scene": ("config/scene.yaml",),
}


def agreement(**instead: str | Path) -> dict[str, str]:
    """Hashes of this site. ``instead``: name -> what is in use where it is not the shipped one. ConfigError for a missing file."""
    found = {}
    for name, shipped in FILES.items():
        found[name] = _digest([Path(instead[name])] if instead.get(name) else [find_resource(part) for part in shipped])
    return {**found, "wire": hashlib.sha256(repr((LAYOUTS, STREAMS)).encode()).hexdigest()}


def _digest(roots: Iterable[Path]) -> str:
    total = hashlib.sha256()
    for root in roots:
        files = sorted(path for path in root.rglob("*") if path.is_file()) if root.is_dir() else [root]
        for file in files:
            name = str(file.relative_to(root)) if file != root else ""
            try:
                data = file.read_bytes()
            except OSError as error:
                raise ConfigError(f"cannot read {file}, which both sites must have alike: {error.strerror}") from error
            total.update(hashlib.sha256(name.encode()).digest() + hashlib.sha256(data).digest())
    return total.hexdigest()
