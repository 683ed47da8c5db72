"""Fragments leave evenly, in order, and say truly how long their picture was held."""

import pytest

from telesurgery_nodes.core.video.spread import Spread


def test_the_first_leaves_at_once_and_the_others_evenly():
    spread = Spread()
    spread.push([b"0", b"1", b"2", b"3"], 5.0, 0.04)
    assert spread.due(5.0) == [(0.0, b"0")]
    assert spread.due(5.009) == []
    assert [part for _, part in spread.due(5.02)] == [b"1", b"2"]
    assert spread.due(6.0) == [(pytest.approx(1.0), b"3")] and spread.due(9.0) == []


def test_held_is_when_it_is_asked_for_and_not_when_it_was_due():
    spread = Spread()
    spread.push([b"0", b"1"], 5.0, 0.02)
    assert [held for held, _ in spread.due(5.037)] == pytest.approx([0.037, 0.037])


def test_a_picture_that_comes_early_does_not_overtake():
    spread = Spread()
    spread.push([b"a", b"b"], 5.0, 0.04)
    spread.push([b"c"], 5.01, 0.04)
    assert [part for _, part in spread.due(5.01)] == [b"a"], "c waits behind b"
    assert spread.due(5.02) == [(pytest.approx(0.02), b"b"), (pytest.approx(0.01), b"c")]


def test_clear_sends_none_and_nothing_is_nothing():
    spread = Spread()
    spread.push([b"a", b"b"], 5.0, 0.04)
    spread.clear()
    spread.push([], 5.0, 0.04)
    assert spread.due(9.0) == []
