"""From the session table to launch actions. The table (telesurgery_nodes/session.py) is the only list of processes."""

from pathlib import Path

from launch.actions import DeclareLaunchArgument, EmitEvent, ExecuteProcess, OpaqueFunction, RegisterEventHandler
from launch.conditions import IfCondition
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from telesurgery_nodes.cli.inputs import check_input, one_machine, presets
from telesurgery_nodes.resources import find_resource
from telesurgery_nodes.session import CODECS, PATHS, ROBOTS, SITES, SessionOptions, far_ends, layout

BASE = SessionOptions()
BOOL = ["true", "false"]
# Two launch files beside each other must agree on the emulator's ports without talking.
FIRST_PORT = 47011


def arguments(enable_on_start):
    """Every argument, described."""
    def declare(name, default, description, choices=None):
        return DeclareLaunchArgument(name, default_value=str(default), description=description, choices=choices)

    return [
        declare("preset", BASE.preset, "link preset in config/links", presets()),
        declare("input", BASE.input, "whose hands: scripted, joy, or the path of a JIGSAWS kinematics file"),
        declare("robot", "kinematic", "the simulated robot; mujoco needs `pip install mujoco`", list(ROBOTS)),
        declare("codec", "mjpeg", "video codec; h264 needs PyAV (`pip install av`)", list(CODECS)),
        declare("seed", BASE.seed, "seed of the link emulator and the scripted hands"),
        declare("scale", BASE.scale, "tool motion per hand motion"),
        declare("width", BASE.width, "width of one eye [pixels]"),
        declare("height", BASE.height, "height of one eye [pixels]"),
        declare("fps", BASE.fps, "stereo frames per second"),
        declare("surgeon_domain", 41, "ROS domain of the surgeon site"),
        declare("patient_domain", 42, "ROS domain of the patient site; must differ from the surgeon's"),
        declare("surgeon_paths", "", "far end of each path of the surgeon bridge, host or host:port with commas; empty: the emulator"),
        declare("surgeon_local", "", "own address of each path of the surgeon bridge, with commas; empty: any"),
        declare("surgeon_interfaces", "", "network card of each path of the surgeon bridge, with commas; empty: any"),
        declare("patient_paths", "", "far end of each path of the patient bridge, host or host:port with commas; empty: the emulator"),
        declare("patient_local", "", "own address of each path of the patient bridge, with commas; empty: any"),
        declare("patient_interfaces", "", "network card of each path of the patient bridge, with commas; empty: any"),
        declare("path_mbit", 50.0, "contracted rate of each path between two hosts [Mbit/s]"),
        declare("surgeon_identity", "", "folder of the surgeon's device (docs/keys.md); empty: one is made, for an emulated session only"),
        declare("patient_identity", "", "folder of the patient's device (docs/keys.md); empty: one is made, for an emulated session only"),
        declare("playout_ms", BASE.playout_ms, "serve commands this long after their stamp [ms], to even out jitter; 0: at arrival"),
        declare("topics_file", "", "further topics to carry, the same file at both sites (docs/link.md); empty: none"),
        declare("no_go_file", "", "volumes no arm may enter or leave (docs/collision.md); empty: none"),
        declare("out", "", "session folder for raw samples and snapshots; empty: none"),
        declare("headless", "true", "no viewer window", BOOL),
        declare("reengage", "true", "the scripted operator presses the pedal again after a hold", BOOL),
        declare("enable_on_start", enable_on_start, "enable and home without the local team; for demonstrations only", BOOL),
        declare("rviz", "false", "RViz with the shipped view of the site", BOOL),
    ]


def options_from(context):
    """SessionOptions from launch arguments. ConfigError names what is wrong."""
    def text(name):
        return LaunchConfiguration(name).perform(context)

    def flag(name):
        return text(name) == "true"

    return SessionOptions(
        preset=text("preset"), input=text("input"), robot=text("robot"), seed=int(text("seed")), scale=float(text("scale")),
        codec=text("codec"), width=int(text("width")), height=int(text("height")), fps=int(text("fps")),
        domains=(int(text("surgeon_domain")), int(text("patient_domain"))), ports=tuple(FIRST_PORT + i for i in range(4 * PATHS)),
        surgeon_identity=text("surgeon_identity"), patient_identity=text("patient_identity"), out=text("out"),
        headless=flag("headless"), reengage=flag("reengage"),
        enable_on_start=flag("enable_on_start"), topics_file=text("topics_file"), playout_ms=float(text("playout_ms")),
        no_go_file=text("no_go_file"),
    )  # fmt: skip


def with_far_ends(process, context):
    """A bridge that talks to another host; every other process unchanged."""
    def text(name):
        return LaunchConfiguration(name).perform(context)

    side = process.params.get("side")
    if not side or not text(f"{side}_paths"):
        return process
    own = {what: text(f"{side}_{what}") for what in ("local", "interfaces")}
    return far_ends(process, text(f"{side}_paths"), **own, path_mbit=float(text("path_mbit")))


def action(process):
    """One process. A required one that ends takes the launch down: half a session is not a session."""
    env = dict(process.env)
    if process.ros:
        made = Node(
            package="telesurgery_nodes", executable=process.executable, name=process.node, additional_env=env,
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


def describe(sites, enable_on_start="false"):
    """All actions of a launch file for ``sites``."""
    def start(context):
        options = options_from(context)
        check_input(options)
        if options.out:
            Path(options.out).mkdir(parents=True, exist_ok=True)
        far = any(LaunchConfiguration(f"{side}_paths").perform(context) for side in ("surgeon", "patient"))
        # A consortium made here would not be the other host's; on one machine that plays both sites it may be.
        options = options if far else one_machine(options)
        # Sites that talk to another host have a real network between them.
        chosen = tuple(site for site in SITES if site in sites and not (far and site == "wan"))
        found = [made for process in layout(options, chosen) for made in action(with_far_ends(process, context))]
        for site, domain in zip(("surgeon", "patient"), options.domains, strict=True):
            found += extras(site, domain) if site in chosen else []
        return found

    return [*arguments(enable_on_start), OpaqueFunction(function=start)]
