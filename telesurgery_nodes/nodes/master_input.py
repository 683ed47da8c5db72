"""Two hands, pedals and head sensor of the operator, as CRTK topics at a steady rate.

A dVRK MTM or another CRTK master driver can stand in the place of this node unchanged.
"""

from __future__ import annotations

import inspect
import math
from dataclasses import astuple, dataclass
from functools import partial
from typing import Any

import numpy as np

from telesurgery_nodes import registry
from telesurgery_nodes.core.teleop.tool_pace import SPEED
from telesurgery_nodes.core.values import MASTERS, ConsoleState, FloatArray, HandSample, Pedals, Phase
from telesurgery_nodes.errors import ConfigError, DeviceError, KinematicsError
from telesurgery_nodes.ros.cdr import joint_cdr
from telesurgery_nodes.ros.cdr_joy import pedal_cdr
from telesurgery_nodes.ros.main import run
from telesurgery_nodes.ros.messages import pose_bytes, pose_from_msg, quaternion_from_rotation
from telesurgery_nodes.ros.node import SuiteNode
from telesurgery_nodes.ros.params import NodeParams, param
from telesurgery_nodes.ros.turns import Turns

FRAME = "endoscope_view"
PEDAL_PERIOD = 1.0 / 20.0  # [s] pedals are repeated at 20 Hz and sent at once when they change
# An align goal or console state older than this no longer holds: the bridge repeats them at 50 and 10 Hz.
GOAL_AGE = 0.2
FORCE_AGE = 0.1  # a force older than this is no longer given: the bridge says one 250 times a second
CONSOLE_AGE = 0.5
# Pedals field -> channel, in the order of core.values.Pedals.
PEDAL_CHANNELS = ("operator_present", "pedal_engage", "pedal_clutch", "pedal_camera", "stop_button")
HAND_COLUMNS = tuple(f"{master}_{part}" for master in MASTERS for part in ("px", "py", "pz", "qw", "qx", "qy", "qz", "gripper"))
COLUMNS = ("t", *HAND_COLUMNS, "head", "engage", "clutch")


@dataclass(frozen=True)
class MasterInputParams(NodeParams):
    """Which device, and how fast."""

    device: str = param("scripted", "entry-point name of the master: scripted, joy, jigsaws, or one of another package")
    file: str = param("", "recording to play, for jigsaws")
    rate: float = param(250.0, "samples published per second [Hz]", low=50.0, high=1000.0)
    seed: int = param(1, "seed of the scripted motion", low=0, high=2**31 - 1)
    reengage: bool = param(True, "a simulated operator presses the pedal anew when the arms stopped following")
    scale: float = param(0.2, "motion scale of the console, so that a playback knows the tools' reach", low=0.01, high=1.0)
    tool_speed: float = param(SPEED, "tool_speed of the console, likewise [m/s]", low=0.005, high=0.1)


def make_device(params: MasterInputParams) -> Any:
    """The device of ``params.device``, given those parameters that its constructor names."""
    kind = registry.load("masters", params.device)
    wanted = inspect.signature(kind).parameters
    if "path" in wanted and not params.file:
        raise ConfigError(f"master {params.device!r}: wanted parameter file with the recording to play, got none")
    console = {"scale": params.scale, "tool_speed": params.tool_speed}
    given = {"path": params.file, "seed": params.seed, "reengage": params.reengage, **console}
    return kind(**{name: value for name, value in given.items() if name in wanted})


class MasterInput(SuiteNode):
    """Polls one MasterDevice and publishes what it says; tells it what the console says."""

    NAME = "master_input"
    PARAMS = MasterInputParams

    def __init__(self, **node_args: Any) -> None:
        super().__init__(**node_args)
        self._device = make_device(self.params)
        self._phase, self._phase_at = Phase.SELFTEST, -CONSOLE_AGE
        self._following, self._following_at = False, -CONSOLE_AGE
        self._goals: dict[str, tuple[FloatArray, float]] = {}
        self._forces: dict[str, tuple[FloatArray, float]] = {}
        self._pedals: Pedals | None = None
        self._pedals_at = 0.0
        self._hands = {master: self.publisher("master_cp", arm=master) for master in MASTERS}
        self._turns = {master: Turns(first=2 * number) for number, master in enumerate(MASTERS)}
        self._grippers = {master: self.publisher("gripper_js", arm=master) for master in MASTERS}
        self._feet = [self.publisher(key) for key in PEDAL_CHANNELS]
        self._tape = self.tape("hands", COLUMNS)
        self._mail = self.mailbox()
        for master in MASTERS:
            self._mail.subscribe("align_cp", partial(self._on_goal, master), arm=master)
            self._mail.subscribe("master_cf", partial(self._on_force, master), arm=master)
        self.subscribe("console_following", self._on_following)
        self.subscribe("console_phase", self._on_phase)
        if hasattr(self._device, "joy"):
            self.subscribe("joy", self._on_joy)
        self.loop(self.params.rate, self._tick)

    def _on_goal(self, master: str, msg: Any) -> None:
        try:
            self._goals[master] = (pose_from_msg(msg).rotation, self.now())
        except KinematicsError:
            self.count("bad_goals")

    def _on_force(self, master: str, msg: Any) -> None:
        force = msg.wrench.force
        vector = (force.x, force.y, force.z)
        if all(map(math.isfinite, vector)) and msg.header.frame_id in ("", FRAME):
            self._forces[master] = (np.array(vector), self.now())
        else:
            self.count("bad_forces")

    def _on_following(self, msg: Any) -> None:
        self._following, self._following_at = bool(msg.data), self.now()

    def _on_phase(self, msg: Any) -> None:
        if msg.data not in Phase._value2member_map_:
            self.count("bad_phases")
            return
        self._phase, self._phase_at = Phase(msg.data), self.now()

    def _on_joy(self, msg: Any) -> None:
        try:
            self._device.joy(msg.axes, msg.buttons, self.now())
        except DeviceError:
            self.count("bad_joy")

    def _console(self, now: float) -> ConsoleState:
        """What the console says now; a console that went silent says: not following, not ready."""
        phase = self._phase if now - self._phase_at <= CONSOLE_AGE else Phase.SELFTEST
        following = self._following and now - self._following_at <= CONSOLE_AGE
        goals = {master: goal for master, (goal, heard) in self._goals.items() if now - heard <= GOAL_AGE}
        pushes = {master: force for master, (force, heard) in self._forces.items() if following and now - heard <= FORCE_AGE}
        return ConsoleState(phase, following, goals, pushes)

    def _tick(self) -> None:
        self._mail.read()
        now = self.now()
        self._device.feedback(self._console(now))
        sample = self._device.poll(now)
        if sample is None:
            self.count("no_sample")
            return
        self.count("samples")
        self._publish_hands(sample)
        if sample.pedals != self._pedals or now - self._pedals_at >= PEDAL_PERIOD:
            self._publish_pedals(sample.pedals, now)

    def _publish_hands(self, sample: HandSample) -> None:
        stamp = self.ros_stamp()
        row: list[float] = [sample.stamp]
        for master, hand in sample.hands.items():
            self._hands[master].publish(pose_bytes(hand.pose, stamp, FRAME))
            if self._turns[master].mine():
                self._grippers[master].publish(joint_cdr((f"{master}_gripper",), (hand.gripper,), stamp=stamp))
        if self.params.tape_dir:
            for hand in (sample.hands[master] for master in MASTERS):
                row += [*hand.pose.position, *quaternion_from_rotation(hand.pose.rotation), hand.gripper]
            self._tape.row(*row, sample.pedals.head, sample.pedals.engage, sample.pedals.clutch)

    def _publish_pedals(self, pedals: Pedals, now: float) -> None:
        self._pedals, self._pedals_at = pedals, now
        stamp = self.ros_stamp()
        for publisher, pressed in zip(self._feet, astuple(pedals), strict=True):
            publisher.publish(pedal_cdr(pressed, stamp))

    def diagnose(self) -> dict[str, object]:
        """Device and what the console last said."""
        return {"device": self.params.device, "phase": self._phase.name, "following": self._following}

    def close(self) -> None:
        """Let the device go first."""
        self._device.close()
        super().close()


def main() -> int:
    """Entry point of the master_input node."""
    return run(MasterInput)
