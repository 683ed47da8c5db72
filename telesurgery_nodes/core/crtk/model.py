"""How far poses are from what a URDF chain says at the joints of the same instant."""

from __future__ import annotations

from collections.abc import Sequence

from ..kinematics.frames import Frame, angle_between, distance, from_quaternion
from ..kinematics.model import MOVING, Chain
from .evidence import Sample

SAME_TIME = 1e-3  # [s] stamps of one instant


def gaps(chain: Chain, joints: Sequence[Sample], poses: Sequence[Sample]) -> tuple[float, float] | None:
    """Largest distance [m] and turn [rad] over all pairs with one stamp; None without a pair."""
    far, turned, count, at = 0.0, 0.0, 0, 0
    ordered = sorted(joints, key=lambda sample: sample.stamp)
    for pose in sorted(poses, key=lambda sample: sample.stamp):
        while at + 1 < len(ordered) and ordered[at + 1].stamp <= pose.stamp + SAME_TIME:
            at += 1
        pair = ordered[at] if ordered else None
        usable = pair is not None and len(pair.values) == len(chain.joints) and len(pose.values) == 7
        if pair is None or not usable or abs(pair.stamp - pose.stamp) > SAME_TIME:
            continue
        w, x, y, z = pose.values[3:]
        seen = Frame((pose.values[0], pose.values[1], pose.values[2]), from_quaternion((w, x, y, z)))
        model = chain.forward(pair.values)
        far, turned = max(far, distance(seen.p, model.p)), max(turned, angle_between(seen.r, model.r))
        count += 1
    return (far, turned) if count else None


def ranges(chain: Chain) -> tuple[tuple[float, float], ...]:
    """Joint ranges of the URDF [rad or m]."""
    return tuple((joint.lower, joint.upper) for joint in chain.joints)


def slides(chain: Chain) -> tuple[bool, ...]:
    """True for joints in metres."""
    return tuple(joint.kind == MOVING[-1] for joint in chain.joints)
