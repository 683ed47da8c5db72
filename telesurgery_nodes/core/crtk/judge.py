"""The points, as one table: evidence -> findings. Nothing seen is undetermined, never conformant."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from .evidence import Evidence, Finding, Sample, Verdict

OK, BAD, OPEN = Verdict.CONFORMANT, Verdict.DIVERGENT, Verdict.UNDETERMINED
STREAMS = ("measured_js", "measured_cp", "setpoint_js", "setpoint_cp", "measured_cv")
WANTED = ("measured_js", "measured_cp")
TYPES = {
    "measured_js": ("sensor_msgs/msg/JointState",),
    "setpoint_js": ("sensor_msgs/msg/JointState",),
    "measured_cp": ("geometry_msgs/msg/PoseStamped",),
    "setpoint_cp": ("geometry_msgs/msg/PoseStamped",),
    "measured_cv": ("geometry_msgs/msg/TwistStamped",),
    "operating_state": ("crtk_msgs/msg/OperatingState", "std_msgs/msg/String"),
}
STATES = ("DISABLED", "ENABLED", "PAUSED", "FAULT")

RATE = 50.0  # [Hz] CRTK's lowest use: remote teleoperation by interpolate_ (peers.md); dVRK publishes at 100
RATE_SLACK = 0.9  # of RATE: a busy listener loses a few
JITTER = 3.0  # p95 of the gaps over their median
GAP = 0.5  # [s] silence in a stream
NEW = 5  # samples before anything is said
STAMP_OFF = 0.5  # [s] stamp against arrival on one machine
FROZEN = 0.2  # share of repeated stamps
UNIT = 1e-3  # a quaternion's length
REACH = 3.0  # [m] no surgical arm's tip is further from its reference frame; mm would be 50 or more
TURN = 4.0 * math.pi  # [rad] no joint turns further than twice round; degrees would
DEGREES = 1.5 * math.pi  # [rad] beyond any usual range: suspicious where the model is not known
MOVED_M, MOVED_RAD = 1e-4, 1e-3  # motion large enough to compare
MODEL_M, MODEL_RAD = 1e-3, 1e-2  # measured_cp against the model at measured_js
THOUSAND = (500.0, 2000.0)  # a ratio that means millimetres
FULL_TURN = (40.0, 75.0)  # a ratio that means degrees (57.3)
SPEED_RATIO = (0.3, 3.0)  # joint speeds sent against speeds seen

Judge = Callable[[Evidence], Iterator[Finding]]


def median(values: Iterable[float]) -> float:
    """The middle one."""
    return float(np.median(list(values)))


def _types(seen: Evidence) -> Iterator[Finding]:
    for name, wanted in TYPES.items():
        topic = seen.topics.get(name)
        if topic is None or not topic.type:
            bad = name in (*WANTED, "operating_state")
            yield Finding(f"types.{name}", BAD if bad else OPEN, f"nobody publishes {name}" + (": CRTK wants it" if bad else ""))
        elif topic.type not in wanted:
            yield Finding(f"types.{name}", BAD, f"{name} is {topic.type}, CRTK has {wanted[0]}")
        elif topic.type != wanted[0]:
            yield Finding(f"types.{name}", OPEN, f"{name} is {topic.type}: CRTK's own client wants {wanted[0]} (crtk_msgs)")
        else:
            yield Finding(f"types.{name}", OK, f"{name} is {topic.type}")


def _qos(seen: Evidence) -> Iterator[Finding]:
    for name, topic in seen.topics.items():
        if topic.type and not topic.reliable:
            yield Finding(f"qos.{name}", BAD, f"{name} is offered best effort: CRTK's client asks for reliable and hears nothing")
        elif topic.type and name == "operating_state" and not topic.latched:
            yield Finding(f"qos.{name}", BAD, f"{name} is not transient local: who comes later never learns the state")
        elif topic.type:
            yield Finding(f"qos.{name}", OK, f"{name} is offered reliable" + (", transient local" if topic.latched else ""))


def _frame(seen: Evidence) -> Iterator[Finding]:
    samples = seen.samples("measured_cp")
    if len(samples) < NEW:
        return (yield Finding("frame.id", OPEN, "too few measured_cp"))
    names = sorted({sample.frame for sample in samples})
    if names == [""]:
        yield Finding("frame.id", BAD, "measured_cp has no frame_id: nobody knows in which frame it is")
    elif len(names) > 1:
        yield Finding("frame.id", BAD, f"measured_cp changes its frame_id: {', '.join(map(repr, names))}")
    else:
        yield Finding("frame.id", OK, f"measured_cp is in {names[0]!r} throughout")
    yield _setpoint_frame(seen, names)
    yield _quaternions(samples)
    yield _model(seen)


def _setpoint_frame(seen: Evidence, names: Sequence[str]) -> Finding:
    others = sorted({sample.frame for sample in seen.samples("setpoint_cp")})
    if not others:
        return Finding("frame.setpoint", OPEN, "no setpoint_cp")
    same = others == list(names)
    words = f"setpoint_cp is in {', '.join(map(repr, others))}, measured_cp in {', '.join(map(repr, names))}"
    return Finding("frame.setpoint", OK if same else BAD, words)


def _quaternions(samples: Sequence[Sample]) -> Finding:
    worst = max((abs(math.sqrt(sum(x * x for x in s.values[3:])) - 1.0) for s in samples if len(s.values) == 7), default=math.nan)
    return Finding("frame.quaternion", OK if worst <= UNIT else BAD, f"quaternions are {worst:.1e} from unit length at worst")


def _model(seen: Evidence) -> Finding:
    if seen.model_gap_m is None or seen.model_gap_rad is None:
        return Finding("frame.model", OPEN, "no model given or no pair of measured_js and measured_cp (--urdf, --base, --tip)")
    good = seen.model_gap_m <= MODEL_M and seen.model_gap_rad <= MODEL_RAD
    words = f"measured_cp is {seen.model_gap_m * 1e3:.2f} mm and {math.degrees(seen.model_gap_rad):.2f} deg from the model at measured_js"
    return Finding("frame.model", OK if good else BAD, words + ("" if good else ": another frame, another model, or other units"))


def _units(seen: Evidence) -> Iterator[Finding]:
    poses = [sample.values for sample in seen.samples("measured_cp") if len(sample.values) == 7]
    joints = [sample.values for sample in seen.samples("measured_js")]
    yield _metres(poses)
    if len(joints) < NEW:
        yield Finding("units.joints", OPEN, "too few measured_js")
    else:
        yield _radians(seen, joints)
    yield _speeds(seen)


def _metres(poses: Sequence[tuple[float, ...]]) -> Finding:
    if len(poses) < NEW:
        return Finding("units.position", OPEN, "too few measured_cp")
    far = max(math.sqrt(sum(x * x for x in pose[:3])) for pose in poses)
    if far > REACH:
        return Finding("units.position", BAD, f"the tip is {far:.4g} from its frame: metres wanted, this looks like millimetres")
    return Finding("units.position", OK, f"the tip is at most {far:.3g} m from its frame")


def _radians(seen: Evidence, joints: Sequence[tuple[float, ...]]) -> Finding:
    count = len(joints[-1])
    if seen.ranges and len(seen.ranges) != count:
        return Finding("units.joints", BAD, f"measured_js has {count} joints, the model {len(seen.ranges)}")
    large = [max(abs(row[i]) for row in joints if len(row) == count) for i in range(count)]
    for i, value in enumerate(large):
        if seen.ranges:
            slack = 0.05 * (seen.ranges[i][1] - seen.ranges[i][0])
            low, high = seen.ranges[i][0] - slack, seen.ranges[i][1] + slack
            worst = next((row[i] for row in joints if not low <= row[i] <= high), None)
            if worst is not None:
                unit = "millimetres" if seen.prismatic[i] else "degrees"
                words = f"joint {i + 1} is at {worst:.4g}, outside the model's {low:.3g}..{high:.3g}: {unit}?"
                return Finding("units.joints", BAD, words)
        elif value > TURN:
            return Finding("units.joints", BAD, f"joint {i + 1} is at {value:.4g}: rad or m wanted, this looks like degrees or millimetres")
    if not seen.ranges and max(large) > DEGREES:
        return Finding("units.joints", OPEN, f"a joint is at {max(large):.3g}: unusual for rad; give a model to be sure (--urdf)")
    return Finding("units.joints", OK, f"joints are within {max(large):.3g} rad or m" + (" and the model's ranges" if seen.ranges else ""))


def _speeds(seen: Evidence) -> Finding:
    """Speeds that were sent against those the positions show."""
    found: list[float] = []
    samples = seen.samples("measured_js")
    for a, b in pairwise(samples):
        dt = b.stamp - a.stamp
        if dt > 0.0 and len(a.values) == len(b.values) == len(b.speeds) == len(a.speeds):
            pairs = zip(a.values, b.values, a.speeds, b.speeds, strict=True)
            found += [(u + v) / 2.0 * dt / (y - x) for x, y, u, v in pairs if abs(y - x) > MOVED_RAD]
    if len(found) < NEW:
        return Finding("units.speed", OPEN, "the arm did not move, or sends no joint speeds")
    ratio = median(found)
    unit = "degrees" if FULL_TURN[0] < ratio < FULL_TURN[1] else "millimetres" if THOUSAND[0] < ratio < THOUSAND[1] else "another unit"
    good = SPEED_RATIO[0] <= ratio <= SPEED_RATIO[1]
    words = f"joint speeds are {ratio:.3g} of what positions show" + ("" if good else f": {unit}")
    return Finding("units.speed", OK if good else BAD, words)


def _rates(seen: Evidence) -> Iterator[Finding]:
    for name in STREAMS:
        samples = seen.samples(name)
        if len(samples) < NEW:
            if name in WANTED:
                yield Finding(f"rates.{name}", OPEN, f"{len(samples)} messages of {name} in {seen.seconds:.1f} s")
            continue
        gaps = sorted(b.at - a.at for a, b in pairwise(samples))
        rate = len(gaps) / (samples[-1].at - samples[0].at)
        typical, late = median(gaps), gaps[min(len(gaps) - 1, math.ceil(0.95 * len(gaps)) - 1)]
        words = f"{name} {rate:.1f} Hz, gaps {typical * 1e3:.1f} ms typical, {late * 1e3:.1f} ms p95, {gaps[-1] * 1e3:.0f} ms worst"
        if RATE * RATE_SLACK * typical > 1.0:
            yield Finding(f"rates.{name}", BAD, f"{words}: {RATE:g} Hz wanted; CRTK names no rate, but its slowest use has that")
        elif rate < RATE * RATE_SLACK or late > JITTER * typical:
            yield Finding(f"rates.{name}", OPEN, f"{words}: uneven, here or on this machine")
        else:
            yield Finding(f"rates.{name}", OK, words)


def _liveness(seen: Evidence) -> Iterator[Finding]:
    for name in WANTED:
        samples = seen.samples(name)
        if len(samples) < NEW:
            yield Finding(f"liveness.{name}", OPEN, f"too few {name}")
            continue
        steps = [b.stamp - a.stamp for a, b in pairwise(samples)]
        frozen, back = sum(step == 0.0 for step in steps) / len(steps), sum(step < 0.0 for step in steps)
        off = median(sample.arrived - sample.stamp for sample in samples)
        silent = max(b.at - a.at for a, b in pairwise(samples))
        rows = (
            (all(sample.stamp <= 0.0 for sample in samples), BAD, "stamps are zero, which says that the data are not valid"),
            (frozen > FROZEN, BAD, f"{frozen:.0%} of the stamps repeat the one before: frozen"),
            (back > 0, BAD, f"stamps went back {back} times"),
            (silent > GAP, BAD, f"silent for {silent:.2f} s"),
            (abs(off) > STAMP_OFF, BAD, f"stamps are {off:.2f} s before arrival: another clock, or old data"),
        )
        bad = next(((verdict, words) for holds, verdict, words in rows if holds), None)
        verdict, words = bad if bad is not None else (OK, f"stamps advance and are {off * 1e3:.1f} ms before arrival")
        yield Finding(f"liveness.{name}", verdict, f"{name}: {words}")


def _states(seen: Evidence) -> Iterator[Finding]:
    words = [sample.word for sample in seen.samples("operating_state")]
    if not words:
        return (yield Finding("states.words", OPEN, "no operating_state came, not even a latched one"))
    wrong = sorted({word for word in words if word not in STATES})
    if wrong:
        yield Finding("states.words", BAD, f"operating_state says {', '.join(map(repr, wrong))}; CRTK has {', '.join(STATES)}")
    else:
        yield Finding("states.words", OK, f"operating_state says {words[-1]}")
    if seen.late_state is not None:
        sentence = "a late listener is told the state" if seen.late_state else "a late listener is not told the state"
        yield Finding("states.latched", OK if seen.late_state else BAD, sentence)
    yield _stamps([sample.stamp for sample in seen.samples("operating_state")])


def _stamps(stamps: Sequence[float]) -> Finding:
    if len(stamps) < 2 or not any(stamps):
        return Finding("states.stamps", OPEN, "fewer than two stamped states")
    good = all(b > a for a, b in pairwise(stamps))
    words = "stamps of operating_state increase" if good else "a state was not stamped newer than the one before: CRTK's client drops it"
    return Finding("states.stamps", OK if good else BAD, words)


def _behaviour(seen: Evidence) -> Iterator[Finding]:
    """Only with reactions that were asked for; a state that says DISABLED and moves needs no question."""
    samples, words = seen.samples("measured_js"), {sample.word for sample in seen.samples("operating_state")}
    if words and words <= {"DISABLED", "FAULT"} and len(samples) >= NEW and samples[0].values and not seen.reactions:
        moved = max(abs(a - b) for a, b in zip(samples[0].values, samples[-1].values, strict=True))
        good = moved <= 10.0 * MOVED_RAD
        yield Finding("states.agree", OK if good else BAD, f"{'/'.join(words)}, and the joints moved {moved:.2g} rad or m")
    for number, step in enumerate(seen.reactions, 1):
        sentence = f"asked {step.asked}: wanted {step.wanted}, got {step.seen} after {step.after:.2f} s"
        said = f"; it refused and said why: {step.excuse}" if step.excuse and not step.held else ""
        yield Finding(f"active.{number}", OK if step.held else OPEN if said else BAD, sentence + said)


JUDGES: tuple[Judge, ...] = (_types, _qos, _frame, _units, _rates, _liveness, _states, _behaviour)


def judge(seen: Evidence) -> list[Finding]:
    """Every point."""
    return [finding for one in JUDGES for finding in one(seen)]
