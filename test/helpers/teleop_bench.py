"""A clutch machine with a fake clock, brought to where a test begins."""

import math
from dataclasses import replace

import numpy as np

from telesurgery_nodes.core.rotations import exp
from telesurgery_nodes.core.teleop.clutch import Teleop, TeleopInputs
from telesurgery_nodes.core.teleop.table import State
from telesurgery_nodes.core.teleop.tool_pace import PaceLimits
from telesurgery_nodes.core.values import INSTRUMENTS, Hand, Pedals, Phase, Pose, ToolState

TICK = 0.01
OPEN = math.radians(45.0)
LEAPS = PaceLimits(1e3, 1e3)  # most tests move a hand in one tick to where they want it
# Where the hands rest in the display frame [m], as the simulated masters do.
REST = {"MTML": np.array([0.1, -0.05, 0.3]), "MTMR": np.array([-0.1, -0.05, 0.3])}


def hands_at(move=(0.0, 0.0, 0.0), gripper=0.2, tilt=0.0, **one):
    """Both hands moved from their rest; ``one`` master -> (3,) moves that one alone."""
    turn = exp(np.array([math.radians(tilt), 0.0, 0.0]))
    return {m: Hand(Pose(rest + np.array(one.get(m, move)), turn), gripper) for m, rest in REST.items()}


def tools_at(jaw=0.6):
    """Three instruments side by side."""
    return {arm: ToolState(Pose(np.array([0.01 * n, 0.0, 0.1]), np.eye(3)), jaw, 0.0) for n, arm in enumerate(INSTRUMENTS)}


class Bench:
    """`go` changes inputs and ticks."""

    hands_at = staticmethod(hands_at)

    def __init__(self, pace=LEAPS, **changes):
        self.teleop, self.now = Teleop(rate=1.0 / TICK, pace=pace), 0.0
        self.inputs = TeleopInputs(hands_at(), True, tools_at(), True, Pedals(head=True), Phase.HOLDING, 7, 0.1, 0.5, **changes)

    def go(self, ticks=1, **changes):
        pedal = {key: changes.pop(key) for key in ("engage", "clutch", "camera", "head") if key in changes}
        self.inputs = replace(self.inputs, **changes, pedals=replace(self.inputs.pedals, **pedal))
        for _ in range(ticks):
            self.now += TICK
            self.out = self.teleop.update(self.inputs, self.now)
        return self.out

    def ready(self):
        self.go(3)
        self.go(hands=self.hands_at(gripper=0.2 + OPEN))
        assert self.go(2, hands=self.hands_at()).state is State.READY
        return self

    def following(self):
        self.ready().go(8, engage=True)
        assert self.go(5, phase=Phase.FOLLOWING).state is State.FOLLOWING
        return self
