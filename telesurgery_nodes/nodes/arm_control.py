"""arm_control: CRTK for the four arms of the patient cart, with trocar, limits and gate between the network and the motors."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..core.arm.states import ArmMode
from ..core.arm.trace import TraceSampler
from ..core.kinematics.frames import IDENTITY, Frame, compose, inverse
from ..core.kinematics.limits import Joints
from ..core.kinematics.model import RobotModel
from ..core.kinematics.reasons import words
from ..core.safety.gate import Gate
from ..core.values import CAMERA_ARM, FOLLOWING_ARMS, INSTRUMENTS, ArmReport
from ..errors import SafetyError
from ..ros.main import run
from ..ros.messages import arm_to_msg, floats_msg, permit_from_msg
from ..ros.node import SuiteNode
from ..ros.params import NodeParams, param
from ..ros.safety import SAFETY_FILE, read_safety_config
from .arm_collision import ArmCollision
from .arm_loop import ArmLoop, PermitBox, columns
from .arm_motors import ArmMotors, make_gate
from .arm_ports import VIEW, ArmPort
from .arm_setup import make_arm, read_urdf
from .collision_setup import COLLISION_FILE, make_guard

REPORT_PERIOD, LISTENER_PERIOD = 0.02, 0.5  # [s]
FOLLOWING_LATE, IDLE_LATE = 5.0, 15.0  # control periods after which a tick is late and not stretched
VIEW_DEADBAND = 1e-5  # [rad or m] endoscope joints that moved less give the same view
TURNS = 1.0 / len(FOLLOWING_ARMS)  # of a period between the telemetry of two arms that tick together
ROOT = "patient_cart"


@dataclass(frozen=True)
class ArmControlParams(NodeParams):
    """Parameters of arm_control."""

    rate: float = param(250.0, "control rate of the following arms [Hz]", low=50.0, high=1000.0)
    idle_rate: float = param(50.0, "set point rate of an arm at rest; keeps the robot's own brake off [Hz]", low=40.0, high=1000.0)
    telemetry_rate: float = param(62.5, "telemetry of an arm that follows, or that is moved [Hz]", low=1.0, high=1000.0)
    idle_telemetry_rate: float = param(50.0, "telemetry of an arm at rest [Hz]", low=1.0, high=1000.0)
    config: str = param(SAFETY_FILE, "safety configuration with the gate's limits, a file of this package or a path")
    jaw_age: float = param(0.15, "older jaw targets are not followed [s]", low=0.01, high=1.0)
    home_on_enable: bool = param(False, "enable of an arm that is not homed also homes it")
    urdf: str = param("urdf/patient_cart.urdf.xacro", "URDF or xacro of the patient cart, a path or a shipped file")
    psm1: str = param("psm", "what PSM1 is: a file of config/arms without its ending (psm, serial7, ...)")
    psm2: str = param("psm", "what PSM2 is")
    psm3: str = param("psm", "what PSM3 is")
    ecm: str = param("ecm", "what the endoscope arm is")
    collision_file: str = param(COLLISION_FILE, "distances at which arms slow down and stop, a file of this package or a path")
    no_go_file: str = param("", "volumes no arm may enter or leave (docs/collision.md), a file of this package or a path; empty: none")


class ArmControl(SuiteNode):
    """Four arms, one timer."""

    NAME, PARAMS = "arm_control", ArmControlParams

    def __init__(self, **node_args: Any) -> None:
        super().__init__(**node_args)
        self._permits, self._trace = PermitBox(), TraceSampler()
        self._safety = read_safety_config(self.params.config)
        urdf = read_urdf(self.params.urdf)
        self._model = RobotModel(urdf)
        self._view_chain = self._model.chain(ROOT, VIEW)
        self._view_joints: Joints = ()
        self._view_seen: Joints = ()
        self._rcm_views: dict[str, Frame] = {}
        self.arms = {arm: self._make(arm) for arm in (*INSTRUMENTS, CAMERA_ARM)}
        self.collision = self._guard(urdf)
        self._mounts = {arm: inverse(self._model.fixed(ROOT, loop.assembly.base)) for arm, loop in self.arms.items()}
        self._again = ""  # an arm at rest that ticks again at once
        self._boot, self._seq = time.time_ns(), 0
        # By the clock, not by counting ticks: late ticks must not stretch the gaps that the robot's own brake watches.
        self._idle_period = 1.0 / self.params.idle_rate - 0.5 / self.params.rate
        self._report, self._traces = self.publisher("arm_report"), self.publisher("trace")
        self.subscribe("permit", self._on_permit)
        self.loop(self.params.rate, self._tick)
        self.wake("arm_servo_cp", arm=FOLLOWING_ARMS[-1])  # the last one of an instant: the others are there by then
        self.every(REPORT_PERIOD, self._publish_report)
        self.every(LISTENER_PERIOD, lambda: [loop.port.look_for_listeners() for loop in self.arms.values()])

    def _make(self, arm: str) -> ArmLoop:
        p, follows = self.params, arm in FOLLOWING_ARMS
        max_tick = (FOLLOWING_LATE if follows else IDLE_LATE) / p.rate
        kind = getattr(p, arm.lower())
        made = make_arm(arm, self._model, kind, max_tick)
        port = ArmPort(self, arm, made, follows, partial(self._on_state, arm), partial(self._on_echo, arm))
        tape = self.tape(f"arm_{arm}", columns(len(made.chain.joints))) if follows and p.tape_dir else None
        periods = 1.0 / p.telemetry_rate, 1.0 / p.idle_telemetry_rate
        motors = ArmMotors(port, make_gate(port, kind, self._safety, max_tick))
        later = TURNS * FOLLOWING_ARMS.index(arm) if follows else 0.0
        return ArmLoop(port, Gate(self._safety.gate), motors, made, self._trace, tape, periods, later)

    def _guard(self, urdf: str) -> ArmCollision:
        p = self.params
        guard = make_guard(urdf, self._model, {arm: loop.assembly for arm, loop in self.arms.items()}, p.collision_file, p.no_go_file)
        return ArmCollision(guard, self.arms, partial(self.tape, "collision") if p.tape_dir else None)

    def _on_permit(self, msg: Any) -> None:
        try:
            self._permits.take(permit_from_msg(msg), self.now())
        except SafetyError:
            self.count("bad_permit")

    def _on_state(self, arm: str, text: str) -> None:
        loop, word = self.arms[arm], text.strip().lower()
        done = loop.controller.command(text)
        if done and word in ("enable", "home"):
            loop.port.resume_robot()
            loop.motors.gate.restart()
        if done and word == "enable" and self.params.home_on_enable and not loop.controller.homed:
            loop.controller.command("home")
        loop.port.show_state()

    def _on_echo(self, arm: str, msg: Any) -> None:
        fields = self._trace.echoed(arm, (msg.header.stamp.sec, msg.header.stamp.nanosec), self.now())
        if fields is not None:
            self._traces.publish(floats_msg(fields))

    def _tick(self) -> None:
        at = self.now()
        due = self._due(at)
        for arm in due:
            self.arms[arm].port.read(self._trace.waits_for == arm)
        now, stamp = self.now(), self.ros_stamp()  # after reading: nothing comes from the future
        self._look_through_endoscope(now)
        self.collision.update(now)
        views = {arm: self._rcm_views.get(arm) if arm != CAMERA_ARM else IDENTITY for arm in due}  # the view hangs on the camera arm
        for arm, view in views.items():
            self.arms[arm].tick(self._permits, view, self.params.jaw_age, stamp, now)
        for arm, view in views.items():  # motors first: nobody waits for telemetry
            self.arms[arm].telemetry(view, stamp, now)
        self.collision.update(now)
        self.collision.record(now)

    def _due(self, now: float) -> list[str]:
        """Arms that follow hands or move: each tick; the others at idle_rate. Of two that rest and fall on the same tick one is served
        again in the next, so that from then on they take turns: no tick is longer than it has to be.
        """
        busy = [arm for arm, loop in self.arms.items() if loop.busy(now)]
        rest = [arm for arm in self.arms if arm not in busy and (arm == self._again or self._waited(arm, now))]
        self._again = rest[0] if len(rest) > 1 else ""
        return [*busy, *rest]

    def _waited(self, arm: str, now: float) -> bool:
        return now - self.arms[arm].ticked_at >= self._idle_period

    def _in_use(self, arm: str, now: float) -> bool:
        return arm in FOLLOWING_ARMS or self.arms[arm].active(now)

    def _look_through_endoscope(self, now: float) -> None:
        measured = self.arms[CAMERA_ARM].port.measured(now)
        if measured is None or measured.position is self._view_seen or len(measured.position) != len(self._view_chain.joints):
            return
        old, self._view_seen = self._view_joints, measured.position
        if old and all(abs(a - b) < VIEW_DEADBAND for a, b in zip(old, measured.position, strict=True)):
            return
        self._view_joints = measured.position
        view = self._view_chain.forward(measured.position)
        self._rcm_views = {arm: compose(mount, view) for arm, mount in self._mounts.items()}

    def _publish_report(self) -> None:
        self._seq += 1
        now = self.now()
        loops = [loop for arm, loop in self.arms.items() if self._in_use(arm, now)]
        report = ArmReport(
            boot_id=self._boot,
            seq=self._seq,
            homed=all(loop.controller.homed for loop in loops),
            robot_age=max(now - loop.port.measured_at for loop in loops),
            robot_enabled=all(loop.robot_enabled and loop.controller.mode is ArmMode.ENABLED for loop in loops),
            tracking_fault=any(loop.controller.mode is ArmMode.FAULT for loop in loops),
            bad_commands=sum(loop.gate.refused + loop.motors.gate.bad for loop in self.arms.values()),
        )
        self._report.publish(arm_to_msg(report))

    def diagnose(self) -> dict[str, object]:
        """State, homed, cause and everything counted, per arm."""
        values: dict[str, object] = {"trace_lost": self._trace.lost, **self.collision.diagnose()}
        for arm, loop in self.arms.items():
            values[f"{arm}_state"], values[f"{arm}_homed"] = loop.controller.mode.value, loop.controller.homed
            values[f"{arm}_gate"] = loop.decision.cause.name if loop.decision is not None else "none"
            values[f"{arm}_limits"] = words(loop.reasons)
            values.update({f"{arm}_{name}": number for name, number in {**loop.controller.counts, **loop.motors.diagnose()}.items()})
        return values


def main() -> int:
    """Entry point."""
    return run(ArmControl)
