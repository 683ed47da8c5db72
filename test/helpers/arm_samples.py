"""Arms and postures shared by the kinematics and arm tests."""

from __future__ import annotations

import random
from pathlib import Path

import yaml

from telesurgery_nodes.core.arm.config import ArmConfig, arm_config
from telesurgery_nodes.core.kinematics.limits import JointLimits, Joints

CONFIG = Path(__file__).resolve().parents[2] / "config" / "arms"


def config(name: str) -> ArmConfig:
    return arm_config(yaml.safe_load((CONFIG / f"{name}.yaml").read_text()))


def postures(limits: JointLimits, count: int, seed: int = 1) -> list[Joints]:
    rnd = random.Random(seed)
    ranges = [(low + 0.01 * (high - low), high - 0.01 * (high - low)) for low, high in zip(limits.lower, limits.upper, strict=True)]
    return [tuple(rnd.uniform(*edge) for edge in ranges) for _ in range(count)]


# One arm in modified DH written as URDF origins: the same chain as psm.py, but through the general road.
PI2 = 1.5707963267948966
PSM_URDF = f"""<robot name="t"><link name="cart"/><link name="rcm"/><link name="l1"/><link name="l2"/><link name="l3"/><link name="l4"/>
<link name="l5"/><link name="l6"/><link name="tip"/>
<joint name="mount" type="fixed"><parent link="cart"/><child link="rcm"/><origin xyz="1 2 3" rpy="0.1 0.2 0.3"/></joint>
<joint name="yaw" type="revolute"><parent link="rcm"/><child link="l1"/><origin rpy="{PI2} 0 0"/><axis xyz="0 0 2"/>
<limit lower="-1.5" upper="1.5" velocity="2" effort="3"/></joint>
<joint name="o1" type="fixed"><parent link="l1"/><child link="l1b"/><origin rpy="0 0 {PI2}"/></joint><link name="l1b"/>
<joint name="pitch" type="continuous"><parent link="l1b"/><child link="l2"/><origin rpy="{-PI2} 0 0"/><axis xyz="0 0 1"/></joint>
<joint name="o2" type="fixed"><parent link="l2"/><child link="l2b"/><origin rpy="0 0 {-PI2}"/></joint><link name="l2b"/>
<joint name="insertion" type="prismatic"><parent link="l2b"/><child link="l3"/><origin rpy="{PI2} 0 0"/><axis xyz="0 0 1"/></joint>
<joint name="roll" type="revolute"><parent link="l3"/><child link="l4"/><origin xyz="0 0 {0.4162 - 0.4318}"/><axis xyz="0 0 1"/></joint>
<joint name="wp" type="revolute"><parent link="l4"/><child link="l5"/><origin rpy="{-PI2} 0 0"/><axis xyz="0 0 1"/></joint>
<joint name="o5" type="fixed"><parent link="l5"/><child link="l5b"/><origin rpy="0 0 {-PI2}"/></joint><link name="l5b"/>
<joint name="wy" type="revolute"><parent link="l5b"/><child link="l6"/><origin xyz="0.0091 0 0" rpy="{-PI2} 0 0"/>
<axis xyz="0 0 1"/></joint>
<joint name="o6" type="fixed"><parent link="l6"/><child link="l6b"/><origin rpy="0 0 {-PI2}"/></joint><link name="l6b"/>
<joint name="tool" type="fixed"><parent link="l6b"/><child link="tip"/><origin rpy="0 {PI2} {PI2}"/></joint>
</robot>"""
