"""The collision part of the arm bench on a few crossings: what it measures is real, and without the guard it fails."""

from __future__ import annotations

import random

import pytest

pytest.importorskip("xacro")
pytest.importorskip("rclpy")

from telesurgery_nodes.cli.armbench import collision
from telesurgery_nodes.cli.armbench.cart import ARMS, Cart


def test_crossings_keep_the_margin_and_without_the_guard_they_do_not() -> None:
    guarded, free = collision.crossings(12, 1), collision.crossings(12, 1, guarded=False)
    assert guarded.entered == guarded.below == guarded.away_refused == 0 and guarded.smallest >= 0.0
    assert guarded.slowed > 0 and guarded.counts and guarded.away_asked > 0
    assert free.entered > 0 and free.smallest < 0.0


def test_crossings_begin_clear_of_everything_and_near_something() -> None:
    cart = Cart()
    for drawn in cart.postures(random.Random(2), 5):
        clear = cart.clearances(cart.ends(drawn)).min()
        assert 0.0 < clear < 0.02 and set(drawn) == set(ARMS)


def test_the_loop_is_timed_and_every_bar_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    from telesurgery_nodes.cli.bench import BenchArguments

    for name, value in (("QUICK_CROSSINGS", 6), ("UNGUARDED", 25), ("QUICK_LOOP_TICKS", 30)):
        monkeypatch.setattr(collision, name, value)
    bars, details = collision.run(BenchArguments(quick=True))
    assert {bar.id for bar in bars} == {"4.rate", "4.share", "4.margin", "4.away"} and all(bar.value is not None for bar in bars)
    assert details["pairs"]["watched"] > 400 and details["tick_us"]["mean"] > 0.0 and "collision:" in details["text"]
