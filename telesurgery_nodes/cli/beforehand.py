"""Refuse before anything is started what a node would refuse after its start. Every rule is the node's own function, called here."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from importlib import import_module
from typing import Any

from ..core.link.seal import Role
from ..errors import ConfigError, TelesurgeryError
from ..session import MODULE, Process, plain_words


def check_processes(processes: Iterable[Process]) -> None:
    """ConfigError, with the process's name, for the first one that could not start."""
    for process in processes:
        try:
            if process.ros:
                _check_params(process)
            CHECKS.get(process.executable, lambda params: None)(process.params)
        except TelesurgeryError as error:
            raise ConfigError(f"{process.name}: {error}") from error


def node_class(executable: str) -> Any:
    """The node's class, in the module of its name."""
    made = vars(import_module(MODULE + executable)).values()
    return next(item for item in made if isinstance(item, type) and getattr(item, "NAME", "") == executable)


def _check_params(process: Process) -> None:
    from ..ros.params import check

    check(node_class(process.executable).PARAMS, process.params)


def _arm_control(params: Mapping[str, Any]) -> None:
    if not params["no_go_file"]:
        return
    from ..core.kinematics.model import RobotModel
    from ..description import robot_description
    from ..nodes.collision_setup import read_rules, user_volumes

    user_volumes(RobotModel(robot_description()), read_rules(), params["no_go_file"])


def _stereo_camera(params: Mapping[str, Any]) -> None:
    from ..core.video.geometry import StereoGeometry

    StereoGeometry(params["width"], params["height"])


def _teleop_bridge(params: Mapping[str, Any]) -> None:
    from ..devices.link.wan_link import own_identity, wires
    from ..devices.paths.udp import address
    from ..nodes.bridge_topics import load_topics, message_type

    for text in (*params["local"], *params["remote"]):
        address(text)
    names = params.get("path_names", params["local"])
    wires(names, params["local"], params["remote"], params.get("interfaces", ()))
    for topic in load_topics(params["topics_file"]):
        message_type(topic)
    own_identity(params["identity"], Role(params["side"]), datetime.now(timezone.utc))


def _link_emulator(params: Mapping[str, Any]) -> None:
    from ..devices.relay.options import add_arguments, meant

    parser = argparse.ArgumentParser(prog="link_emulator")
    add_arguments(parser)
    meant(parser.parse_args([word for name, value in params.items() for word in plain_words(name, value)]))


CHECKS: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
    "arm_control": _arm_control, "stereo_camera": _stereo_camera, "teleop_bridge": _teleop_bridge, "link_emulator": _link_emulator,
}  # fmt: skip
