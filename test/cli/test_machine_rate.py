"""The usual rate where the processors do it, fewer loops where they do not, and the user is told."""

import argparse

import pytest

from telesurgery_nodes.cli import demo, pace
from telesurgery_nodes.cli.pace import fitting_rate, solve_cost
from telesurgery_nodes.session import RATES, SessionOptions

FAST, SLOW = 16e-6, 45e-6


@pytest.mark.parametrize(("cost", "processors", "rate"), [
    (FAST, 2, SessionOptions.rate), (SLOW, 2, RATES[0]), (FAST, 1, RATES[0]), (SLOW, 8, SessionOptions.rate),
])  # fmt: skip
def test_the_rate_follows_the_processors(cost, processors, rate):
    found, note = fitting_rate(cost, processors)
    assert found == rate
    assert ("--rate 250" in note and f"{1e6 * cost:.0f} us" in note) is (rate != SessionOptions.rate)


def test_a_solve_costs_something():
    assert 1e-7 < solve_cost() < 1e-2


@pytest.mark.parametrize(("words", "rate", "told"), [([], 100.0, True), (["--rate", "200"], 200.0, False)])
def test_the_demo_asks_the_machine_unless_it_is_told(monkeypatch, words, rate, told):
    monkeypatch.setattr(pace, "processors", lambda: 1)
    monkeypatch.setattr(pace, "solve_cost", lambda: SLOW)
    parser = argparse.ArgumentParser()
    demo.add_arguments(parser)
    options, notes = demo.choose(parser.parse_args(["--headless", *words]))
    assert options.rate == rate and any("100 Hz" in note for note in notes) is told
