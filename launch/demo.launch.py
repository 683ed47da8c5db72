"""Both sites and the link emulator between them, on one machine."""

import sys
from pathlib import Path

from launch import LaunchDescription

sys.path.insert(0, str(Path(__file__).resolve().parent))
from _session_launch import describe


def generate_launch_description():
    """For `ros2 launch telesurgery_nodes demo.launch.py`; --show-args explains every argument."""
    return LaunchDescription(describe(("patient", "wan", "surgeon"), enable_on_start="true"))
