"""The patient cart as a robot on ROS: serves joint set points, brakes by itself, publishes what its joints do.

Physics runs in 1 ms steps behind a steady timer and catches up when the timer was late. One brake holds the whole cart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..core.robot.attention import Attention
from ..core.robot.brake import DEFAULT_SILENCE, LONGEST_SILENCE, BrakeConfig, RobotBrake
from ..core.robot.pace import Due, Pace
from ..core.values import FOLLOWING_ARMS
from ..description import robot_description
from ..errors import ConfigError, DeviceError
from ..registry import load
from ..ros.crtk import text_of
from ..ros.main import run
from ..ros.node import SuiteNode
from ..ros.params import NodeParams, param
from .robot_face import RobotFace

STEP = 0.001  # [s] physics step
WARN_REAL_TIME_FACTOR = 0.98
PSM_COLUMNS = ("yaw", "pitch", "insertion", "roll", "wrist_pitch", "wrist_yaw", "jaw")
COLUMNS = ("t", "rtf", "missed", *(f"{arm}_{joint}" for arm in FOLLOWING_ARMS for joint in PSM_COLUMNS), "brake")


@dataclass(frozen=True)
class SimulationParams(NodeParams):
    """Parameters of simulation."""

    robot: str = param("mujoco", "robot device by name: mujoco (physics) or kinematic (nothing but numpy)")
    rate: float = param(250.0, "rate of the tick: set points served, physics stepped, brake watched [Hz]", low=50.0, high=500.0)
    publish_rate: float = param(125.0, "publishing rate of fast_arms and of every arm that is moved [Hz]", low=20.0, high=500.0)
    idle_rate: float = param(62.5, "publishing rate of the other arms [Hz]; above arm_control's idle_telemetry_rate", low=1.0, high=500.0)
    joints_rate: float = param(50.0, "publishing rate of joint_states [Hz]", low=1.0, high=500.0)
    objects_rate: float = param(25.0, "publishing rate of the scene objects [Hz]", low=1.0, high=100.0)
    fast_arms: list[str] = param(list(FOLLOWING_ARMS), "arms published at publish_rate also while they rest")
    brake_silence: float = param(DEFAULT_SILENCE, "set points silent for longer brake the robot [s]", low=0.004, high=LONGEST_SILENCE)


class Simulation(SuiteNode):
    """See the module."""

    NAME, PARAMS = "simulation", SimulationParams

    def __init__(self, **node_args: Any) -> None:
        """Build the robot, braked and disabled, and start ticking."""
        super().__init__(**node_args)
        params: SimulationParams = self.params
        self.robot = load("robots", params.robot)(robot_description())
        self.robot.brake(True)
        self._brake = RobotBrake(BrakeConfig(params.brake_silence))
        self._verdict = self._brake.update(self.now(), {})
        self._pace, self._due = Pace(STEP, 1.0 / params.rate), Due(0, 0, 0.0, 1.0)
        self._face = RobotFace(self, self.robot)
        arms = self._face.arms
        unknown = sorted(set(params.fast_arms) - set(arms))
        if unknown:
            raise ConfigError(f"fast_arms: got {', '.join(unknown)}, valid: {', '.join(arms)}")
        self._heard: dict[str, float] = {}
        self._attention = Attention()
        self._served = {arm: (self.ros_stamp(), self.robot.state(arm).position) for arm in arms}
        rates = (params.publish_rate, params.idle_rate, params.joints_rate, params.objects_rate)
        self._fast_every, self._idle_every, self._joints_every, self._objects_every = (max(1, round(params.rate / rate)) for rate in rates)
        self._ticks = 0
        self._tape = self.tape("sim", COLUMNS)
        self._mail = self.mailbox()
        for arm in arms:
            self._mail.subscribe("robot_servo_jp", partial(self._on_servo, arm), arm=arm)
            self.subscribe("robot_state_command", lambda msg: self._supervise(self.now(), text_of(msg)), arm=arm)
        for arm in self._face.jaws:
            self._mail.subscribe("robot_jaw_servo_jp", partial(self._on_jaw, arm), arm=arm)
        self._face.operating_state(self._verdict.state.value)
        self.loop(params.rate, self._tick)

    def _on_servo(self, arm: str, msg: Any) -> None:
        """Serve a set point. One that is refused does not keep the brake away either."""
        wanted, position = self._face.names[arm], np.array(msg.position)
        try:
            if msg.name and tuple(msg.name) != wanted:
                raise DeviceError(f"{arm}: wanted joints {list(wanted)} or no names, got {list(msg.name)}")
            self.robot.servo_jp(arm, position)
        except DeviceError as error:
            return self._refuse(error)
        self._heard[arm] = now = self.now()
        self._attention.heard(arm, msg.position, now)
        if not self._verdict.frozen:
            self._served[arm] = (msg.header.stamp, position)

    def _on_jaw(self, arm: str, msg: Any) -> None:
        try:
            if len(msg.position) != 1:
                raise DeviceError(f"jaw of {arm}: wanted 1 position, got {len(msg.position)}")
            self.robot.servo_jaw(arm, msg.position[0])
            self._attention.heard(_jaw(arm), msg.position, self.now())
        except DeviceError as error:
            self._refuse(error)

    def _refuse(self, error: DeviceError) -> None:
        self.count("refused_setpoints")
        self.get_logger().warning(str(error), throttle_duration_sec=1.0)

    def _supervise(self, now: float, command: str | None = None) -> None:
        """Step the brake; where it changed, brake or let go, and say so."""
        before, self._verdict = self._verdict, self._brake.update(now, self._heard, command)
        if self._verdict.frozen != before.frozen:
            self.robot.brake(self._verdict.frozen)
            self._served = {arm: (stamp, self.robot.state(arm).position) for arm, (stamp, _) in self._served.items()}
        if self._verdict.state != before.state:
            self.count(f"entered_{self._verdict.state.value}")
            self._face.operating_state(self._verdict.state.value)

    def _tick(self) -> None:
        self._mail.read()
        now = self.now()
        self._supervise(now)
        self._due = self._pace.update(now)
        if self._due.steps:
            self.robot.step(self._due.steps * STEP)
        stamp = self.ros_stamp()
        for number, (arm, served) in enumerate(self._served.items()):  # by turns, not all in one tick
            fast = arm in self.params.fast_arms or self._attention.moves(now, arm, _jaw(arm))
            if (self._ticks + number) % (self._fast_every if fast else self._idle_every) == 0:
                self._face.arm(arm, served, stamp)
        if self._ticks % self._joints_every == 0:
            self._face.joints(stamp)
        if self._ticks % self._objects_every == 0:
            self._face.objects(stamp)
        self._ticks += 1
        if self.params.tape_dir:
            self._record(now)

    def _record(self, now: float) -> None:
        states = [self.robot.state(arm) for arm in FOLLOWING_ARMS]
        joints = [value for state in states for value in (*state.position.tolist(), state.jaw)]
        self._tape.row(now, self._due.factor, float(self._due.missed), *joints, float(self._verdict.frozen))

    def diagnose(self) -> dict[str, object]:
        """Real-time factor, missed ticks, brake."""
        due, slow = self._due, self._due.factor < WARN_REAL_TIME_FACTOR
        message = f"{self._verdict.state.value} {self._verdict.cause}".strip() + (", slower than real time" if slow else "")
        pace = {"real_time_factor": f"{due.factor:.4f}", "missed_ticks": due.missed, "dropped_seconds": f"{due.dropped:.3f}"}
        counts = {"clamped_setpoints": getattr(self.robot, "clamped", 0), "refused_commands": self._verdict.refused}
        return {"level": int(slow), "message": message, "robot": self.params.robot, **pace, **counts}

    def close(self) -> None:
        """Release the robot."""
        self.robot.close()
        super().close()


def _jaw(arm: str) -> str:
    return f"{arm}_jaw"


def main() -> int:
    """Entry point."""
    return run(Simulation)
