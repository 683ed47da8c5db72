"""Evidence to findings: a good arm, and each way of being wrong by its name."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from telesurgery_nodes.core.crtk.evidence import Evidence, Reaction, Sample, Topic, Verdict
from telesurgery_nodes.core.crtk.judge import judge

JS, CP, STATE = "sensor_msgs/msg/JointState", "geometry_msgs/msg/PoseStamped", "crtk_msgs/msg/OperatingState"
RATE, COUNT = 100.0, 200


def joints(number):
    t = number / RATE
    at = 10.0 + t
    return Sample(at, at, at - 0.002, "", (0.5 + 0.2 * math.sin(t), 0.1), (0.2 * math.cos(t), 0.0))


def pose(number):
    at = 10.0 + number / RATE
    return Sample(at, at, at - 0.002, "base", (0.05, 0.02, -0.1, 1.0, 0.0, 0.0, 0.0))


def state(number):
    return Sample(10.0 + number, 10.0 + number, 10.0 + number, "", word="ENABLED")


def evidence(**changed):
    topics = {
        "measured_js": Topic("measured_js", JS, True, False, tuple(map(joints, range(COUNT)))),
        "measured_cp": Topic("measured_cp", CP, True, False, tuple(map(pose, range(COUNT)))),
        "setpoint_js": Topic("setpoint_js", JS, True, False, tuple(map(joints, range(COUNT)))),
        "setpoint_cp": Topic("setpoint_cp", CP, True, False, tuple(map(pose, range(COUNT)))),
        "operating_state": Topic("operating_state", STATE, True, True, (state(0), state(1))),
    }
    more = {name: changed.pop(name) for name in list(changed) if name not in topics}
    for name, change in changed.items():
        topics[name] = change(topics[name])
    return Evidence(2.0, topics, **{"late_state": True, **more})


def each(change):
    return lambda topic: replace(topic, samples=tuple(change(number, sample) for number, sample in enumerate(topic.samples)))


def divergent(seen):
    return {finding.point for finding in judge(seen) if finding.verdict is Verdict.DIVERGENT}


def test_a_good_arm_has_no_divergence_and_most_points_conform():
    found = judge(evidence(model_gap_m=1e-5, model_gap_rad=1e-5))
    assert not [finding for finding in found if finding.verdict is Verdict.DIVERGENT]
    assert {finding.point for finding in found if finding.verdict is Verdict.UNDETERMINED} == {"types.measured_cv"}


def scaled(factor, what="values"):
    return each(lambda _, sample: replace(sample, **{what: tuple(factor * x for x in getattr(sample, what))}))


def millimetres():
    return each(lambda _, sample: replace(sample, values=(*(1000.0 * x for x in sample.values[:3]), *sample.values[3:])))


def degrees(sample):
    return replace(sample, values=tuple(57.3 * x for x in sample.values), speeds=tuple(57.3 * x for x in sample.speeds))


BROKEN = {
    "units.position": {"measured_cp": millimetres()},
    "units.joints": {"measured_js": each(lambda _, sample: degrees(sample))},
    "units.speed": {"measured_js": scaled(57.3, "speeds")},
    "frame.id": {"measured_cp": each(lambda number, sample: replace(sample, frame="other" if number == 9 else "base"))},
    "frame.setpoint": {"setpoint_cp": each(lambda _, sample: replace(sample, frame="other"))},
    "frame.quaternion": {"measured_cp": each(lambda _, sample: replace(sample, values=(*sample.values[:3], 0.7, 0.0, 0.0, 0.0)))},
    "frame.model": {"model_gap_m": 0.02, "model_gap_rad": 0.0},
    "rates.measured_js": {"measured_js": lambda topic: replace(topic, samples=topic.samples[::5])},
    "liveness.measured_js": {"measured_js": each(lambda _, sample: replace(sample, stamp=9.99))},
    "liveness.measured_cp": {"measured_cp": each(lambda _, sample: replace(sample, stamp=sample.stamp - 2.0))},
    "states.words": {"operating_state": each(lambda _, sample: replace(sample, word="READY"))},
    "states.latched": {"late_state": False},
    "states.stamps": {"operating_state": each(lambda _, sample: replace(sample, stamp=1.0))},
    "states.agree": {"operating_state": each(lambda _, sample: replace(sample, word="DISABLED"))},
    "qos.measured_js": {"measured_js": lambda topic: replace(topic, reliable=False)},
    "qos.operating_state": {"operating_state": lambda topic: replace(topic, latched=False)},
    "types.measured_cp": {"measured_cp": lambda topic: replace(topic, type="geometry_msgs/msg/TransformStamped")},
    "active.1": {"reactions": (Reaction("pause", "PAUSED", "ENABLED", False, 5.0),)},
}


@pytest.mark.parametrize("point", BROKEN)
def test_one_thing_broken_is_found_and_named_alone(point):
    found = divergent(evidence(**BROKEN[point]))
    assert point in found
    assert not found - {point} - ({"frame.setpoint"} if point == "frame.id" else set())


def test_an_arm_that_refuses_a_move_and_says_why_is_not_divergent():
    step = Reaction("move_jp", "both reached", "0.002 off", False, 5.0, "PSM1/move_jp: not allowed now")
    found = {finding.point: finding for finding in judge(evidence(reactions=(step, replace(step, excuse=""))))}
    assert found["active.1"].verdict is Verdict.UNDETERMINED and "not allowed now" in found["active.1"].sentence
    assert found["active.2"].verdict is Verdict.DIVERGENT


def test_some_messages_late_or_lost_are_undetermined_for_the_listener_may_be_at_fault():
    lost = [joints(number) for number in range(COUNT) if number % 40 < 14]
    found = {finding.point: finding.verdict for finding in judge(evidence(measured_js=lambda topic: replace(topic, samples=tuple(lost))))}
    assert found["rates.measured_js"] is Verdict.UNDETERMINED


def test_silence_is_undetermined_or_missing_and_never_conformant():
    found = judge(Evidence(2.0, {}))
    assert not [finding for finding in found if finding.verdict is Verdict.CONFORMANT]
    assert {"types.measured_js", "types.operating_state"} <= divergent(Evidence(2.0, {}))


def test_a_model_finds_degrees_inside_one_turn():
    seen = evidence(measured_js=scaled(5.0), ranges=((-1.0, 1.0), (-1.0, 1.0)), prismatic=(False, False))
    assert "units.joints" in divergent(seen)


def test_zero_stamps_mean_invalid():
    assert "liveness.measured_cp" in divergent(evidence(measured_cp=each(lambda _, sample: replace(sample, stamp=0.0))))
