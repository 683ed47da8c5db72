"""Bar 1: reachable targets of the PSM, every solver on the same target in turn, from near (as in the loop) and from home."""

from __future__ import annotations

import math
import random
import time
from typing import Any

import numpy as np

from ...core.arm.assembly import assemble
from ...core.kinematics.frames import angle_between, distance
from ...core.kinematics.general import GeneralArm
from ...core.kinematics.limits import JointLimits, Joints
from ...core.kinematics.model import Chain, RobotModel
from ...core.kinematics.psm import INSERTION, Psm
from ...errors import ConfigError, KinematicsError
from ...nodes.arm_setup import read_config, read_urdf
from ..bench import Bar, BenchArguments, at_most
from .solvers import Method, kdl_loop, ours, percentiles, pink_loop, pinocchio_loop, qp_solvers

TARGETS, QUICK_TARGETS = 1000, 200
SHARE = 0.98  # of the joint range targets are drawn from, as in sim.md section 5.1
NEAR_RAD, NEAR_M = math.radians(1.0), 0.001  # a target of the loop is so near
POSITION_UM, TURN_MRAD = 1.0, 0.01
ARM = "PSM1"
STARTS = ("near", "home")
PINK_SOLVERS = ("daqp", "quadprog")


def _postures(limits: JointLimits, count: int, rnd: random.Random) -> list[Joints]:
    ends = [(0.5 * (a + b), 0.5 * SHARE * (b - a)) for a, b in zip(limits.lower, limits.upper, strict=True)]
    edges = [(middle - half, middle + half) for middle, half in ends]
    return [tuple(rnd.uniform(*edge) for edge in edges) for _ in range(count)]


def _beside(q: Joints, limits: JointLimits, rnd: random.Random) -> Joints:
    moved = tuple(x + rnd.uniform(-1.0, 1.0) * (NEAR_M if index == INSERTION else NEAR_RAD) for index, x in enumerate(q))
    return limits.clamp(moved)[0]


def _methods(psm: Psm, chain: Chain, home: Joints, tip: tuple[float, float]) -> tuple[list[Method], dict[str, str]]:
    """Ours first; and why others are missing."""
    found, missing = [ours(psm)], {}
    try:
        arm = GeneralArm(chain, psm.limits, home, tip, straight=False, trocar=None)
        found.append(pinocchio_loop(arm))
        there = qp_solvers()
        found += [pink_loop(arm, solver) for solver in PINK_SOLVERS if solver in there]
        missing.update({f"Pink, {solver}": f"not installed: {solver}" for solver in PINK_SOLVERS if solver not in there})
    except ConfigError as error:
        missing["Pinocchio, Pink"] = str(error)
    kdl = kdl_loop(chain, psm.limits)
    if kdl is None:
        missing["KDL"] = "not installed: PyKDL"
    return found + ([kdl] if kdl is not None else []), missing


class Score:
    """One method from one kind of start."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.position: list[float] = []
        self.turn: list[float] = []
        self.failed = 0

    def row(self) -> dict[str, Any]:
        """For --json and the table; errors over what was solved within the bar's tolerance and the range."""
        p50, p99 = percentiles(np.array(self.seconds))
        solved = len(self.position)
        return {
            "p50_us": p50, "p99_us": p99, "solved": solved, "failed": self.failed,
            "worst_um": 1e6 * max(self.position, default=math.nan), "worst_mrad": 1e3 * max(self.turn, default=math.nan),
        }  # fmt: skip


def measure(count: int, seed: int) -> tuple[dict[tuple[str, str], Score], list[Method], dict[str, str]]:
    """(start, method) -> score. Methods take turns on each target, so that a busy machine is as busy for all."""
    config = read_config("psm")
    made = assemble(ARM, RobotModel(read_urdf("urdf/patient_cart.urdf.xacro")), config, 1.0)
    psm, chain = Psm(config.limits), made.chain
    methods, missing = _methods(psm, chain, config.home, (config.tip_speed, config.tip_turn))
    scores = {(start, method.name): Score() for start in STARTS for method in methods}
    rnd = random.Random(seed)
    for number, q in enumerate(_postures(config.limits, count, rnd)):
        target = chain.forward(q)  # through the URDF, not through any of the solvers
        for start, reference in (("near", _beside(q, config.limits, rnd)), ("home", config.home)):
            turn = number % len(methods)
            for method in methods[turn:] + methods[:turn]:
                begin = time.perf_counter()
                try:
                    found = method.solve(target, reference)
                except KinematicsError:
                    found = None
                _judge(scores[start, method.name], time.perf_counter() - begin, found, target, chain, config.limits)
    return scores, methods, missing


def _judge(score: Score, seconds: float, found: Joints | None, target: Any, chain: Chain, limits: JointLimits) -> None:
    score.seconds.append(seconds)
    if found is None or not limits.inside(found):
        score.failed += 1
        return
    tip = chain.forward(found)
    position, turn = distance(tip.p, target.p), angle_between(tip.r, target.r)
    if 1e6 * position > POSITION_UM or 1e3 * turn > TURN_MRAD:
        score.failed += 1
        return
    score.position.append(position)
    score.turn.append(turn)


def run(arguments: BenchArguments) -> tuple[list[Bar], dict[str, Any]]:
    """Bar 1."""
    count = QUICK_TARGETS if arguments.quick else TARGETS
    scores, methods, missing = measure(count, arguments.seed)
    mine, others = methods[0].name, [method.name for method in methods[1:]]
    own = [scores[start, mine].row() for start in STARTS]
    bars = [
        at_most("arm.1.solved", f"of {count} reachable targets not met, near and from home", float(sum(r["failed"] for r in own)), 0.0, ""),
        at_most("arm.1.position", "worst position error", max(r["worst_um"] for r in own), POSITION_UM, "um"),
        at_most("arm.1.turn", "worst orientation error", max(r["worst_mrad"] for r in own), TURN_MRAD, "mrad"),
    ]
    rows = {name: scores["near", name].row() for name in (mine, *others)}
    for key in ("p50_us", "p99_us"):
        best = min((rows[name][key] for name in others), default=math.nan)
        what = f"our {key[:3]} from near, against the fastest other of this run"
        bars.append(at_most(f"arm.1.{key[:3]}", what, rows[mine][key], best, "us", str(missing)) if others else _missing(key, missing))
    if "KDL" in missing:
        bars.append(at_most("arm.1.kdl", "our p50 against KDL", None, 0.0, "us", missing["KDL"]))
    details = {f"{start} / {name}": scores[start, name].row() for start, name in scores}
    keeps = {method.name: method.keeps for method in methods}
    return bars, {"solvers": details, "missing": missing, "keeps": keeps, "text": table(details, keeps, count)}


def _missing(key: str, missing: dict[str, str]) -> Bar:
    return at_most(f"arm.1.{key[:3]}", "against the libraries", None, 0.0, "us", str(missing))


def table(details: dict[str, dict[str, Any]], keeps: dict[str, str], count: int) -> str:
    """For people."""
    met = f"{POSITION_UM:g} um and {TURN_MRAD:g} mrad in range"
    rows = [f"{count} targets, solvers in turn; us p50, p99 over all; errors of what met {met}"]
    rows += ["", "| start / solver | p50 | p99 | met | worst um | worst mrad | keeps |", "| --- " * 7 + "|"]
    for name, row in details.items():
        numbers = f"{row['p50_us']:.1f} | {row['p99_us']:.1f} | {row['solved']} | {row['worst_um']:.2g} | {row['worst_mrad']:.2g}"
        rows.append(f"| {name} | {numbers} | {keeps[name.split(' / ')[1]]} |")
    return "\n".join([*rows, ""])
