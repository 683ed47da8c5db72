"""CRTK's names of one arm as ONE table (ros2.md section 2.2): type, direction, what is done with it, or why it is refused.

Topics and their QoS (channels.py), the endpoints of `arm_control`, and docs/crtk.md are made from it. Names are relative to the arm.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from .moves import Refusal, Verb

POSE, TWIST, WRENCH = "geometry_msgs/PoseStamped", "geometry_msgs/TwistStamped", "geometry_msgs/WrenchStamped"
JOINTS, EMPTY, STRING, MATRIX = "sensor_msgs/JointState", "std_msgs/Empty", "std_msgs/String", "std_msgs/Float64MultiArray"
FORWARD, INVERSE = "crtk_msgs/QueryForwardKinematics", "crtk_msgs/QueryInverseKinematics"
QUERY_RATE, STREAM_RATE = 62.5, 250.0  # [Hz] said by a following arm; the most a sender of servo_ needs


class Way(enum.Enum):
    """Direction, seen from the arm."""

    QUERY = "published"
    COMMAND = "subscribed"
    SERVICE = "service"


class Who(enum.Enum):
    """Which arms have it."""

    EVERY = "every arm"
    POSE = "arms that follow a whole pose"
    JAW = "arms with a jaw"
    TOUCH = "instruments"


@dataclass(frozen=True)
class Entry:
    """One name. ``key`` its row in channels.py; ``crtk`` its type with crtk_msgs; ``verb`` the local motion it asks for.

    ``refused``: why not.
    """

    name: str
    type: str
    way: Way
    what: str
    key: str = ""
    crtk: str = ""
    verb: Verb | None = None
    refused: Refusal | None = None
    who: Who = Who.EVERY
    rate: float = 0.0


def _key(name: str) -> str:
    return name.replace("/", "_") if name.startswith("jaw/") else "arm_" + name.replace("/", "_")


def _query(name: str, kind: str, what: str, key: str = "", who: Who = Who.EVERY, rate: float = QUERY_RATE, crtk: str = "") -> Entry:
    return Entry(name, kind, Way.QUERY, what, key or _key(name), crtk, who=who, rate=rate)


def _command(name: str, kind: str, what: str, verb: Verb | None = None, who: Who = Who.EVERY, crtk: str = "") -> Entry:
    rate = STREAM_RATE if name.rpartition("/")[2].startswith(("servo", "interpolate")) else 0.0
    return Entry(name, kind, Way.COMMAND, what, _key(name), crtk, verb, who=who, rate=rate)


def _no(name: str, kind: str, refused: Refusal, who: Who = Who.EVERY) -> Entry:
    return Entry(name, kind, Way.COMMAND, "refused and counted", _key(name), refused=refused, who=who)


def _service(name: str, kind: str, what: str, who: Who = Who.EVERY) -> Entry:
    return Entry(name, kind, Way.SERVICE, what, who=who)


FACE: tuple[Entry, ...] = (
    _query("measured_js", JOINTS, "measured joints"),
    _query("measured_cp", POSE, "measured tip, endoscope_view frame"),
    _query("measured_cv", TWIST, "measured tip twist, endoscope_view frame"),
    _query("measured_cf", WRENCH, "force of the surroundings on the tip, endoscope_view frame", who=Who.TOUCH),
    _query("body/measured_cf", WRENCH, "the same in the tip's own frame", key="arm_body_cf", who=Who.TOUCH),
    _query("setpoint_js", JOINTS, "joint set point"),
    _query("setpoint_cp", POSE, "tip set point, endoscope_view frame; stamp = the servo_cp it serves"),
    _query("goal_js", JOINTS, "joints the running local motion ends at; the set point where there is none"),
    _query("goal_cp", POSE, "the same as a tip, endoscope_view frame"),
    _query("local/measured_cp", POSE, "measured tip, frame of the remote centre of motion", key="arm_local_cp"),
    _query("local/setpoint_cp", POSE, "tip set point, frame of the remote centre of motion"),
    _query("body/jacobian", MATRIX, "6 x joints, linear rows first: tip twist in the tip's own frame"),
    _query("spatial/jacobian", MATRIX, "6 x joints, linear rows first: twist at the remote centre of motion, in its frame"),
    _query("jaw/measured_js", JOINTS, "measured jaw [rad]", who=Who.JAW),
    _query("jaw/setpoint_js", JOINTS, "jaw set point [rad]", who=Who.JAW),
    _query("operating_state", STRING, "state, homed, busy; latched", rate=0.0, crtk="crtk_msgs/OperatingState"),
    _query("status", STRING, "every change of state as a sentence", rate=0.0),
    _query("warning", STRING, "every refusal as a sentence", rate=0.0),
    _query("error", STRING, "every fault as a sentence", rate=0.0),
    _command("state_command", STRING, "enable, disable, pause, resume, home, unhome", crtk="crtk_msgs/StringStamped"),
    _command("hold", EMPTY, "drop every goal, brake, hold"),
    _command("servo_cp", POSE, "tip followed under the watchdog's permit, through the gate; never local", who=Who.POSE),
    _command("servo_jp", JOINTS, "joints at once, within the limits; a speed sent along is not used", Verb.SERVO_JP),
    _command("servo_jr", JOINTS, "joints relative to the set point", Verb.SERVO_JR),
    _command("servo_jv", JOINTS, "joint speeds, dropped when nothing newer comes", Verb.SERVO_JV),
    _command("servo_cv", TWIST, "tip twist in endoscope_view, dropped when nothing newer comes", Verb.SERVO_CV, Who.POSE),
    _command("interpolate_jp", JOINTS, "joints from a slow sender, joined smoothly", Verb.INTERPOLATE_JP),
    _command("interpolate_cp", POSE, "tip from a slow sender, joined smoothly; endoscope_view frame", Verb.INTERPOLATE_CP, Who.POSE),
    _command("move_jp", JOINTS, "go to joints at home speed; busy until there", Verb.MOVE_JP),
    _command("move_jr", JOINTS, "the same relative to the set point", Verb.MOVE_JR),
    _command("move_cp", POSE, "straight line of the tip at home speed; busy until there", Verb.MOVE_CP, Who.POSE),
    _command("jaw/servo_jp", JOINTS, "jaw followed under the watchdog's permit; never local", who=Who.JAW),
    _command("jaw/move_jp", JOINTS, "jaw to an angle [rad]", Verb.JAW_MOVE_JP, Who.JAW),
    _no("servo_cr", POSE, Refusal.NO_REFERENCE),
    _no("move_cr", POSE, Refusal.NO_REFERENCE),
    _no("interpolate_cr", POSE, Refusal.NO_REFERENCE),
    _no("interpolate_jr", JOINTS, Refusal.USE_SERVO),
    _no("interpolate_jv", JOINTS, Refusal.USE_SERVO),
    _no("interpolate_cv", TWIST, Refusal.USE_SERVO),
    _no("interpolate_jf", JOINTS, Refusal.NO_FORCE),
    _no("interpolate_cf", WRENCH, Refusal.NO_FORCE),
    _no("servo_jf", JOINTS, Refusal.NO_FORCE),
    _no("servo_cf", WRENCH, Refusal.NO_FORCE),
    _no("body/servo_cf", WRENCH, Refusal.NO_FORCE),
    _no("spatial/servo_cf", WRENCH, Refusal.NO_FORCE),
    _no("jaw/servo_jf", JOINTS, Refusal.NO_FORCE, Who.JAW),
    _no("free", EMPTY, Refusal.NO_GRAVITY),
    _no("use_gravity_compensation", "std_msgs/Bool", Refusal.NO_GRAVITY),
    _service("forward_kinematics", FORWARD, "tip of given joints, endoscope_view frame"),
    _service("inverse_kinematics", INVERSE, "joints near jp whose tip is cp, endoscope_view frame", Who.POSE),
    _service("local/forward_kinematics", FORWARD, "the same in the frame of the remote centre of motion"),
    _service("local/inverse_kinematics", INVERSE, "the same in the frame of the remote centre of motion", Who.POSE),
    _service("operating_state", "crtk_msgs/TriggerOperatingState", "the newest operating_state"),
    _service("crtk_version", "std_srvs/Trigger", "version of CRTK spoken"),
)  # fmt: skip

CRTK_VERSION = "1.1.0"  # what dVRK 2.4 answers; the names above are of this version
