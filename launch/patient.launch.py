"""The patient's site: bridge, arm control, robot, camera, watchdog.

The local team enables it in two steps, in this site's ROS domain:
`ros2 service call /safety/enable std_srvs/srv/Trigger`, then `ros2 service call /safety/home std_srvs/srv/Trigger` (the arms move).
"""

import sys
from pathlib import Path

from launch import LaunchDescription

sys.path.insert(0, str(Path(__file__).resolve().parent))
from _session_launch import describe


def generate_launch_description():
    """For `ros2 launch telesurgery_nodes patient.launch.py`; --show-args explains every argument."""
    return LaunchDescription(describe(("patient",)))
