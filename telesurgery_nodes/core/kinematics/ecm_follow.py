"""The camera arm follows a pose: its four joints follow three turns about the remote centre and the depth, nothing else exists."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from ...errors import KinematicsError
from .ecm import Ecm
from .frames import Frame, Rotation, dot, is_finite
from .limits import Joints
from .psm import ROLL, Solution, nearest_turn

# endoscope_view in the tip frame (urdf/ecm.urdf.xacro): a quarter turn about the shaft. x left, y up, z away.
VIEW_IN_TIP: Rotation = (0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True)
class EcmFollower(Ecm):
    """`Ecm` that follows: orientation first, depth along the shaft. Joints beyond their range go to its edge, and say so."""

    local: ClassVar[bool] = False  # a solution is good wherever the set point is

    def follow(self, target: Frame, reference: Joints) -> Solution:
        """Joints (4,) for a tip ``target`` in the RCM frame. KinematicsError where it is not finite."""
        if not is_finite(target):
            raise KinematicsError(f"ECM: a finite pose wanted, got {target}")
        r = target.r
        shaft = (r[2], r[5], r[8])
        yaw, pitch = math.atan2(shaft[0], -shaft[2]), math.asin(max(-1.0, min(1.0, -shaft[1])))
        level = self.forward((yaw, pitch, reference[2], 0.0)).r
        along = (r[0], r[3], r[6])
        roll = math.atan2(dot(along, (level[1], level[4], level[7])), dot(along, (level[0], level[3], level[6])))
        depth = dot(target.p, shaft) - self.geometry.reach_offset
        return Solution(*self.limits.clamp((yaw, pitch, depth, nearest_turn(roll, reference[ROLL]))))
