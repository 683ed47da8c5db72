"""From a description and a URDF to one arm: which kinematics, which controller, and its trocar; checked against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import ConfigError
from ..kinematics.ecm import EcmGeometry
from ..kinematics.ecm_follow import EcmFollower
from ..kinematics.frames import Vector, angle_between, distance
from ..kinematics.general import GeneralArm, Trocar
from ..kinematics.limits import Joints
from ..kinematics.model import Chain, RobotModel
from ..kinematics.psm import Psm, PsmGeometry
from ..kinematics.rcm import CENTRE, trocar_error
from ..kinematics.stepper import Carry, SpeedLaw
from .config import ArmConfig
from .controller import ArmController
from .kinematics import Follower, Kinematics

AGREE = 1e-6  # [m, rad] closed form and URDF describe the same arm
HOME_TROCAR_M = 0.001  # [m] a software trocar further than this from the shaft at home is not this arm's


@dataclass(frozen=True)
class Assembly:
    """One arm. Chains out of the URDF: ``chain`` base -> tip, ``shaft`` base -> shaft link; ``trocar`` in the frame of ``base`` [m]."""

    controller: ArmController
    chain: Chain
    shaft: Chain
    trocar: Vector
    base: str

    def trocar_error(self, q: Joints) -> float:
        """Distance of the shaft from the trocar [m]."""
        return trocar_error(self.shaft, q, self.trocar)


def assemble(arm: str, model: RobotModel, config: ArmConfig, max_tick: float, laws: Sequence[SpeedLaw] = ()) -> Assembly:
    """Arm ``arm`` of the URDF with ``config``. ConfigError where the two are not the same arm."""
    description = config.description
    base = f"{arm}_{description.base}"
    chain = model.chain(base, f"{arm}_{description.tip}")
    shaft = model.chain(base, f"{arm}_{description.rcm.shaft}")
    wanted = tuple(f"{arm}_{name}" for name in config.joint_names)
    if chain.names != wanted or wanted[: len(shaft.names)] != shaft.names:
        found = f"the URDF has {chain.names} up to the tip and {shaft.names} up to the shaft"
        raise ConfigError(f"{arm}: config/arms names joints {wanted}; {found}")
    limits = config.limits
    if not (chain.inside(limits.lower) and chain.inside(limits.upper)):
        raise ConfigError(f"{arm}: config/arms lets joints go to {limits.lower}..{limits.upper}, further than the URDF does")
    kinematics, follower, carry = _kinematics(config, chain, shaft)
    _check(arm, config, kinematics, chain)
    trocar = description.rcm.trocar
    controller = ArmController(arm, kinematics, config, follower, max_tick=max_tick, laws=laws, carry=carry)
    made = Assembly(controller, chain, shaft, trocar if trocar is not None else CENTRE, base)
    off = made.trocar_error(config.home)
    if not off <= HOME_TROCAR_M:
        raise ConfigError(f"{arm}: at home the shaft is {off} m from its trocar: at most {HOME_TROCAR_M} m wanted")
    return made


def _kinematics(config: ArmConfig, chain: Chain, shaft: Chain) -> tuple[Kinematics, Follower | None, Carry | None]:
    description = config.description
    if description.kind == "psm":
        psm = Psm(config.limits, PsmGeometry(**config.geometry))
        return psm, psm, None
    if description.kind == "ecm":
        ecm = EcmFollower(config.limits, EcmGeometry(**config.geometry))
        return ecm, ecm, None
    trocar = Trocar(shaft, description.rcm.trocar) if description.rcm.trocar is not None else None
    tip = (config.tip_speed, config.tip_turn)
    general = GeneralArm(chain, config.limits, config.home, tip, description.straight, trocar)
    return general, general, general.carry if trocar is not None else None


def _check(arm: str, config: ArmConfig, kinematics: Kinematics, chain: Chain) -> None:
    """Closed form (or library) and URDF, with every joint away from zero, so that a wrong axis or sign cannot hide."""
    posture = tuple(0.7 * home + 0.3 * (0.5 * upper) for home, upper in zip(config.home, config.limits.upper, strict=True))
    ours, theirs = kinematics.forward(posture), chain.forward(posture)
    if not (distance(ours.p, theirs.p) <= AGREE and angle_between(ours.r, theirs.r) <= AGREE):
        raise ConfigError(f"{arm}: config/arms and the URDF disagree about the tip at joints {posture}: {ours} and {theirs}")

