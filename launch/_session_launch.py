"""From the session table to launch actions. The table (telesurgery_nodes/session.py) is the only list of processes."""

from launch.actions import DeclareLaunchArgument, EmitEvent, ExecuteProcess, OpaqueFunction, RegisterEventHandler
from launch.conditions import IfCondition
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from telesurgery_nodes.cli.launch_arguments import ARGUMENTS, processes_of
from telesurgery_nodes.resources import find_resource


def arguments(defaults):
    """Every argument, described. ``defaults``: name -> text where a launch file has another one than the table."""
    return [
        DeclareLaunchArgument(
            argument.name, default_value=defaults.get(argument.name, argument.text), description=argument.what,
            choices=list(argument.choices) or None,
        )
        for argument in ARGUMENTS
    ]  # fmt: skip


def action(process):
    """One process. A required one that ends takes the launch down: half a session is not a session."""
    env = dict(process.env)
    if process.ros:
        made = Node(
            package="telesurgery_nodes", executable=process.executable, name=process.node, exec_name=process.name, additional_env=env,
            parameters=[dict(process.params)], output="screen", prefix=" ".join(process.prefix()) or None,
        )  # fmt: skip
    else:
        made = ExecuteProcess(cmd=process.argv(), additional_env=env, name=process.name, output="screen")
    if process.optional:
        return [made]
    ended = EmitEvent(event=Shutdown(reason=f"{process.name} ended"))
    return [made, RegisterEventHandler(OnProcessExit(target_action=made, on_exit=[ended]))]


def extras(site, domain):
    """What only a ROS installation has: robot_state_publisher beside the patient cart, RViz at either site."""
    env = {"ROS_DOMAIN_ID": str(domain), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
    found = []
    if site == "patient":
        from telesurgery_nodes.description import robot_description

        found.append(Node(package="robot_state_publisher", executable="robot_state_publisher", additional_env=env,
                          parameters=[{"robot_description": robot_description()}]))
    view = find_resource("rviz") / f"{site}.rviz"
    found.append(Node(package="rviz2", executable="rviz2", name=f"rviz_{site}", arguments=["-d", str(view)], additional_env=env,
                      condition=IfCondition(LaunchConfiguration("rviz"))))
    return found


def describe(sites, **defaults):
    """All actions of a launch file for ``sites``."""
    def start(context):
        processes = processes_of(context.launch_configurations, sites)
        domains = {process.site: process.domain for process in processes if process.ros}
        found = [made for process in processes for made in action(process)]
        return found + [made for site, domain in domains.items() for made in extras(site, domain)]

    return [*arguments(defaults), OpaqueFunction(function=start)]
