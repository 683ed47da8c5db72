"""Where a command's time goes on the patient side: layout and sampling of `teleop/trace` (the only place that knows it).

Float64MultiArray data = TRACE_FIELDS:
  stamp        header.stamp of the servo_cp [s, ROS clock of this site]: identifies the command
  hop_in       servo_cp stamp -> its arrival in arm control [s, ROS clock]
  kinematics   arrival -> publication of the robot's servo_jp (waits for the control tick, gate, inverse kinematics) [s, steady]
  robot        publication -> robot/<arm>/setpoint_js with this stamp or a newer one arrives (both hops and the robot's cycle) [s, steady]
"""

from __future__ import annotations

from dataclasses import dataclass

TRACE_FIELDS = ("stamp", "hop_in", "kinematics", "robot")
TRACE_PERIOD = 0.04  # [s] at most 25 traces a second
TRACE_PATIENCE = 0.5  # [s] a robot that has not echoed by then lost the command; take another sample

Stamp = tuple[int, int]  # seconds, nanoseconds of a ROS header
NANO = 1e-9


@dataclass(frozen=True)
class _Sample:
    arm: str
    stamp: Stamp
    hop_in: float
    kinematics: float
    published: float


class TraceSampler:
    """Follows one command at a time from arrival to the robot's echo."""

    def __init__(self) -> None:
        self._open: _Sample | None = None
        self._last = float("-inf")
        self.lost = 0

    @property
    def waits_for(self) -> str:
        """The arm whose robot's echo would close the open sample; empty: none."""
        return self._open.arm if self._open is not None else ""

    def served(self, arm: str, stamp: Stamp, hop_in: float, arrived: float, now: float) -> None:
        """The command ``stamp`` that arrived at ``arrived`` went to the robot at ``now`` (both steady [s])."""
        if self._open is not None and now - self._open.published > TRACE_PATIENCE:
            self.lost += 1
            self._open = None
        if self._open is None and now - self._last >= TRACE_PERIOD:
            self._last = now
            self._open = _Sample(arm, stamp, hop_in, now - arrived, now)

    def echoed(self, arm: str, stamp: Stamp, now: float) -> tuple[float, float, float, float] | None:
        """TRACE_FIELDS of the sample this robot set point closes, or None.

        A newer stamp closes it too: a robot that publishes at half the command rate shows every second command only.
        """
        sample = self._open
        if sample is None or sample.arm != arm or stamp < sample.stamp:
            return None
        self._open = None
        return sample.stamp[0] + sample.stamp[1] * NANO, sample.hop_in, sample.kinematics, now - sample.published
