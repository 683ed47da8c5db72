"""Video codecs, one file each (entry-point group telesurgery_nodes.codecs)."""

from __future__ import annotations

import importlib.util

CODEC_NAMES = ("h264", "mjpeg")


def choose(name: str) -> str:
    """``auto`` as the name of the best codec that is here: h264 where PyAV is installed, else mjpeg."""
    if name != "auto":
        return name
    return "h264" if importlib.util.find_spec("av") is not None else "mjpeg"
