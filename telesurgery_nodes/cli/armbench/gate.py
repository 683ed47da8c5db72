"""The gate before the motors in a healthy system: does it ever bite? Real hands through the real controller, in virtual time.

Also whether its tests notice when one thing in it is wrong.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import yaml

from ...core.arm.config import arm_config
from ...core.arm.controller import ArmController
from ...core.arm.values import ArmInputs, Measured
from ...core.kinematics.frames import IDENTITY, Frame, Vector, axis_rotation, distance, frame_of, norm, product, transpose
from ...core.kinematics.psm import Psm, PsmGeometry
from ...core.safety.config import safety_config
from ...core.safety.force import Force
from ...core.safety.gate_motor import MotorGate
from ...core.safety.motor import MotorRequest
from ...core.safety.motor_limits import motor_limits
from ...core.values import ConsoleState, Permit, Phase
from ...devices.masters.jigsaws import JigsawsMaster
from ...devices.masters.scripted import ScriptedMaster
from ...errors import ConfigError
from ...resources import find_resource
from ..bench import Bar, BenchArguments, at_least, at_most
from ..mutate import Subject, measure

TICK_S = 0.004
MAX_TICK_S = 0.02
JITTER_S = 0.001  # of a tick; one in LATE_EVERY comes late by up to LATE_S
LATE_EVERY, LATE_S = 200, 0.03
LEAVE_LOST_EVERY_S = 0.7  # the permit goes away this often in the mean, in mid-motion
SCALE = 0.2
HAND = "MTMR"
SECONDS, QUICK_SECONDS = 120.0, 20.0
JUMP_M, JUMP_RAD = 0.009, 0.15  # just below the jump limit: the controller runs at all its limits
JUMP_EVERY_S = 0.3
HOME_S = 3.0
FREE_AIR = Force((0.0, 0.0, 0.0), 0.0)
GATE = Subject(
    ("core/safety/gate_motor.py", "core/safety/motor.py", "core/safety/force.py", "core/safety/gate.py"),
    "test/core/safety",
    (*(f"test_gate_motor{part}.py" for part in ("", "_exact", "_leave", "_orders")), "test_force.py", "test_gate.py"),
)
KILLED = 95.0
MM = 1e3


@dataclass
class Replay:
    """``sent`` set points that moved, ``refused`` of them; the fastest tip that went out [m/s]; how often leave was taken away."""

    sent: int = 0
    refused: int = 0
    fastest: float = 0.0
    stops: int = 0


class Arm:
    """Controller and gate of one instrument with a perfect robot."""

    def __init__(self) -> None:
        raw = yaml.safe_load(find_resource("config/arms/psm.yaml").read_text())
        safety = safety_config(yaml.safe_load(find_resource("config/safety.yaml").read_text()))
        config = arm_config(raw)
        self.psm = Psm(config.limits, PsmGeometry(**config.geometry))
        self.controller = ArmController("PSM1", self.psm, config, self.psm, max_tick=MAX_TICK_S)
        self.gate = MotorGate(motor_limits(raw, config, safety, MAX_TICK_S), self.psm.forward)
        self.q, self.jaw, self.now, self.stamp = config.home, 0.0, 0.0, 0
        self.found = Replay()

    def home(self) -> None:
        """Enable and home from a little beside the home."""
        self.q = tuple(x + 0.01 for x in self.q)
        self.tick(TICK_S, None, False)
        for word in ("enable", "home"):
            self.controller.command(word)
        for _ in range(round(HOME_S / TICK_S)):
            self.tick(TICK_S, None, False)
        if not self.controller.homed:
            raise AssertionError(f"the arm did not home; the gate refused {dict(self.gate.counts)}")

    def tick(self, dt: float, target: Frame | None, follows: bool, local: bool = True) -> None:
        """One control tick: target (RCM frame), leave to follow it, gate, robot.

        ``local``: where it does not follow, the permit is the local team's already; False: still the follower's, as in the moment in
        which commands fail to come, or while the surgeon clutches.
        """
        self.now += dt
        self.stamp += 1
        measured = Measured(self.q, (0.0,) * len(self.q), self.jaw, 0.0)
        jaw = 0.3 + 0.3 * math.sin(self.now)
        remote = follows or not local
        output = self.controller.update(ArmInputs(target, (self.stamp, 0), jaw, follows, not remote, measured, IDENTITY), self.now)
        permit = Permit(1, self.stamp, 1, Phase.FOLLOWING if remote else Phase.HOLDING, remote, 0)
        request = MotorRequest(
            output.joints, output.jaw, output.served is not None, 1, 0.0, permit, 0.0, self.q, 0.0, FREE_AIR,
        )  # fmt: skip
        decision = self.gate.update(request, self.now)
        if decision.refusal is not None:
            self.found.refused += 1
            if decision.joints is not None:
                self.controller.withdraw(decision.joints, decision.jaw)
        if decision.joints is None or decision.joints == self.q:
            return
        self.found.sent += 1
        moved = distance(self.psm.forward(decision.joints).p, self.psm.forward(self.q).p)
        self.found.fastest = max(self.found.fastest, moved / min(dt, MAX_TICK_S))
        self.q, self.jaw = decision.joints, decision.jaw if decision.jaw is not None else self.jaw


def ticks(seconds: float, rng: random.Random) -> Iterator[tuple[float, float, bool, bool]]:
    """(time, since the last, leave is there, the permit would be local): jittered ticks, now and then a late one, the leave lost now
    and then for a moment, each second time while the permit still lets follow.
    """
    now, lost_until, local = 0.0, 0.0, True
    while now < seconds:
        late = rng.uniform(0.0, LATE_S) if rng.random() < 1.0 / LATE_EVERY else 0.0
        dt = TICK_S + rng.uniform(-JITTER_S, JITTER_S) + late
        now += dt
        if now >= lost_until and rng.random() < dt / LEAVE_LOST_EVERY_S:
            lost_until, local = now + rng.uniform(0.02, 0.3), not local
        yield now, dt, now >= lost_until, local


def hands(seconds: float, seed: int, file: str) -> Replay:
    """A recorded or scripted surgeon; the tool is anchored anew whenever leave comes back."""
    arm, rng = Arm(), random.Random(seed)
    arm.home()
    master = JigsawsMaster(file, SCALE) if file else ScriptedMaster(seed)
    anchor: tuple[Frame, Frame] | None = None
    for now, dt, leave, local in ticks(seconds, rng):
        master.feedback(ConsoleState(Phase.FOLLOWING, True))
        sample = master.poll(now)
        if sample is None:
            break
        hand = frame_of(sample.hands[HAND].pose)
        follows = leave and not sample.pedals.clutch
        if not follows:
            arm.found.stops += anchor is not None
            anchor = None
        elif anchor is None:
            anchor = arm.psm.forward(arm.controller.setpoint), hand
        arm.tick(dt, _target(anchor, hand) if anchor is not None else None, follows, local and not leave)
    return arm.found


def _target(anchor: tuple[Frame, Frame], hand: Frame) -> Frame:
    """Anchor of the tool plus the scaled displacement and the rotation of the hand since then."""
    (tip, tip_r), (then, then_r) = anchor
    x, y, z = (a + SCALE * (b - c) for a, b, c in zip(tip, hand.p, then, strict=True))
    return Frame((x, y, z), product(product(hand.r, transpose(then_r)), tip_r))


def jumps(seconds: float, seed: int) -> Replay:
    """Targets that leap by what the first gate just lets pass, so that every limit of the controller is met."""
    arm, rng = Arm(), random.Random(seed)
    arm.home()
    q = arm.controller.config.home
    goal, changed, led = arm.psm.forward(q), 0.0, False
    for now, dt, leave, local in ticks(seconds, rng):
        if now - changed > JUMP_EVERY_S:
            changed = now
            goal = _elsewhere(arm.psm.forward(arm.controller.setpoint), rng)
        arm.found.stops += led and not leave
        led = leave
        arm.tick(dt, goal, leave, local)
    return arm.found


def _elsewhere(tip: Frame, rng: random.Random) -> Frame:
    """A place and a turn JUMP_M and JUMP_RAD away, in any direction."""
    x, y, z = (a + JUMP_M * b for a, b in zip(tip.p, _direction(rng), strict=True))
    return Frame((x, y, z), product(axis_rotation(_direction(rng), JUMP_RAD), tip.r))


def _direction(rng: random.Random) -> Vector:
    x, y, z = rng.gauss(0.0, 1.0), rng.gauss(0.0, 1.0), rng.gauss(0.0, 1.0)
    size = norm((x, y, z))
    return x / size, y / size, z / size


def run(arguments: BenchArguments) -> tuple[list[Bar], dict[str, Any]]:
    """Bars of the gate: nothing refused in a healthy system, mutants killed."""
    seconds = QUICK_SECONDS if arguments.quick else SECONDS
    played, leapt = hands(seconds, arguments.seed, arguments.file), jumps(seconds, arguments.seed)
    details: dict[str, Any] = {"hands": asdict(played), "jumps": asdict(leapt)}
    what = f"refused of {played.sent} set points of {'recorded' if arguments.file else 'scripted'} hands, {played.stops} stops"
    bars = [
        at_most("arm.gate.hands", what, float(played.refused), 0.0, ""),
        at_most("arm.gate.jumps", f"refused of {leapt.sent} set points at all limits of the controller", float(leapt.refused), 0.0, ""),
        at_most("arm.gate.speed", "fastest tip that went to the motors", MM * max(played.fastest, leapt.fastest), 100.0, "mm/s"),
    ]
    share, why = None, "takes minutes: not with --quick"
    if not arguments.quick:
        try:
            got = measure(GATE)
            share, details["mutation"] = 100.0 * got.killed / got.made, asdict(got)
        except ConfigError as error:
            why = f"needs a source tree with its tests: {error}"
    return [*bars, at_least("arm.gate.mutation", "mutants of the gate killed by its tests", share, KILLED, "%", why)], details
