"""Integration test of demo.launch.py for launch_testing: `launch_test test/launch/demo_graph.py`, or by test_launch_files.py."""

import time
import unittest
from pathlib import Path

import launch_testing
import launch_testing.actions
import launch_testing.asserts
import rclpy
from geometry_msgs.msg import PoseStamped
from launch.actions import IncludeLaunchDescription, TimerAction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from rclpy.executors import SingleThreadedExecutor

import launch
from telesurgery_nodes.cli.status import StatusReader, is_following
from telesurgery_nodes.session import TABLE

LAUNCH = Path(__file__).resolve().parents[2] / "launch"
SURGEON, PATIENT = 61, 62
PATIENCE = 60.0


def generate_test_description():
    """The demo, small, with the kinematic robot."""
    arguments = {
        "preset": "lan", "robot": "kinematic", "codec": "mjpeg", "width": "160", "height": "120",
        "surgeon_domain": str(SURGEON), "patient_domain": str(PATIENT),
    }  # fmt: skip
    demo = IncludeLaunchDescription(PythonLaunchDescriptionSource(str(LAUNCH / "demo.launch.py")), launch_arguments=arguments.items())
    return launch.LaunchDescription([demo, TimerAction(period=1.0, actions=[launch_testing.actions.ReadyToTest()])])


def wait(condition, step):
    """Until ``condition``; no fixed waits."""
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until
        step()


class TestGraph(unittest.TestCase):
    """While the graph runs."""

    def test_the_graph_comes_up(self):
        for site, domain in (("surgeon", SURGEON), ("patient", PATIENT)):
            wanted = {row.node or row.name for row in TABLE if row.ros and row.site == site}
            context = rclpy.Context()
            rclpy.init(context=context, domain_id=domain)
            node = rclpy.create_node("launch_test_graph", context=context)
            try:
                wait(lambda wanted=wanted, node=node: wanted <= set(node.get_node_names()), lambda: time.sleep(0.2))
            finally:
                node.destroy_node()
                context.try_shutdown()

    def test_hand_motion_arrives_and_stop_stops(self):
        from std_srvs.srv import Trigger

        reader = StatusReader(SURGEON)
        context = rclpy.Context()
        rclpy.init(context=context, domain_id=PATIENT)
        node = rclpy.create_node("launch_test_arm", context=context)
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(node)
        seen = []
        node.create_subscription(PoseStamped, "PSM1/measured_cp", lambda msg: seen.append(msg.pose.position), 10)
        stop = node.create_client(Trigger, "safety/stop")
        try:
            wait(lambda: is_following(reader.newest), lambda: reader.spin(0.1))
            wait(lambda: len(seen) > 1 and self.way(seen) > 1e-3, lambda: executor.spin_once(timeout_sec=0.1))
            assert stop.wait_for_service(timeout_sec=5.0)
            answer = stop.call_async(Trigger.Request())
            wait(answer.done, lambda: executor.spin_once(timeout_sec=0.1))
            assert answer.result().success
            settle = time.monotonic() + 0.5
            wait(lambda: time.monotonic() > settle, lambda: executor.spin_once(timeout_sec=0.05))
            seen.clear()
            rest = time.monotonic() + 2.0
            wait(lambda: time.monotonic() > rest, lambda: executor.spin_once(timeout_sec=0.05))
            assert len(seen) > 10
            assert self.way(seen) < 1e-4
        finally:
            reader.close()
            node.destroy_node()
            context.try_shutdown()

    @staticmethod
    def way(seen):
        """Largest distance from the first position [m]."""
        first = seen[0]
        return max(((p.x - first.x) ** 2 + (p.y - first.y) ** 2 + (p.z - first.z) ** 2) ** 0.5 for p in seen)


@launch_testing.post_shutdown_test()
class TestAfter(unittest.TestCase):
    """After the stop."""

    def test_everything_ended_cleanly(self, proc_info):
        launch_testing.asserts.assertExitCodes(proc_info, allowable_exit_codes=[0, -2, -15])
