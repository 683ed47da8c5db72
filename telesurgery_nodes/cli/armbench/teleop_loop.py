"""Random sequences at a console, both sides in the loop, and the laws that no sequence may break. Same seed, same sequence."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable
from functools import cache

import numpy as np

from ...core.kinematics.frames import Frame, axis_rotation, distance
from ...core.kinematics.frames import angle_between as turn_between
from ...core.link.anchor import moves_of
from ...core.rotations import exp
from ...core.teleop.camera import WORK_AREA_HIGH, WORK_AREA_LOW
from ...core.teleop.clutch import Teleop, TeleopInputs, TeleopOutput
from ...core.teleop.console import Console
from ...core.teleop.console import settings as console_settings
from ...core.teleop.filters import StopBand
from ...core.teleop.jaw import JAW_MAX, JAW_MIN, RATE, RATE_CATCHING_UP, jaw_of
from ...core.teleop.motion import SCALE_STEP
from ...core.teleop.pairs import PAIRS
from ...core.teleop.table import State
from ...core.teleop.tool_pace import SPEED, TURN
from ...core.values import CAMERA_ARM, MASTERS, Hand, MotionCommand, Pedals, Pose
from .teleop_pace import LawBroken, PaceLaws
from .teleop_patient import TIP_SPEED, TIP_TURN, ModelArm, Patient

DT = 0.01  # [s] one tick
HAND_SPEED, HAND_TURN = 0.15, 1.0  # [m/s], [rad/s] JIGSAWS surgeons: 99th percentile 0.10-0.16 m/s
FLICK = 8.0  # [rad/s] a wrist that is thrown round, faster than any tool turns
FLICK_MEMORY = 1.0  # [s] in which the tremor filter has forgotten it
TINY = 1e-6  # [m, rad]
FILTER_MEMORY = 1000  # ticks, ten seconds: its response has died down to nothing
ROUNDED = 1.02  # a turn is filtered as a quaternion, which is a rotation vector but for the second order
# A push by hand turns the picture at once; within two looks at the camera the epoch of the old picture has to end.
OLD_VIEW, TWO_LOOKS = math.radians(0.2), 0.1
REST = {"MTML": np.array([0.1, -0.05, 0.3]), "MTMR": np.array([-0.1, -0.05, 0.3])}
EVENTS = (
    "move", "move", "move", "clutch", "clutch", "camera", "camera", "scale", "lock_rotation", "lock_translation", "set_align_MTM",
    "select", "tremor_filter", "outage", "engage", "head", "nudge", "squeeze", "flick", "still",
)  # fmt: skip
MOVING = (State.FOLLOWING, State.CAMERA)


@cache
def filter_gain() -> float:
    """How much faster than the hand the filtered hand can ever go: the sum of |h| of a linear filter's impulse response h."""
    band, gain = StopBand(1.0 / DT), 0.0
    band.update(np.zeros(1))
    for tick in range(FILTER_MEMORY):
        gain += abs(float(band.update(np.array([1.0 if tick == 0 else 0.0]))[0]))
    return gain


class Loop:
    """One console and its patient side. `play` raises LawBroken; ``seen`` counts what happened, so that a run can show it was not idle."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.seen: Counter[str] = Counter()
        self.now, self.lives = 0.0, 0
        self._teleop, self._console, self._patient = Teleop(rate=1.0 / DT), Console(console_settings(0.5)), Patient()
        self._pace = PaceLaws(1.0 / DT)
        self._place = {m: p.copy() for m, p in REST.items()}
        self._turn = {m: np.eye(3) for m in MASTERS}
        self._speed, self._spin = {m: np.zeros(3) for m in MASTERS}, {m: np.zeros(3) for m in MASTERS}
        self._gripper = dict.fromkeys(MASTERS, 0.3)
        self._feet = {"head": True, "engage": False, "clutch": False, "camera": False}
        self._outage, self._seq, self._epoch, self._epoch_began = 0, 0, 0, 0.0
        self._out: TeleopOutput | None = None
        self._epoch_scale, self._nudged = 0.5, -math.inf
        self._flicked, self._wild = -math.inf, False  # when a wrist last turned faster than a surgeon's; in this epoch or what it remembers
        self._jaws: dict[str, tuple[float, bool]] = {}
        self._jaws_of = State.DISABLED
        self._aims: dict[str, tuple[int, Frame, float]] = {}

    def play(self, events: int) -> None:
        """One sequence: ``events`` random events with some ticks after each. Engages first where nothing follows."""
        for _ in range(events):
            if self._out is None or not self._out.follow:
                self._engage()
            self._event(self._random.choice(EVENTS))
            for _ in range(self._random.randint(1, 3)):
                self._tick()

    def _engage(self) -> None:
        self._feet = {"head": True, "engage": False, "clutch": False, "camera": False}
        self._console.update("enable", True, False)
        for gripper in (0.2, 1.1, 0.3):
            self._gripper = dict.fromkeys(MASTERS, gripper)
            self._tick()
            self._tick()
        self._feet["engage"] = True
        for _ in range(7):  # 50 ms of contact, and the patient side's word
            self._tick()

    def _event(self, kind: str) -> None:
        self.seen[kind] += 1
        if kind in self._feet:
            self._feet[kind] = not self._feet[kind]
        elif kind in ("lock_rotation", "lock_translation", "set_align_MTM", "tremor_filter"):
            pair = self._random.choice(sorted(PAIRS)) if kind != "tremor_filter" else ""
            self._console.update(kind, self._random.random() < 0.5, self._moving, pair)
        else:
            handlers: dict[str, Callable[[], object]] = {
                "move": self._move, "flick": self._flick, "still": self._rest, "squeeze": self._squeeze,
                "scale": self._scale, "nudge": self._nudge, "outage": self._lose,
                "select": lambda: self._console.update("select", self._random.choice(sorted(PAIRS)), self._moving),
            }  # fmt: skip
            handlers[kind]()

    @property
    def _moving(self) -> bool:
        return self._out is not None and self._out.state in MOVING

    def _vector(self, size: float) -> np.ndarray:
        vector = np.array([self._random.gauss(0.0, 1.0) for _ in range(3)])
        return np.asarray(vector / np.linalg.norm(vector) * self._random.uniform(0.0, size))

    def _move(self) -> None:
        for master in MASTERS:
            self._speed[master], self._spin[master] = self._vector(HAND_SPEED), self._vector(HAND_TURN)

    def _flick(self) -> None:
        for master in MASTERS:
            self._spin[master] = self._vector(FLICK)

    def _rest(self) -> None:
        self._speed, self._spin = {m: np.zeros(3) for m in MASTERS}, {m: np.zeros(3) for m in MASTERS}

    def _squeeze(self) -> None:
        self._gripper = {master: self._random.uniform(-0.2, 1.2) for master in MASTERS}

    def _scale(self) -> None:
        self._console.update("set_scale", self._random.uniform(0.05, 1.0), self._moving)

    def _nudge(self) -> None:
        axis = self._vector(1.0)
        axis = axis / np.linalg.norm(axis)
        turn = axis_rotation((float(axis[0]), float(axis[1]), float(axis[2])), self._random.uniform(0.0, 0.3))
        self._nudged = self.now
        self._patient.nudge(Frame((0.0, 0.0, 0.0), turn))

    def _lose(self) -> None:
        self._outage = self._random.randint(1, 30)

    def _tick(self) -> None:
        self.now += DT
        self._hands()
        console, patient = self._console.settings, self._patient
        hands = {m: Hand(Pose(self._place[m].copy(), self._turn[m]), self._gripper[m]) for m in MASTERS}
        inputs = TeleopInputs(
            hands, True, patient.tools(), True, Pedals(**self._feet), patient.permit.phase, patient.permit.motion_epoch, 0.1, console.scale,
            console.enabled, console.pairs, console.hands, console.tremor_filter,
        )  # fmt: skip
        out = self._out = self._teleop.update(inputs, self.now)
        self.seen[out.state.name] += 1
        if out.epoch != self._epoch:
            self._epoch, self._epoch_began, self._epoch_scale = out.epoch, self.now, console.scale
            self._wild = False
        if any(float(np.linalg.norm(spin)) > HAND_TURN for spin in self._spin.values()):
            self._flicked = self.now
        self._wild = self._wild or self.now - self._flicked < FLICK_MEMORY
        self._check_jaws(out, console.pairs)
        self._pace.check(self._teleop, inputs, out, self.now)
        self.seen["slowed"] = self._pace.seen
        self._seq += 1
        command = MotionCommand(
            self._seq, self.now, self.now, out.epoch, out.press_count, inputs.pedals, out.follow, out.aligning, True, 0.1, out.arms,
            out.camera,
        )  # fmt: skip
        self._outage = max(0, self._outage - 1)
        before = {name: arm.at for name, arm in patient.arms.items()}
        patient.tick(command if not self._outage else None, self.now, DT)
        for name, arm in patient.arms.items():
            self._check_arm(arm, before[name])

    def _hands(self) -> None:
        """Hands move as they were told to; a wrist that is asked to align does so at once, for that is not what is tried here."""
        goals = self._out.align_goals if self._out is not None else {}
        for master in MASTERS:
            place = self._place[master] + self._speed[master] * DT
            inside = np.all(place > WORK_AREA_LOW + 0.02) and np.all(place < WORK_AREA_HIGH - 0.02)
            self._place[master] = place if inside else self._place[master]
            self._turn[master] = goals[master] if master in goals else exp(self._spin[master] * DT) @ self._turn[master]

    def _check_jaws(self, out: TeleopOutput, pairs: dict[str, str]) -> None:
        """Never faster than the ghost: 36 deg/s until it has caught up, 720 after; beginning where the jaw is, or the ghost was."""
        jaws: dict[str, tuple[float, bool]] = {}
        begins = self._jaws_of != State.FOLLOWING
        for master, arm in pairs.items():
            if arm not in out.arms:
                continue
            last, slow = self._jaws.get(arm, (self._patient.arms[arm].jaw, True))
            jaw, wanted = out.arms[arm].jaw, min(max(jaw_of(self._gripper[master]), JAW_MIN), JAW_MAX)
            begun = (last, self._patient.arms[arm].jaw) if begins else (last,)
            if min(abs(jaw - one) for one in begun) > (RATE_CATCHING_UP if slow else RATE) * DT + TINY:
                raise LawBroken(f"{arm}: jaw {last} -> {jaw} rad in {DT} s, slow {slow}")
            jaws[arm] = jaw, slow and jaw != wanted
        after_clutch = {arm: (jaw, True) for arm, (jaw, _) in self._jaws.items() if out.state in (State.CLUTCHED, State.CAMERA)}
        self._jaws, self._jaws_of = {**after_clutch, **jaws}, out.state

    def _check_arm(self, arm: ModelArm, before: Frame) -> None:
        moved, turned = distance(arm.at.p, before.p), turn_between(arm.at.r, before.r)
        if moved > TIP_SPEED * DT + TINY or turned > TIP_TURN * DT + TINY:
            raise LawBroken(f"{arm.name}: the set point jumped {moved} m, {turned} rad")
        if moved > 0.0 or turned > TINY:
            self._check_leave(arm)
        if arm.goal is not None and arm.target_at == self.now:
            self.seen[f"moved_{arm.name}"] += 1
            self._check_aim(arm, before)

    def _check_leave(self, arm: ModelArm) -> None:
        """Only what is wanted, engaged and permitted moves; nothing but the camera arm while that pedal is down."""
        command, permit = self._patient.command, self._patient.permit
        wanted = command is not None and command.follow and arm.name in moves_of(command)
        feet = command is not None and command.pedals.engage and command.pedals.head and not command.pedals.clutch
        if not (wanted and feet and permit.motion):
            raise LawBroken(f"{arm.name} moved without leave: {command}, {permit}")

    def _check_aim(self, arm: ModelArm, before: Frame) -> None:
        """The target of an epoch begins at the set point and goes no faster than hand and console, in the picture that is there now."""
        goal = arm.goal
        if goal is None:
            return
        gain = filter_gain() if self._console.settings.tremor_filter else 1.0
        speed = min(gain * HAND_SPEED * (self._epoch_scale + SCALE_STEP), SPEED)
        spin = TURN if self._wild else min(gain * HAND_TURN * ROUNDED, TURN)
        epoch, last, at = self._aims.get(arm.name, (-1, before, self._epoch_began - DT))
        if epoch != self._epoch:
            last, at = before, self._epoch_began - DT
        gap, step, turn = self.now - at, distance(goal.p, last.p), turn_between(goal.r, last.r)
        self._aims[arm.name] = self._epoch, goal, self.now
        if arm.name == CAMERA_ARM:
            return  # angles at the eye have no such bound; the gate's 10 mm and 10 deg hold, and the set point's own speed
        if step > speed * gap + TINY or turn > spin * gap + TINY:
            raise LawBroken(f"{arm.name}: the target jumped {step} m, {turn} rad in {gap} s, epoch {self._epoch}")
        held = arm.view.held
        if held is not None and turn_between(held.r, self._patient.view.r) > OLD_VIEW and self.now - self._nudged > TWO_LOOKS:
            raise LawBroken(f"{arm.name} follows in a picture that is no more")
