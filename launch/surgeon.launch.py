"""The surgeon's site: hands, bridge, viewer. The link emulator runs here unless surgeon_paths names another host."""

import sys
from pathlib import Path

from launch import LaunchDescription

sys.path.insert(0, str(Path(__file__).resolve().parent))
from _session_launch import describe


def generate_launch_description():
    """For `ros2 launch telesurgery_nodes surgeon.launch.py`; --show-args explains every argument."""
    return LaunchDescription(describe(("wan", "surgeon")))
