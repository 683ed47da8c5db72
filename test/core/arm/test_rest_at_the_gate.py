"""The controller comes to rest as the gate before the motors expects it: whatever it was doing when the leave went, nothing is refused."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest
import yaml
from arm_samples import config

from telesurgery_nodes.core.arm.controller import ArmController
from telesurgery_nodes.core.arm.values import ArmInputs, Measured
from telesurgery_nodes.core.kinematics.frames import IDENTITY, Frame, from_rpy, product
from telesurgery_nodes.core.kinematics.psm import Psm, PsmGeometry
from telesurgery_nodes.core.safety.config import safety_config
from telesurgery_nodes.core.safety.force import Force
from telesurgery_nodes.core.safety.gate_motor import MotorGate
from telesurgery_nodes.core.safety.motor import MotorRequest
from telesurgery_nodes.core.safety.motor_limits import motor_limits
from telesurgery_nodes.core.values import Permit, Phase

CONFIG = Path(__file__).resolve().parents[3] / "config"
MAX_TICK, PLAYED = 0.02, 12.0  # [s]
SWING_M, SWING_RAD = 0.008, 0.35  # with up to 3 swings a second: as fast as the arm goes
FOLLOW, AIR = Permit(1, 1, 1, Phase.FOLLOWING, True, 0), Force((0.0, 0.0, 0.0), 0.0)


@pytest.mark.parametrize("longest", [0.004, 0.01, 0.04])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_hand_whose_commands_stop_at_any_moment(longest: float, seed: int) -> None:
    rng, psm_config = random.Random(seed), config("psm")
    psm = Psm(psm_config.limits, PsmGeometry(**psm_config.geometry))
    arm = ArmController("PSM1", psm, psm_config, psm, max_tick=MAX_TICK)
    raw, safety = (yaml.safe_load((CONFIG / name).read_text()) for name in ("arms/psm.yaml", "safety.yaml"))
    gate = MotorGate(motor_limits(raw, psm_config, safety_config(safety), MAX_TICK), psm.forward)
    now, begins, stops, q, home = 0.0, 0.3, 0, psm_config.home, psm.forward(psm_config.home)
    swings = [(rng.uniform(0.3, 3.0) * math.tau, rng.uniform(0.0, math.tau)) for _ in range(6)]
    arm.update(ArmInputs(None, None, None, False, False, Measured(q, (0.0,) * 6, 0.0, 0.0), IDENTITY), now)
    arm.command("enable")
    arm.homed, follows = True, False
    while now < PLAYED:
        now += longest if longest <= 0.01 else rng.uniform(0.004, longest)
        if now > begins:
            follows, stops = not follows, stops + follows
            begins = now + (rng.uniform(0.1, 0.4) if follows else rng.uniform(0.03, 0.3))
        *way, roll, pitch, yaw = (math.sin(rate * now + phase) for rate, phase in swings)
        turn = from_rpy(SWING_RAD * roll, SWING_RAD * pitch, SWING_RAD * yaw)
        goal = Frame(tuple(x + SWING_M * part for x, part in zip(home.p, way, strict=True)), product(home.r, turn))
        stamp = int(now), int(1e9 * (now % 1.0))
        got = arm.update(ArmInputs(goal, stamp, 0.5, follows, False, Measured(q, (0.0,) * 6, 0.5, 0.0), IDENTITY), now)
        request = MotorRequest(got.joints, got.jaw, got.served is not None, 1, 0.0, FOLLOW, 0.0, q, 0.0, AIR)
        decision = gate.update(request, now)
        assert decision.refusal is None, (now, stops)
        q = decision.joints
    assert stops > 15
