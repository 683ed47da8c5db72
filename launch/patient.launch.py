"""The patient's site: bridge, arm control, robot, camera, watchdog.

The local team enables it: `ros2 service call /safety/enable std_srvs/srv/Trigger`.
"""

import sys
from pathlib import Path

from launch import LaunchDescription

sys.path.insert(0, str(Path(__file__).resolve().parent))
from _session_launch import describe


def generate_launch_description():
    """For `ros2 launch telesurgery_nodes patient.launch.py`; --show-args explains every argument."""
    return LaunchDescription(describe(("patient",), "false"))
