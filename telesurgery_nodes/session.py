"""ONE table of who runs where: the launch files and `telesurgery demo` both read it, so they cannot drift apart.

Rows stand in start order: the patient side first, the hands last. Stopping goes the other way, so the arm loses its commands
before it loses its guard and its motors.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from .errors import ConfigError
from .free_ports import HIGHEST_DOMAIN, LOOPBACK, pick_domains, pick_ports
from .real_time import CONTROL_PRIORITY, real_time_words

SITES = ("patient", "wan", "surgeon")
ROBOTS = ("mujoco", "kinematic")
CODECS = ("h264", "mjpeg")
INPUTS = ("scripted", "joy")
MODULE = "telesurgery_nodes.nodes."
RUNNER = "telesurgery_nodes.cli.node"
ANY_HOST = "0.0.0.0"
NETWORK_PORT = 47001  # of the first path between two hosts, the next one for the next path, at both sites: one line in a firewall
PATHS = 2  # the operation of November 2024 used two network technologies in parallel


@dataclass(frozen=True)
class SessionOptions:
    """Everything that may differ between two sessions. ``duration`` [s]; ``scale`` tool motion per hand motion; ``rate`` [Hz] of the
    control loops, from hands to motors; ``realtime``: these run before everything else on the machine (real_time.py)."""

    preset: str = "casablanca_shanghai"
    input: str = "scripted"
    robot: str = "mujoco"
    seed: int = 1
    scale: float = 0.2
    duration: float = 60.0
    codec: str = "h264"
    width: int = 640
    height: int = 480
    fps: int = 25
    rate: float = 250.0
    realtime: bool = False
    domains: tuple[int, int] | None = None
    ports: tuple[int, ...] | None = None
    surgeon_identity: str = ""
    patient_identity: str = ""
    out: str = ""
    headless: bool = True
    reengage: bool = True
    enable_on_start: bool = True
    topics_file: str = ""
    playout_ms: float = 0.0
    no_go_file: str = ""


@dataclass(frozen=True)
class Of:
    """A value filled in from the session: ``field`` is a name in `values`."""

    field: str


@dataclass(frozen=True)
class Row:
    """One process. ``parameters`` values are literals or `Of`; ``needs`` rows must stand earlier in the table.

    ``nice``: see nice(1), above 0 gives way to others. ``control``: it stands between hands and motors, and has the real time of a session
    that asks for it. ``ros`` False: a plain process, parameters become ``--name value``. ``display``: parameters only for a session
    with a window.
    """

    name: str
    site: str
    executable: str
    what: str
    node: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict)
    display: Mapping[str, object] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    optional: bool = False
    ros: bool = True
    env: Mapping[str, str] = field(default_factory=dict)
    nice: int = 0
    control: bool = False


@dataclass(frozen=True)
class Process:
    """A row with every value filled in. ``params`` name -> bool, int, float, str or list; ``domain`` None: not a ROS process.

    ``fifo``: priority under SCHED_FIFO, 0 for the ordinary scheduler.
    """

    name: str
    site: str
    executable: str
    node: str
    domain: int | None
    params: Mapping[str, object]
    env: Mapping[str, str]
    optional: bool
    ros: bool
    what: str
    nice: int
    fifo: int

    def prefix(self) -> list[str]:
        """Words in front of the command line: pictures give way to motion where processors are short."""
        if self.fifo:
            return real_time_words(self.fifo)
        return ["nice", "-n", str(self.nice)] if self.nice else []

    def argv(self, python: str = sys.executable) -> list[str]:
        """Command line for a machine without `ros2 run`."""
        head = [*self.prefix(), python, "-m", RUNNER, self.executable]
        if not self.ros:
            return head + [word for name, value in self.params.items() for word in plain_words(name, value)]
        words = [word for name, value in self.params.items() for word in ("-p", f"{name}:={yaml_word(value)}")]
        return [*head, "--ros-args", "-r", f"__node:={self.node}", *words]


LOGS = "logs"  # folder in the session folder
TAPES = {"tape_dir": Of("tapes")}
# [s] Two busy cores starve a publisher for up to 100 ms (safety.md 4.1). A hold of the gate ends by itself, a brake of the robot needs the
# local team: so it comes after the gate's 100 ms (config/safety.yaml `timing: shared`), and well before 350 ms.
SHARED_HOST_BRAKE = 0.15
RATES = (100.0, 500.0)  # [Hz] the tremor filter needs the one, physics in steps of 1 ms does not go beyond the other
COMMANDS = 1.02  # hands and commands come so much faster: a loop that comes a period late drops a tick, and the rate must remain
LIGHT = "--rate 100 --robot kinematic --width 320 --height 240"  # for `telesurgery demo`: what slow processors still do
PICTURE_NICE = 5  # a third of the weight of a control process
SIMULATION_ENV = {"MUJOCO_GL": "disable"}  # a missing GL library breaks `import mujoco` otherwise (sim.md T3)

TABLE: tuple[Row, ...] = (
    Row("simulation", "patient", "simulation", "the patient cart in simulation; a real CRTK arm takes its place",
        parameters={**TAPES, "robot": Of("robot"), "rate": Of("rate"), "brake_silence": SHARED_HOST_BRAKE}, env=SIMULATION_ENV,
        control=True),
    Row("arm_control", "patient", "arm_control", "inverse kinematics, limits and the gate in front of the motors",
        parameters={**TAPES, "rate": Of("rate"), "no_go_file": Of("no_go_file")}, needs=("simulation",), control=True),
    Row("safety_watchdog", "patient", "safety_watchdog", "the permit every 20 ms, without which nothing moves",
        parameters={**TAPES, "enable_on_start": Of("enable_on_start")}, needs=("arm_control",), control=True),
    Row("stereo_camera", "patient", "stereo_camera", "both eyes of the camera arm, coded",
        parameters={**TAPES, "width": Of("width"), "height": Of("height"), "fps": Of("fps"), "codec": Of("codec")},
        needs=("simulation",), nice=PICTURE_NICE),
    Row("teleop_bridge_patient", "patient", "teleop_bridge", "the patient end of the link", node="teleop_bridge_patient",
        parameters={**TAPES, "side": "patient", "identity": Of("patient_identity"), "rate": Of("rate"), "local": Of("patient_local"),
                    "remote": Of("patient_remote"), "topics_file": Of("topics_file"), "playout_ms": Of("playout_ms")},
        needs=("arm_control",), control=True),
    Row("link_emulator", "wan", "link_emulator", "two long-distance paths in one process", ros=False,
        parameters={"preset": Of("preset"), "seed": Of("seed"), "surgeon": Of("wan_surgeon"), "patient": Of("wan_patient"),
                    "to_patient": Of("patient_local"), "stats": Of("stats")}),
    Row("teleop_bridge_surgeon", "surgeon", "teleop_bridge", "clutch, scale, and the surgeon end of the link",
        node="teleop_bridge_surgeon",
        parameters={**TAPES, "side": "surgeon", "identity": Of("surgeon_identity"), "scale": Of("scale"), "rate": Of("command_rate"),
                    "local": Of("surgeon_local"), "remote": Of("surgeon_remote"), "topics_file": Of("topics_file")},
        needs=("link_emulator",), control=True),
    Row("stereo_viewer", "surgeon", "stereo_viewer", "both eyes with the age of the picture",
        parameters={**TAPES, "codec": Of("codec"), "snapshot_dir": Of("snapshots"), "window": False}, display={"window": True},
        needs=("teleop_bridge_surgeon",), nice=PICTURE_NICE),
    Row("master_input", "surgeon", "master_input", "two hands, pedals and head sensor",
        parameters={**TAPES, "device": Of("device"), "file": Of("file"), "seed": Of("seed"), "reengage": Of("reengage"),
                    "scale": Of("scale"), "rate": Of("command_rate")},
        needs=("teleop_bridge_surgeon",), control=True),
)


def plain_words(name: str, value: object) -> list[str]:
    """Arguments of a process that is no ROS node: a list becomes one word with commas."""
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return [f"--{name.replace('_', '-')}", text]


def yaml_word(value: object) -> str:
    """A value as rcl's YAML parser reads it back with the same type. Text is quoted, or ``1e3`` and ``yes`` change type."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(yaml_word(item) for item in value) + "]"
    return "'" + str(value).replace("'", "''") + "'"


def default_identities() -> str:
    """Where the identities of a one-machine session live when the user names no folder: private to the user, the same for every session."""
    return str(Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "telesurgery_nodes" / "demo")


def _addresses(ports: tuple[int, ...]) -> list[str]:
    return [f"{LOOPBACK}:{port}" for port in ports]


def check(options: SessionOptions) -> None:
    """Refuse what names nothing: robot, codec, input, domains, or too few ports."""
    for name, got, valid in (("robot", options.robot, ROBOTS), ("codec", options.codec, CODECS)):
        if got not in valid:
            raise ConfigError(f"{name}: got {got!r}, valid: {', '.join(valid)}")
    low, high = RATES
    if not low <= options.rate <= high:  # written so that NaN is refused
        raise ConfigError(f"rate: got {options.rate}, valid: {low:g} to {high:g} Hz")
    if options.input not in INPUTS and not Path(options.input).is_file():
        raise ConfigError(f"input: got {options.input!r}, valid: {', '.join(INPUTS)} or an existing JIGSAWS kinematics file")
    if options.ports is not None and len(options.ports) != PATHS * 4:
        raise ConfigError(f"ports: wanted {PATHS * 4} (per path: surgeon, wan-surgeon, wan-patient, patient), got {len(options.ports)}")
    if options.domains is not None:
        check_domains(*options.domains)


def check_domains(surgeon: int, patient: int) -> None:
    """Refuse ROS domains that DDS has no ports for, and one domain for both sites: commands would pass by the link and its seal."""
    for name, domain in (("surgeon_domain", surgeon), ("patient_domain", patient)):
        if not 0 <= domain <= HIGHEST_DOMAIN:
            raise ConfigError(f"{name}: got {domain}, valid: 0 to {HIGHEST_DOMAIN}")
    if surgeon == patient:
        raise ConfigError(f"surgeon_domain and patient_domain: wanted two different domains, got {surgeon} for both")


def values(options: SessionOptions) -> dict[str, object]:
    """What an `Of` may name: the options, and what follows from them."""
    check(options)
    ports = options.ports or pick_ports(PATHS * 4)
    surgeon, near, far, patient = (_addresses(ports[i * PATHS:(i + 1) * PATHS]) for i in range(4))
    is_file = options.input not in INPUTS
    out = Path(options.out).resolve() if options.out else None
    return {
        "preset": options.preset, "robot": options.robot, "seed": options.seed, "scale": float(options.scale), "codec": options.codec,
        "width": options.width, "height": options.height, "fps": int(options.fps), "reengage": options.reengage,
        "enable_on_start": options.enable_on_start, "topics_file": options.topics_file, "playout_ms": float(options.playout_ms),
        "rate": float(options.rate), "command_rate": COMMANDS * options.rate,
        "no_go_file": str(Path(options.no_go_file).resolve()) if Path(options.no_go_file).is_file() else options.no_go_file,
        "device": "jigsaws" if is_file else options.input, "file": str(Path(options.input).resolve()) if is_file else "",
        "surgeon_identity": options.surgeon_identity, "patient_identity": options.patient_identity,
        "tapes": str(out / "tapes") if out else "", "snapshots": str(out / "snapshots") if out else "",
        "stats": str(out / LOGS / "link_emulator.jsonl") if out else "",
        "surgeon_local": surgeon, "surgeon_remote": near,
        "wan_surgeon": near, "wan_patient": far,
        "patient_local": patient, "patient_remote": far,
    }


def _site_env(domain: int | None) -> dict[str, str]:
    # One numeric thread per process: eight processes on two cores lose to their own thread pools otherwise.
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    if domain is None:
        return threads
    return {**threads, "ROS_DOMAIN_ID": str(domain), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}


def layout(options: SessionOptions, sites: tuple[str, ...] = SITES) -> list[Process]:
    """The processes of a session in start order. Surgeon and patient get different ROS domains; nothing but the link joins them."""
    filled = values(options)
    domains = options.domains or pick_domains()
    by_site: dict[str, int | None] = {"surgeon": domains[0], "patient": domains[1], "wan": None}
    made = []
    for row in TABLE:
        if row.site not in sites:
            continue
        merged = {**row.parameters, **({} if options.headless else row.display)}
        params = {name: filled[value.field] if isinstance(value, Of) else value for name, value in merged.items()}
        env = {**_site_env(by_site[row.site]), **row.env}
        fifo = CONTROL_PRIORITY if options.realtime and row.control else 0
        made.append(Process(row.name, row.site, row.executable, row.node or row.name, by_site[row.site],
                            MappingProxyType(params), MappingProxyType(env), row.optional, row.ros, row.what, row.nice, fifo))
    return made


def _listed(text: str) -> list[str]:
    return [word.strip() for word in text.split(",")] if text.strip() else []


def _with_ports(hosts: list[str]) -> list[str]:
    """An address without a port gets the port of its path."""
    return [host if ":" in host else f"{host}:{NETWORK_PORT + path}" for path, host in enumerate(hosts)]


def far_ends(process: Process, remote: str, local: str = "", interfaces: str = "", **more: object) -> Process:
    """A bridge that talks to another host instead of the emulator: one path per address in ``remote``, lists with commas.

    ``local`` own address of each path, ``interfaces`` own network card of each (empty: any); ``more`` are parameters of the bridge.
    """
    return replace(process, params={**process.params, **path_ends(process.name, remote, local, interfaces), **more})


def path_ends(who: str, remote: str, local: str = "", interfaces: str = "") -> dict[str, list[str]]:
    """Parameters of a bridge ``who``: one path per address in ``remote``, see ``far_ends``."""
    there = _listed(remote)
    here = _listed(local) or [ANY_HOST] * len(there)
    cards = _listed(interfaces) or [""] * len(there)
    if not len(there) == len(here) == len(cards) or not all(there) or not all(here):
        raise ConfigError(f"{who}: wanted an own address and card for each of the far ends {there}; got {here} and {cards}")
    names = [f"path{number}" for number in range(1, len(there) + 1)]
    return {"local": _with_ports(here), "remote": _with_ports(there), "interfaces": cards, "path_names": names}
