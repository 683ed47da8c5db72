"""The seams to the world. One file per device in the sub-packages, found by entry point (registry.py); each passes test/conformance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ..core.values import ArmState, ConsoleState, FloatArray, HandSample, StereoFrame, Wrench

ImageArray = NDArray[np.uint8]


class MasterDevice(Protocol):
    """Two hands and the pedals of the operator. Entry-point group ``telesurgery_nodes.masters``."""

    def poll(self, now: float) -> HandSample | None:
        """Return the newest sample at steady time ``now`` [s], or None where the device has nothing (yet, or any more)."""

    def feedback(self, state: ConsoleState) -> None:
        """Show the operator the state; a motorised master turns its tip towards ``align_goals`` and gives the hands ``forces``."""

    def close(self) -> None:
        """Release the device. Never raises."""


class Robot(Protocol):
    """A patient cart: named arms behind joint set points. Entry-point group ``telesurgery_nodes.robots``.

    Arms are PSM1..PSM3 (yaw, pitch, insertion, roll, wrist pitch, wrist yaw + jaw) and ECM (yaw, pitch, insertion, roll).
    """

    @property
    def joint_names(self) -> Mapping[str, Sequence[str]]:
        """Arm name -> joint names in set-point order (without the jaw)."""

    def servo_jp(self, arm: str, position: FloatArray) -> None:
        """New joint set point, shape (n,) [rad or m]. Non-finite or wrong shape: DeviceError, nothing moves."""

    def servo_jaw(self, arm: str, position: float) -> None:
        """New jaw set point [rad]."""

    def step(self, dt: float) -> None:
        """Advance the robot by ``dt`` [s]."""

    def state(self, arm: str) -> ArmState:
        """Measured joints of an arm."""

    def brake(self, on: bool) -> None:
        """Hold every arm where it is and ignore set points, or let go."""

    def objects(self) -> Mapping[str, FloatArray]:
        """Movable scene objects: name -> (7,) position [m] and w-x-y-z quaternion in the cart frame. Empty where there are none."""

    def close(self) -> None:
        """Release the robot. Never raises."""


@runtime_checkable
class ForceSensing(Protocol):
    """A robot that also measures what its tips touch. Optional: a robot without it says nothing, and its arms then need
    `force_sensor: none` in config/safety.yaml to move.
    """

    def wrench(self, arm: str) -> Wrench | None:
        """What the surroundings exert on the tip of an arm, axes of its base link, without gravity; None where it is not known."""


class StereoSource(Protocol):
    """A pair of eyes. Entry-point group ``telesurgery_nodes.cameras``."""

    def read(self, stamp: float) -> StereoFrame | None:
        """Both eyes of one instant with ``stamp``, or None where no picture is to be had."""

    def close(self) -> None:
        """Release the source. Never raises."""


class VideoCodec(Protocol):
    """Stereo frame <-> bytes, zero frames held. Entry-point group ``telesurgery_nodes.codecs``."""

    name: str

    def encode(self, frame: StereoFrame, force_key: bool = False) -> tuple[bytes, bool]:
        """One packet per frame and whether it is a key frame."""

    def decode(self, data: bytes) -> tuple[ImageArray, ImageArray] | None:
        """Left and right (h, w, 3) uint8 RGB, or None while no key frame has been seen. Corrupt: DeviceError."""


class Path(Protocol):
    """One network path: whole datagrams. Entry-point group ``telesurgery_nodes.paths``."""

    name: str

    def send(self, datagram: bytes) -> None:
        """Send now or drop; never blocks, never raises for a dead line (counts it)."""

    def receive(self) -> list[bytes]:
        """Everything that has arrived, oldest first; empty where nothing has."""

    def fileno(self) -> int:
        """For select."""

    def close(self) -> None:
        """Release the path. Never raises."""


__all__ = ["ForceSensing", "MasterDevice", "Path", "Robot", "StereoSource", "VideoCodec"]
