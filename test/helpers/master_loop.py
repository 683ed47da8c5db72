"""Masters under test: recordings in the JIGSAWS format, plain playing, and a loop through the real clutch machine."""

import math

import numpy as np

from telesurgery_nodes.core.rotations import exp
from telesurgery_nodes.core.teleop.clutch import Teleop, TeleopInputs
from telesurgery_nodes.core.teleop.table import State
from telesurgery_nodes.core.values import TELEOP_PAIRS, ConsoleState, Phase, Pose, ToolState

TICK = 0.004
HOLDING = ConsoleState(Phase.HOLDING, False)
FOLLOWING = ConsoleState(Phase.FOLLOWING, True)


def jigsaws_rows(seconds=8.0, reach=0.05):
    """Rows in the format of the data set: both hands on smooth circles, turning, gripping."""
    rows = []
    for i in range(int(seconds * 30)):
        t = i / 30.0
        row = []
        for block in range(4):
            side = 1.0 if block % 2 == 0 else -1.0
            position = [side * 0.1 + reach * math.sin(t), 0.02 * math.sin(0.7 * t), 0.3 + reach * (math.cos(t) - 1.0)]
            rotation = exp(np.array([0.3 * math.sin(t), 0.2, side * 0.4 * math.sin(0.5 * t)]))
            row += [*position, *rotation.ravel(), *[0.0] * 6, 0.5 * math.sin(t)]
        rows.append(row)
    return rows


def write(path, rows):
    path.write_text("\n".join(" ".join(f"{value:.6f}" for value in row) for row in rows) + "\n")
    return str(path)


def play(master, seconds, state=FOLLOWING, start=0.0):
    samples = []
    for i in range(int(seconds / TICK)):
        master.feedback(state)
        samples.append(master.poll(start + i * TICK))
    return samples


class Loop:
    """A master against the real clutch machine and a patient side that agrees, tools moving as told."""

    def __init__(self, master, scale=0.2, pace=None):
        self.master, self.teleop, self.scale = master, Teleop(pace=pace), scale
        start = exp(np.array([0.4, 0.0, -0.3]))
        self.tools = {arm: ToolState(Pose(np.zeros(3), start), 0.3, 0.0) for arm in TELEOP_PAIRS.values()}
        self.base, self.epoch, self.phase, self.presses = dict(self.tools), 0, Phase.HOLDING, 0
        self.outs = []
        self.lean = 0.0  # [rad] furthest that a tool's axis went from where it pointed at the start

    def run(self, seconds, start=0.0):
        out = None
        for i in range(int(seconds / TICK)):
            now = start + i * TICK
            if out is not None:
                self.master.feedback(ConsoleState(self.phase, out.follow, out.align_goals))
            sample = self.master.poll(now)
            given = TeleopInputs(sample.hands, True, self.tools, True, sample.pedals, self.phase, self.presses, 0.05, self.scale)
            out = self.teleop.update(given, now)
            self._patient(out)
            self.outs.append(out)
        return self.outs

    def _patient(self, out):
        clutched = out.state is State.CLUTCHED
        self.phase = Phase.CLUTCHED if clutched else Phase.FOLLOWING if out.follow else Phase.HOLDING
        if out.follow:
            self.presses = out.press_count
        if out.epoch != self.epoch:
            self.base, self.epoch = dict(self.tools), out.epoch
        for arm, motion in out.arms.items():
            old = self.base[arm].pose
            self.tools[arm] = ToolState(Pose(old.position + motion.displacement, motion.rotation @ old.rotation), motion.jaw, 0.0)
            axis = self.tools[arm].pose.rotation[:, 2] @ exp(np.array([0.4, 0.0, -0.3]))[:, 2]
            self.lean = max(self.lean, math.acos(min(1.0, float(axis))))


def far(loop):
    return max(float(np.linalg.norm(tool.pose.position)) for tool in loop.tools.values())
