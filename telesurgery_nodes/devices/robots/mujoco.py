"""The patient cart in MuJoCo, built from the same URDF as everything else: efforts, contacts, rings that can be carried."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...core.values import ArmState, FloatArray, Wrench
from ...description import Home, Rings, homes, rings
from ...errors import ConfigError, DeviceError
from .layout import JAW, SetpointInlet, read_layout, start_positions, tips
from .tip_forces import TipForces

TIME_STEP = 0.001  # [s]
# Servo bandwidth [rad/s] at critical damping. 1 ms steps are stable to about 1000; more than this gains no accuracy worth the noise.
BANDWIDTH = 300.0
# After a jump of the set point from limit to limit a joint overshoots its reference's velocity by up to 25 %: leave room for that.
SPEED_SHARE = 0.8
# Reflected motor inertia by joint [kg m2, insertion kg]: keeps the light wrist well conditioned beside the heavy arm.
_WRIST, _JAW = {"roll": 2e-4, "wrist_pitch": 1e-4, "wrist_yaw": 1e-4}, {"jaw": 5e-5, "jaw_half": 5e-5}
ARMATURE = {"yaw": 0.01, "pitch": 0.01, "insertion": 0.1, **_WRIST, **_JAW}
SERIAL_ARMATURE = 0.1  # of a joint of any other arm, which is geared and carries its own weight
JAW_HALF = "jaw_half"
# Rubber jaws on a plastic ring; torsional friction as a length [m].
JAW_FRICTION = (1.5, 0.002, 0.0001)
RING_FRICTION = (0.8, 0.001, 0.0001)
RING_SIDES = 8
CONTACT_DIMENSION = 4  # sliding and torsion, so that a held ring does not turn between the jaws
SOLVER_ITERATIONS = 20
# Contact bits. Bodies of one arm never touch each other, and a ring meets the board with few spheres instead of many capsules.
ARM_BITS = {"PSM1": 1, "PSM2": 2, "PSM3": 4, "ECM": 8}
ALL_ARMS, RING_SIDE, RING_CORNER, BOARD, PEG = 15, 16, 32, 64, 128
RING_COLOUR = (0.85, 0.25, 0.2, 1.0)
# Parts outside the patient: drawn, never touched.
OUTSIDE = ("yaw_link", "pitch_link", "insertion_link")


def load_mujoco() -> Any:
    """The mujoco module, without a renderer. ConfigError says what to do where there is none."""
    if "mujoco" not in sys.modules:
        # With MUJOCO_GL=egl and no GL library even the physics import fails (sim.md T3); this process never renders.
        os.environ["MUJOCO_GL"] = "disable"
    try:
        import mujoco
    except ImportError as error:
        raise ConfigError("the mujoco robot needs MuJoCo: pip install 'mujoco>=3.2', or choose robot:=kinematic") from error
    if not hasattr(mujoco, "MjSpec"):
        raise ConfigError(f"the mujoco robot wants mujoco >= 3.2, got {mujoco.__version__}: pip install -U mujoco, or robot:=kinematic")
    return mujoco


def build_spec(mujoco: Any, description: str, things: Rings) -> Any:
    """MjSpec of the URDF with motors, contact rules and rings; the caller may add cameras before compiling."""
    try:
        spec = mujoco.MjSpec.from_string(description)
    except ValueError as error:
        raise ConfigError(f"MuJoCo cannot read the robot description: {error}") from error
    spec.option.timestep = TIME_STEP
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.iterations = SOLVER_ITERATIONS
    for equality in spec.equalities:
        equality.active = False  # the mimic would be soft; the half-jaw has its own motor
    for body in spec.bodies:
        _dress(body)
    for joint in spec.joints:
        joint.armature = ARMATURE.get(joint.name.partition("_")[2], SERIAL_ARMATURE)
        _add_motor(mujoco, spec, joint.name)
    for name, at in things.start.items():
        _add_ring(mujoco, spec, name, at, things)
    return spec


def _add_motor(mujoco: Any, spec: Any, joint: str) -> None:
    """Affine motor on a joint; its gains are set once the inertia is known."""
    motor = spec.add_actuator()
    motor.name, motor.target = joint, joint
    motor.trntype = mujoco.mjtTrn.mjTRN_JOINT
    motor.gaintype, motor.biastype = mujoco.mjtGain.mjGAIN_FIXED, mujoco.mjtBias.mjBIAS_AFFINE


def _dress(body: Any) -> None:
    """Balance an arm's body and give its shapes their contact bits."""
    arm, _, part = body.name.partition("_")
    if arm in ARM_BITS:
        body.gravcomp = 1.0
        bits = (0, 0) if part in OUTSIDE else (ARM_BITS[arm], (ALL_ARMS & ~ARM_BITS[arm]) | RING_SIDE | BOARD | PEG)
    elif arm == "peg":
        bits = (BOARD, ALL_ARMS | RING_CORNER) if part == "board" else (PEG, ALL_ARMS | RING_SIDE)
    else:
        bits = (0, 0)
    for geom in body.geoms:
        if geom.contype == 0 and geom.conaffinity == 0:
            continue  # a visual
        geom.contype, geom.conaffinity = bits
        if part.startswith("finger"):
            geom.friction, geom.condim = JAW_FRICTION, CONTACT_DIMENSION


def _add_ring(mujoco: Any, spec: Any, name: str, at: FloatArray, things: Rings) -> None:
    """A torus of capsules; spheres at its corners carry it on the board."""
    body = spec.worldbody.add_body(name=name, pos=at.tolist())
    body.add_freejoint()
    turns = np.linspace(0.0, 2.0 * math.pi, RING_SIDES, endpoint=False)
    # Corners a little outside, so that the middle of each side and its corners lie around the nominal circle.
    radius = things.centre_radius / math.sqrt(math.cos(math.pi / RING_SIDES))
    corners = [[radius * math.cos(turn), radius * math.sin(turn), 0.0] for turn in turns]
    shared = {"rgba": RING_COLOUR, "friction": RING_FRICTION, "mass": things.mass / (2 * RING_SIDES)}
    for here, there in zip(corners, corners[1:] + corners[:1]):  # noqa: B905 - same length by construction
        side = body.add_geom(type=mujoco.mjtGeom.mjGEOM_CAPSULE, fromto=[*here, *there], size=[things.tube_radius, 0.0, 0.0], **shared)
        side.contype, side.conaffinity, side.condim = RING_SIDE, ALL_ARMS | PEG | RING_SIDE, CONTACT_DIMENSION
        corner = body.add_geom(type=mujoco.mjtGeom.mjGEOM_SPHERE, pos=here, size=[things.tube_radius, 0.0, 0.0], **shared)
        corner.contype, corner.conaffinity = RING_CORNER, BOARD


class MujocoRobot(SetpointInlet):
    """Robot of the suite with physics. Steps of TIME_STEP; a step() of n milliseconds makes n of them."""

    def __init__(self, description: str, home: Mapping[str, Home] | None = None) -> None:
        """``description``: URDF text. ``home``: where to start; the shipped homes where None."""
        layout = read_layout(description)
        start = start_positions(layout, homes() if home is None else home)
        super().__init__(layout, start, SPEED_SHARE)
        self._mujoco = load_mujoco()
        things = rings()
        self._model = build_spec(self._mujoco, description, things).compile()
        self._data = self._mujoco.MjData(self._model)
        self._objects = {name: self._data.body(name).id for name in things.start}
        self._index()
        data = self._data  # its arrays live as long as it does; to look one up costs as much as to read it
        self._qpos, self._qvel, self._torque, self._control = data.qpos, data.qvel, data.qfrc_actuator, data.ctrl
        self._touch = TipForces(self._mujoco, self._model, tips(description, layout), TIME_STEP)
        self._tune()
        self._place(start)

    def _index(self) -> None:
        """Where each driven joint lives in MuJoCo's arrays: qpos, dof, actuator; then the half-jaws."""
        model, names = self._model, self.layout.names
        joints = [model.joint(name).id for name in names]
        self._at, self._dof = model.jnt_qposadr[joints], model.jnt_dofadr[joints]
        self._at_of, self._dof_of = ({arm: rows[where] for arm, where in self.layout.arms.items()} for rows in (self._at, self._dof))
        self._motor = np.array([model.actuator(name).id for name in names])
        self._jaws = np.array(list(self.layout.jaws.values()))
        halves = [name.replace(JAW, JAW_HALF) for name in (names[index] for index in self._jaws)]
        self._half_at = model.jnt_qposadr[[model.joint(name).id for name in halves]]
        self._half_motor = np.array([model.actuator(name).id for name in halves])

    def _tune(self) -> None:
        """Critically damped position servo on each motor; ``_lead`` [s] times the reference velocity cancels its damping."""
        model = self._model
        inertia = model.dof_M0[model.jnt_dofadr[model.actuator_trnid[:, 0]]]
        stiffness = inertia * BANDWIDTH**2
        model.actuator_gainprm[:, 0] = stiffness
        model.actuator_biasprm[:, 1] = -stiffness
        model.actuator_biasprm[:, 2] = -2.0 * inertia * BANDWIDTH
        self._lead = 2.0 / BANDWIDTH
        # A motor gives all it has at this error; a reference further away only stores up a leap.
        self._slack: list[float] = (self.layout.effort / stiffness[self._motor]).tolist()

    def _place(self, start: FloatArray) -> None:
        """Stand at ``start`` with nothing moving."""
        self._data.qpos[self._at] = start
        self._data.qpos[self._half_at] = -0.5 * start[self._jaws]
        self._mujoco.mj_forward(self._model, self._data)

    def step(self, dt: float) -> None:
        """Advance by ``dt`` [s], a whole number of milliseconds."""
        count = round(dt / TIME_STEP) if math.isfinite(dt) else 0
        if count < 1 or abs(count * TIME_STEP - dt) > 1e-9:
            raise DeviceError(f"step: wanted a positive multiple of {TIME_STEP} s, got {dt}")
        for _ in range(count):
            self.follower.leash(self._qpos[self._at].tolist(), self._slack)
            reference = self.follower.advance(TIME_STEP)
            wish = [at + self._lead * rate for at, rate in zip(reference.position, reference.velocity, strict=True)]
            self._control[self._motor] = wish
            self._control[self._half_motor] = [-0.5 * wish[jaw] for jaw in self.layout.jaws.values()]
            self._mujoco.mj_step(self._model, self._data)
            self._touch.update(self._data)

    def wrench(self, arm: str) -> Wrench | None:
        """Contact forces on wrist and fingers of an instrument about its tip, smoothed, axes of its base."""
        self._arm(arm)
        return self._touch.wrench(arm, self._data)

    def state(self, arm: str) -> ArmState:
        """Measured joints of an arm."""
        self._arm(arm)
        at, dof, jaw = self._at_of[arm], self._dof_of[arm], self.layout.jaws.get(arm)
        angle, rate = (0.0, 0.0) if jaw is None else (float(self._qpos[self._at[jaw]]), float(self._qvel[self._dof[jaw]]))
        return ArmState(self._qpos[at], self._qvel[dof], self._torque[dof], angle, rate)

    def brake(self, on: bool) -> None:
        """Hold every arm where it is and ignore set points, or let go (from where it stands)."""
        if on != self.braked:
            self.follower.reset(self._qpos[self._at].tolist())
        self.braked = on

    def objects(self) -> Mapping[str, FloatArray]:
        """Rings: name -> (7,) position [m] and w-x-y-z quaternion in the cart frame."""
        at, turn = self._data.xpos, self._data.xquat
        return {name: np.concatenate((at[body], turn[body])) for name, body in self._objects.items()}

    def close(self) -> None:
        """Nothing to release: MuJoCo's memory goes with the object."""
