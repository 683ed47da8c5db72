"""The arguments of the launch files, and the processes that follow from them: all a launch file decides that needs no ROS launch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ..devices.relay.presets import preset_names
from ..errors import ConfigError
from ..session import CODECS, LOGS, PATHS, ROBOTS, SITES, Process, SessionOptions, far_ends, layout
from .beforehand import check_processes
from .inputs import check_input, one_machine

BASE = SessionOptions()
FLAGS = {"true": True, "false": False}
ENDS = ("surgeon", "patient")
FIRST_PORT = 47011  # two launch files beside each other must agree on the emulator's ports without talking
# Names are alike from here on: `nogo_file` and `headles` are, `params_file` and `robot_name` of an including launch file are not.
ALIKE = 0.8


@dataclass(frozen=True)
class Argument:
    """One argument. The type of ``default`` is the type that is wanted."""

    name: str
    default: bool | int | float | str
    what: str
    valid: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The default as it is written on a command line."""
        return str(self.default).lower() if isinstance(self.default, bool) else str(self.default)

    @property
    def choices(self) -> tuple[str, ...]:
        """Every valid value; empty where there is no list of them."""
        return tuple(FLAGS) if isinstance(self.default, bool) else self.valid


ARGUMENTS: tuple[Argument, ...] = (
    Argument("preset", BASE.preset, f"link preset: {', '.join(preset_names())}, or the path of a YAML file"),
    Argument("input", BASE.input, "whose hands: scripted, joy, or the path of a JIGSAWS kinematics file"),
    Argument("robot", "kinematic", "the simulated robot; mujoco needs `pip install mujoco`", ROBOTS),
    Argument("codec", "mjpeg", "video codec; h264 needs PyAV (`pip install av`)", CODECS),
    Argument("seed", BASE.seed, "seed of the link emulator and the scripted hands"),
    Argument("scale", BASE.scale, "tool motion per hand motion"),
    Argument("width", BASE.width, "width of one eye [pixels]"),
    Argument("height", BASE.height, "height of one eye [pixels]"),
    Argument("fps", BASE.fps, "stereo frames per second"),
    Argument("rate", BASE.rate, "control loops per second, from hands to motors [Hz]; less on slow processors"),
    Argument("realtime", BASE.realtime, "what stands between hands and motors runs before everything else (SCHED_FIFO)"),
    Argument("surgeon_domain", 41, "ROS domain of the surgeon site"),
    Argument("patient_domain", 42, "ROS domain of the patient site; must differ from the surgeon's"),
    Argument("surgeon_paths", "", "far end of each path of the surgeon bridge, host or host:port with commas; empty: the emulator"),
    Argument("surgeon_local", "", "own address of each path of the surgeon bridge, with commas; empty: any"),
    Argument("surgeon_interfaces", "", "network card of each path of the surgeon bridge, with commas; empty: any"),
    Argument("patient_paths", "", "far end of each path of the patient bridge, host or host:port with commas; empty: the emulator"),
    Argument("patient_local", "", "own address of each path of the patient bridge, with commas; empty: any"),
    Argument("patient_interfaces", "", "network card of each path of the patient bridge, with commas; empty: any"),
    Argument("path_mbit", 50.0, "contracted rate of each path between two hosts [Mbit/s]"),
    Argument("surgeon_identity", "", "folder of the surgeon's device (docs/keys.md); empty: one is made, for an emulated session only"),
    Argument("patient_identity", "", "folder of the patient's device (docs/keys.md); empty: one is made, for an emulated session only"),
    Argument("playout_ms", BASE.playout_ms, "serve commands this long after their stamp [ms], to even out jitter; 0: at arrival"),
    Argument("topics_file", "", "further topics to carry, the same file at both sites (docs/link.md); empty: none"),
    Argument("no_go_file", "", "volumes no arm may enter or leave (docs/collision.md); empty: none"),
    Argument("out", "", "session folder for raw samples and snapshots; empty: none"),
    Argument("headless", True, "no viewer window"),
    Argument("reengage", True, "the scripted operator presses the pedal again after a hold"),
    Argument("enable_on_start", False, "enable and home without the local team; for demonstrations only"),
    Argument("rviz", False, "RViz with the shipped view of the site"),
)


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")


def check_names(given: Iterable[str]) -> None:
    """Refuse a name that looks like one of ours misspelt: ROS launch ignores it, and a session would run without what it asks for.

    Other names may be those of a launch file that includes ours.
    """
    known = [argument.name for argument in ARGUMENTS]
    for name in sorted(set(given) - set(known)):
        plain = _plain(name)
        # The two words `no_go` begin a name of ours: such are meant, too.
        begun = [own for own in known if "_" in plain and own.startswith(plain)]
        for nearest in (begun or get_close_matches(plain, known, 1, ALIKE))[:1]:
            raise ConfigError(f"unknown launch argument {name}; did you mean {nearest}? valid: {', '.join(known)}")


def value_of(argument: Argument, text: str) -> Any:
    """The value, of the type of the argument's default."""
    if argument.choices and text not in argument.choices:
        raise ConfigError(f"{argument.name}: got {text!r}, valid: {', '.join(argument.choices)}")
    if isinstance(argument.default, bool):
        return FLAGS[text]
    try:
        return type(argument.default)(text)
    except ValueError as error:
        wanted = "a whole number" if isinstance(argument.default, int) else "a number"
        raise ConfigError(f"{argument.name}: wanted {wanted}, got {text!r}; for example {argument.text}") from error


def values_of(texts: Mapping[str, str]) -> dict[str, Any]:
    """Name -> value of every argument; the default where ``texts`` does not name it. ConfigError says which argument is wrong."""
    check_names(texts)
    return {argument.name: value_of(argument, texts.get(argument.name, argument.text)) for argument in ARGUMENTS}


def options_of(given: Mapping[str, Any]) -> SessionOptions:
    """An argument with the name of an option is that option."""
    options = {spec.name: given[spec.name] for spec in fields(SessionOptions) if spec.name in given}
    ports = tuple(FIRST_PORT + number for number in range(4 * PATHS))
    return SessionOptions(**options, domains=(given["surgeon_domain"], given["patient_domain"]), ports=ports)


def with_far_ends(process: Process, given: Mapping[str, Any]) -> Process:
    """A bridge that talks to another host; every other process unchanged."""
    side = process.params.get("side")
    ends = [given[f"{side}_{what}"] for what in ("paths", "local", "interfaces")] if side else []
    if not any(ends):
        return process
    try:
        return far_ends(process, *ends, path_mbit=given["path_mbit"])
    except ConfigError as error:
        raise ConfigError(f"{side}_paths, {side}_local, {side}_interfaces: {error}") from error


def make_folder(out: str) -> None:
    """The session folder, with the one for logs: the link emulator writes there at once."""
    try:
        (Path(out) / LOGS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"out: wanted a folder to write to, got {out}: {error}") from error


def processes_of(texts: Mapping[str, str], sites: tuple[str, ...], identities: str = "") -> list[Process]:
    """The processes of ``sites``, ready to start, each one looked at. ``identities``: folder of those made here, empty for the user's."""
    given = values_of(texts)
    options = options_of(given)
    check_input(options)
    far = any(given[f"{side}_paths"] for side in ENDS)
    # A consortium made here would not be the other host's; on one machine that plays both sites it may be.
    options = options if far else one_machine(options, identities)
    # Sites that talk to another host have a real network between them.
    chosen = tuple(site for site in SITES if site in sites and not (far and site == "wan"))
    found = [with_far_ends(process, given) for process in layout(options, chosen)]
    check_processes(found)
    if options.out:
        make_folder(options.out)
    return found
