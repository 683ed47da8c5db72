"""Real surgeons' hands (JIGSAWS recordings) as a master, with a clutch that keeps the tools inside their reach.

The recordings hold no pedal. When the tool would leave ``radius`` around the place where it began, or lean further than an instrument's
wrist bends, this operator does what a surgeon does: stops, brings the tool back to the middle, presses the clutch, returns the hand to
where the recording goes on, and lets go. "Upright" is the middle of how the hand is held in the seconds to come. He sees that a tool
goes no faster than the console lets it, and brings it back at a speed that it follows.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping

import numpy as np

from ...core.kinematics.frames import cross, dot, norm
from ...core.rotations import angle, orthonormal, towards, vector_of
from ...core.teleop.jaw import JAW_PER_GRIPPER
from ...core.teleop.mapping import valid_scale
from ...core.teleop.tool_pace import SPEED, PaceLimits
from ...core.values import MASTERS, FloatArray, Hand, Pose
from ...errors import ConfigError
from .base import SeenTool, SimulatedMaster, calm_speed
from .curves import minimum_jerk, reach_time
from .jigsaws_file import load

# Recorded grippers go from about -1.93 (squeezed hard) over 0 (closed) to 0.54 rad (open). Open angles are the instrument's own jaw
# angles (both read 0.53 at most); the squeeze is compressed to the 15 deg that ask for the PSM's -20 deg.
RECORDED_SQUEEZE = 1.95
SQUEEZE = math.radians(15.0)
# Bringing the tool back, or the hand alone, is calm, deliberate motion.
RETURN_SPEED = 0.12
SHORTEST_RETURN = 0.6
CLUTCH_DWELL = 0.2
SPEED_MAX = 2.0
# A PSM's wrist bends 80 deg from the shaft, and the shaft itself leans up to 20 deg within the radius.
LEAN_MAX = math.radians(60.0)
TURN_SPEED = math.radians(60.0)
LEAN_KEPT = math.radians(30.0)  # a tool is brought back at least to here
POSTURE_AHEAD, POSTURE_STEP = 10.0, 0.1
RAMP = 0.3  # [s] in which playback gets going and stops: a hand does neither in one sample


class Stage(enum.Enum):
    """What the hands are doing."""

    SETTLE = enum.auto()
    PLAY = enum.auto()
    BACK = enum.auto()
    CLUTCH = enum.auto()


def gripper_of(recorded: float) -> float:
    """MTM gripper angle [rad] for a recorded one, such that an open jaw opens as far as the recorded one did."""
    return recorded / JAW_PER_GRIPPER if recorded >= 0.0 else recorded * SQUEEZE / RECORDED_SQUEEZE


class JigsawsMaster(SimulatedMaster):
    """Plays ``path`` at ``speed``, over and over. ``scale`` and ``tool_speed`` are the console's, ``radius`` [m] the tool's reach."""

    def __init__(
        self, path: str, scale: float = 0.2, reengage: bool = True, speed: float = 1.0, radius: float = 0.045, tool_speed: float = SPEED
    ) -> None:
        super().__init__(reengage)
        if not valid_scale(scale) or not 0.0 < speed <= SPEED_MAX or not (math.isfinite(radius) and radius > 0.0):
            raise ConfigError(
                f"jigsaws: wanted scale in (0, 1], speed in (0, {SPEED_MAX}], radius > 0 m; got {scale!r}, {speed!r}, {radius!r}"
            )
        self._splines = load(path)
        PaceLimits(speed=tool_speed)  # the console would refuse it too
        self._scale, self._speed, self._radius = scale, speed, radius
        self._end = min(spline.duration for spline in self._splines.values())
        self._time, self._pace, self._leaving = 0.0, 0.0, False
        self._stage, self._stage_time, self._stage_length = Stage.SETTLE, 0.0, 0.0
        self._upright: dict[str, FloatArray] = {}  # rotation of each hand when the tools began to follow
        self._turns: dict[str, tuple[FloatArray, FloatArray]] = {}  # wrist offset from and to, while it is being turned
        self._rows = self._read()
        # Hand minus recording, shape (4,): position [m] and gripper [rad]; from where and to where the stage takes it.
        self._offset = {name: np.zeros(4) for name in MASTERS}
        self._from, self._to = dict(self._offset), dict(self._offset)
        self._tools = {name: SeenTool(scale, tool_speed) for name in MASTERS}
        self._bring_speed = min(RETURN_SPEED, calm_speed(scale, tool_speed))
        self.rounds = 0

    def _advance(self, now: float, dt: float) -> tuple[Mapping[str, Hand], bool]:
        before = self._positions()
        {Stage.SETTLE: self._settle, Stage.PLAY: self._play, Stage.BACK: self._back, Stage.CLUTCH: self._clutch}[self._stage](dt)
        if self._stage is not Stage.CLUTCH:
            after = self._positions()
            for name, tool in self._tools.items():
                tool.go(after[name] - before[name], dt)
        return {name: self._hand(name) for name in MASTERS}, self._stage is Stage.CLUTCH

    def _settle(self, dt: float) -> None:
        """Before the first motion: from how the tools were found to how the recording holds them."""
        if not self.moving:
            return
        if not self._upright:
            self._upright = {name: _rotation(self._rows[name]) @ self._wrists[name].offset for name in MASTERS}
            self._begin(Stage.SETTLE, self._offset, 0.0, turn=True)
        if self._glide(dt, 0.0):
            self._begin(Stage.PLAY, self._offset, 0.0)

    def _would_leave(self) -> bool:
        """Whether a tool would be out of its reach, or lean too far, where the hands come to a stand if they slow down now."""
        ahead = self._read(self._speed * RAMP / 2.0)
        moves = {name: self._scale * (ahead[name][:3] - self._rows[name][:3]) for name in MASTERS}
        far = max(norm(vector_of(self._tools[name].place + moves[name])) for name in MASTERS)
        return far > self._radius or any(self._lean(name, ahead[name]) > LEAN_MAX for name in MASTERS)

    def _lean(self, name: str, row: FloatArray) -> float:
        """Angle [rad] between the tool's axis at a recorded ``row`` and where it pointed when upright."""
        now = vector_of(row[3:12].reshape(3, 3) @ self._wrists[name].offset[:, 2])
        upright = vector_of(self._upright[name][:, 2])
        return math.atan2(norm(cross(now, upright)), dot(now, upright))

    def _play(self, dt: float) -> None:
        if not self.moving:
            self._pace = 0.0
            return
        self._pace = max(0.0, self._pace - dt / RAMP) if self._leaving else min(1.0, self._pace + dt / RAMP)
        self._time = min(self._time + self._speed * minimum_jerk(self._pace) * dt, self._end)
        self._rows = self._read()
        self._leaving = self._leaving or self._ending or self._would_leave()
        if self._leaving and self._pace == 0.0:
            self._leaving = False
            aim = {name: self._offset[name] - np.append(self._tools[name].place / self._scale, 0.0) for name in MASTERS}
            self._begin(Stage.BACK, aim, 0.0, turn=True)

    @property
    def _ending(self) -> bool:
        """So near the end that the hand has to slow down."""
        return self._time >= self._end - RAMP * self._speed

    def _back(self, dt: float) -> None:
        if self.moving and self._glide(dt, 0.0):
            if self._ending:
                self._rewind()
            self._begin(Stage.CLUTCH, {name: np.zeros(4) for name in MASTERS}, CLUTCH_DWELL)

    def _clutch(self, dt: float) -> None:
        if not self.engaged:
            self._begin(Stage.CLUTCH, self._to, CLUTCH_DWELL)
        elif self._glide(dt, CLUTCH_DWELL):
            self._begin(Stage.PLAY, self._to, 0.0)

    def _rewind(self) -> None:
        """Start the recording again; the offsets take up the difference, the clutched return removes it."""
        old = self._rows
        self._time, self.rounds = 0.0, self.rounds + 1
        self._rows = self._read()
        for name in MASTERS:
            grip = gripper_of(old[name][12]) - gripper_of(self._rows[name][12])
            self._offset[name] = self._offset[name] + np.append(old[name][:3] - self._rows[name][:3], grip)
            self._wrists[name].rebase(_rotation(old[name]), _rotation(self._rows[name]))

    def _begin(self, stage: Stage, aim: Mapping[str, FloatArray], dwell: float, turn: bool = False) -> None:
        self._stage, self._stage_time = stage, 0.0
        self._turns = {name: (self._wrists[name].offset, self._aim(name)) for name in MASTERS} if turn else {}
        self._from, self._to = dict(self._offset), dict(aim)
        far = max(float(np.linalg.norm(self._to[name][:3] - self._from[name][:3])) for name in MASTERS)
        turned = max((angle(end @ begin.T) for begin, end in self._turns.values()), default=0.0)
        speed = self._bring_speed if stage is Stage.BACK else RETURN_SPEED
        moved = max(reach_time(far, speed, SHORTEST_RETURN), reach_time(turned, TURN_SPEED, SHORTEST_RETURN))
        self._stage_length = moved + 2.0 * dwell

    def _glide(self, dt: float, dwell: float) -> bool:
        """Move the offsets along their minimum-jerk way; True when they have arrived."""
        self._stage_time += dt
        share = minimum_jerk((self._stage_time - dwell) / (self._stage_length - 2.0 * dwell))
        self._offset = {name: self._from[name] + share * (self._to[name] - self._from[name]) for name in MASTERS}
        for name, (begin, end) in self._turns.items():
            self._wrists[name].turn(begin, end, share)
        return self._stage_time >= self._stage_length

    def _aim(self, name: str) -> FloatArray:
        """Wrist offset that holds the tool upright in the middle of the posture to come, and not far from upright now."""
        recorded, upright = _rotation(self._rows[name]), self._upright[name]
        held = recorded @ self._posture(name).T @ upright
        return recorded.T @ towards(upright, held, LEAN_KEPT)

    def _posture(self, name: str) -> FloatArray:
        """Middle of the hand's rotations in the seconds to come (chordal mean)."""
        begin = 0.0 if self._ending else self._time
        times = np.arange(begin, min(begin + POSTURE_AHEAD, self._end) + POSTURE_STEP, POSTURE_STEP)
        return orthonormal(np.mean([self._splines[name].at(min(float(t), self._end))[3:12].reshape(3, 3) for t in times], axis=0))

    def _read(self, ahead: float = 0.0) -> dict[str, FloatArray]:
        return {name: spline.at(min(self._time + ahead, self._end)) for name, spline in self._splines.items()}

    def _positions(self) -> dict[str, FloatArray]:
        return {name: self._rows[name][:3] + self._offset[name][:3] for name in MASTERS}

    def _hand(self, name: str) -> Hand:
        row, offset = self._rows[name], self._offset[name]
        return Hand(Pose(row[:3] + offset[:3], _rotation(row)), gripper_of(float(row[12])) + float(offset[3]))


def _rotation(row: FloatArray) -> FloatArray:
    return orthonormal(row[3:12].reshape(3, 3))
