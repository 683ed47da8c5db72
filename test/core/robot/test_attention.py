"""An arm is told about often while its set points change, and a moment longer; fake time."""

from __future__ import annotations

from telesurgery_nodes.core.robot.attention import SETTLING, Attention

TICK, REST, FAR = 0.004, (0.0, 0.1), (0.0, 0.2)


def stream(attention: Attention, rows, since: float = 0.0) -> float:
    now = since
    for row in rows:
        now += TICK
        attention.heard("PSM3", row, now)
    return now


def test_nobody_moves_before_the_first_set_point():
    assert not Attention().moves(0.0, "PSM3", "PSM3_jaw")


def test_an_arm_moves_while_its_set_points_change_and_settles_after():
    attention = Attention()
    changed = stream(attention, [(0.0, 0.001 * number) for number in range(100)])
    now = stream(attention, [(0.0, 0.099)] * 20, changed)
    assert attention.moves(now, "PSM3")
    assert attention.moves(changed + SETTLING, "PSM3")
    assert not attention.moves(changed + SETTLING + TICK, "PSM3")


def test_a_set_point_that_is_only_repeated_is_rest():
    attention = Attention()
    now = stream(attention, [REST] * 500)
    assert not attention.moves(now, "PSM3")


def test_a_resting_arm_that_starts_is_noticed_at_once():
    attention = Attention()
    now = stream(attention, [REST] * 500)
    attention.heard("PSM3", FAR, now)
    assert attention.moves(now, "PSM3") and not attention.moves(now, "PSM1")


def test_a_jaw_counts_for_its_arm_and_not_for_others():
    attention = Attention()
    attention.heard("PSM3", REST, 0.0)
    attention.heard("PSM3_jaw", (0.5,), 1.0)
    assert attention.moves(1.0, "PSM3", "PSM3_jaw") and not attention.moves(1.0, "PSM3")
