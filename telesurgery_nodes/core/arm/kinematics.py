"""What the controller needs of an arm's kinematics: closed forms, or a library's answer behind the same face."""

from __future__ import annotations

from typing import Protocol

from ..kinematics.frames import Frame, Vector
from ..kinematics.limits import Joints
from ..kinematics.psm import Solution


class Kinematics(Protocol):
    """What the controller needs of every arm."""

    def forward(self, q: Joints) -> Frame:
        """Tip in the RCM frame."""

    def twist(self, q: Joints, v: Joints) -> tuple[Vector, Vector]:
        """Tip velocities in the RCM frame."""

    def dexterity(self, q: Joints) -> float:
        """How far from a singular posture; larger is better, in the unit of the arm's zone."""


class Follower(Kinematics, Protocol):
    """Kinematics that also follow a tip pose. ``local``: an answer is good only near its reference and is asked for every tick."""

    @property
    def local(self) -> bool:
        """See above."""

    def follow(self, target: Frame, reference: Joints) -> Solution:
        """Joints for a moving target, and what kept them from it."""
