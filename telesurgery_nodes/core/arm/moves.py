"""Motion asked for at the arm itself (CRTK's move_, interpolate_, servo_ but servo_cp): what was asked last counts.

Nothing moves without the local leave (a live permit in a phase where nobody follows), and a motion that loses the leave is over: it
does not go on by itself when the leave returns.
"""

from __future__ import annotations

import enum
import math
from collections import Counter
from dataclasses import dataclass

from ...errors import KinematicsError
from ..kinematics.frames import Frame, Vector, compose, is_finite, rotate
from ..kinematics.limits import Joints
from .config import ArmConfig
from .courses import Course, JointGoal, JointSpeed, JointStream, TipLine, TipSpeed, TipStream, near, reach
from .kinematics import Follower, Kinematics

MAX_TICK = 0.02  # [s] a later tick leads no further


class Verb(enum.Enum):
    """Local motions, by CRTK's names."""

    SERVO_JP = "servo_jp"
    SERVO_JR = "servo_jr"
    SERVO_JV = "servo_jv"
    SERVO_CV = "servo_cv"
    INTERPOLATE_JP = "interpolate_jp"
    INTERPOLATE_CP = "interpolate_cp"
    MOVE_JP = "move_jp"
    MOVE_JR = "move_jr"
    MOVE_CP = "move_cp"
    JAW_MOVE_JP = "jaw/move_jp"


class Refusal(enum.Enum):
    """Why a command is not done, as it is said to people."""

    NOT_LOCAL = "not allowed now: a live permit in STANDBY or HOLDING and a robot with its brake off wanted"
    NOT_ENABLED = "the arm is not ENABLED, or it is homing"
    NOT_HOMED = "the arm is not homed"
    NOT_NUMBERS = "wanted one finite number per joint, or a unit pose"
    WRONG_FRAME = "wanted the frame of the arm's own measured_cp or none, and a stamp that is not zero"
    NO_VIEW = "the endoscope's joints are not known, so its view is not"
    NO_POSE = "this arm has too few joints to follow a whole pose"
    UNREACHABLE = "no joints in range reach this tip"
    LOST_LEAVE = "the leave to move ended before the motion did"
    NO_REFERENCE = "CRTK does not say in which frame a relative pose is meant; dVRK does not do it either"
    NO_FORCE = "the arm takes positions, not forces"
    NO_GRAVITY = "the arm has no gravity compensation: let go it would fall"
    USE_SERVO = "use the servo_ command of the same kind: a relative target or a speed needs no smoothing"


JOINT_VERBS = (Verb.SERVO_JP, Verb.SERVO_JR, Verb.SERVO_JV, Verb.INTERPOLATE_JP, Verb.MOVE_JP, Verb.MOVE_JR)
TIP_VERBS = (Verb.MOVE_CP, Verb.INTERPOLATE_CP, Verb.SERVO_CV)
UNHOMED_TOO = (Verb.MOVE_JP, Verb.MOVE_JR)  # slow, and how an arm is brought near its home
Value = Joints | Frame


@dataclass(frozen=True)
class MoveInputs:
    """``local`` leave; ``ready`` ENABLED and not homing; ``setpoint`` joints, empty before the first enable; ``view`` view -> RCM."""

    local: bool = False
    ready: bool = False
    homed: bool = False
    setpoint: Joints = ()
    view: Frame | None = None


@dataclass(frozen=True)
class MoveOutput:
    """``joints`` to lead the set point to (None: none), ``slow`` at home speed; ``stop``: brake now, ``why``; ``busy`` CRTK's is_busy."""

    joints: Joints | None = None
    slow: bool = False
    stop: bool = False
    why: Refusal | None = None
    busy: bool = False
    goal: Joints | None = None


RESTING = MoveOutput()


class LocalMotion:
    """The course in force of one arm."""

    def __init__(self, kinematics: Kinematics, config: ArmConfig, follower: Follower | None, counts: Counter[str]) -> None:
        """``follower`` None: tips are refused. ``counts``: where a goal moved to the edge of its range is counted."""
        self._counts = counts
        self._kinematics, self._config, self._follower = kinematics, config, follower
        self._inputs, self._before = MoveInputs(), -math.inf
        self._course: Course | None = None
        self._target: Frame | None = None

    @property
    def active(self) -> bool:
        """A course leads the set point."""
        return self._course is not None

    def see(self, inputs: MoveInputs) -> None:
        """The facts of this tick, before what was asked in it is judged by them."""
        self._inputs = inputs

    def ask(self, verb: Verb, value: Value, now: float) -> Refusal | None:
        """A command at steady time ``now`` [s]: joints (with a twist as six numbers), or a tip in the view frame. None: taken."""
        refused = self._refusal(verb, value)
        if refused is not None:
            return refused
        if verb in TIP_VERBS or isinstance(value, Frame):
            return self._tip(verb, value, now)
        if verb is not Verb.JAW_MOVE_JP:  # the jaw has a goal of its own, beside the course of the joints (jaw.py)
            self._joints(verb, value, now)
        return None

    def drop(self) -> None:
        """Forget the course: hold, or another state."""
        self._course = self._target = None

    def rest(self, now: float) -> MoveOutput:
        """One tick in which nothing was asked and no course leads: what `update` would say of it."""
        self._before = now
        return RESTING

    def update(self, inputs: MoveInputs, now: float) -> MoveOutput:
        """One tick."""
        dt = min(max(now - self._before, 0.0), MAX_TICK)
        self._inputs, self._before = inputs, now
        course = self._course
        if course is None:
            return RESTING
        if not (inputs.local and inputs.ready):
            self.drop()
            return MoveOutput(stop=True, why=Refusal.LOST_LEAVE)
        try:
            joints = course.lead(inputs.setpoint, dt, now)
        except KinematicsError:
            self.drop()
            return MoveOutput(stop=True, why=Refusal.UNREACHABLE)
        if joints is None:
            return self._over(inputs.setpoint)
        return MoveOutput(joints, course.slow, busy=course.busy, goal=course.end)

    def _over(self, setpoint: Joints) -> MoveOutput:
        target = self._target
        short = target is not None and not near(self._kinematics.forward(setpoint), target)
        self.drop()
        return MoveOutput(why=Refusal.UNREACHABLE if short else None)

    def _refusal(self, verb: Verb, value: Value) -> Refusal | None:
        given = self._inputs
        joints = len(self._config.home) if verb in JOINT_VERBS else 6 if verb is Verb.SERVO_CV else 1
        sound = is_finite(value) if isinstance(value, Frame) else len(value) == joints and all(map(math.isfinite, value))
        rows = (
            (not sound, Refusal.NOT_NUMBERS),
            (verb in TIP_VERBS and self._follower is None, Refusal.NO_POSE),
            (not (given.ready and given.setpoint), Refusal.NOT_ENABLED),
            (not given.local, Refusal.NOT_LOCAL),
            (not given.homed and verb not in UNHOMED_TOO, Refusal.NOT_HOMED),
            (verb in TIP_VERBS and given.view is None, Refusal.NO_VIEW),
        )
        return next((reason for bad, reason in rows if bad), None)

    def _joints(self, verb: Verb, joints: Joints, now: float) -> None:
        here, course = self._inputs.setpoint, self._course
        if verb is Verb.INTERPOLATE_JP:
            stream = course if isinstance(course, JointStream) else JointStream(here)
            stream.path.aim(self._in_range(verb, joints), now)
            self._take(stream)
        elif verb is Verb.SERVO_JV:
            speed = course if isinstance(course, JointSpeed) else JointSpeed(here, self._config.limits.velocity)
            speed.aim(joints, now)
            self._take(speed)
        else:
            if verb in (Verb.SERVO_JR, Verb.MOVE_JR):
                joints = tuple(x + way for x, way in zip(here, joints, strict=True))
            self._take(JointGoal(self._in_range(verb, joints), slow=verb in UNHOMED_TOO))

    def _in_range(self, verb: Verb, joints: Joints) -> Joints:
        if not self._config.limits.inside(joints):
            self._counts[f"clamped_{verb.value}"] += 1
        return self._config.limits.clamp(joints)[0]

    def _tip(self, verb: Verb, value: Value, now: float) -> Refusal | None:
        follower, view, here, course = self._follower, self._inputs.view, self._inputs.setpoint, self._course
        if follower is None or view is None:
            return Refusal.NO_POSE  # judged before; said again for whoever reads types
        tip, limits = self._kinematics.forward(here), self._config.limits
        if not isinstance(value, Frame):
            speed = course if isinstance(course, TipSpeed) else TipSpeed(tip, follower.follow, limits.velocity)
            speed.aim(rotate(view.r, _vector(value[:3])), rotate(view.r, _vector(value[3:])), now)
            self._take(speed)
            return None
        goal = compose(view, value)
        if verb is Verb.INTERPOLATE_CP:
            stream = course if isinstance(course, TipStream) else TipStream(tip, follower.follow)
            stream.path.aim(goal, now)
            self._take(stream)
            return None
        return self._line(tip, goal, follower)

    def _line(self, tip: Frame, goal: Frame, follower: Follower) -> Refusal | None:
        config = self._config
        end = reach(follower.follow, self._kinematics.forward, goal, self._inputs.setpoint)
        if end is None:
            return Refusal.UNREACHABLE
        share = config.home_speed
        speeds = (config.tip_speed * share, config.tip_turn * share)
        self._take(TipLine(tip, goal, end, speeds, follower.follow, tuple(v * share for v in config.limits.velocity)))
        self._target = goal
        return None

    def _take(self, course: Course) -> None:
        self._course, self._target = course, None


def _vector(values: Joints) -> Vector:
    x, y, z = values
    return (x, y, z)
