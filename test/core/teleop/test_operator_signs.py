"""A press is an edge that lasted 50 ms; presence is a human's squeeze or roll, never the motor's."""

import math

import numpy as np
import pytest

from telesurgery_nodes.core.rotations import exp
from telesurgery_nodes.core.teleop.operator_signs import PresenceProof, PressDetector

MS = 0.001


def presses(script):
    """Times [ms] at which presses were accepted; script of (time ms, down, trusted)."""
    detector = PressDetector()
    accepted = [time for time, down, trusted in script if detector.update(down, trusted, time * MS)]
    assert detector.count == len(accepted)
    return accepted


@pytest.mark.parametrize(
    ("script", "wanted"),
    [
        ([(0, True, True), (100, True, True), (200, True, True)], []),
        ([(0, False, True), (10, True, True), (59, True, True), (61, True, True), (200, True, True)], [61]),
        ([(0, False, True), (10, True, True), (40, False, True), (45, True, True), (80, True, True), (96, True, True)], [96]),
        ([(0, False, True), (10, True, True), (30, True, False), (40, True, True), (200, True, True)], []),
        ([(0, False, True), (10, True, True), (70, True, True), (80, False, True), (81, True, True), (140, True, True)], [70, 140]),
    ],
    ids=["down at start", "fresh press", "bounce", "held through blindness", "two presses"],
)
def test_press(script, wanted):
    assert presses(script) == wanted


def roll(degrees):
    return exp(np.array([0.0, 0.0, math.radians(degrees)]))


def test_squeeze_counts_peak_to_peak():
    proof = PresenceProof()
    assert not proof.update(0.2, np.eye(3), np.eye(3))
    assert not proof.update(0.2 + math.radians(39.9), np.eye(3), np.eye(3))
    assert proof.update(0.2 - math.radians(0.2), np.eye(3), np.eye(3))
    assert proof.update(0.2, np.eye(3), np.eye(3)), "it stays shown"
    proof.restart()
    assert not proof.update(0.2, np.eye(3), np.eye(3))


def test_the_motor_turning_the_hand_to_the_goal_is_no_human():
    proof = PresenceProof()
    assert not any(proof.update(0.0, roll(degrees), np.eye(3)) for degrees in range(60, -1, -1))
    assert not proof.update(0.0, roll(3.9), np.eye(3))
    assert proof.update(0.0, roll(4.1), np.eye(3))
