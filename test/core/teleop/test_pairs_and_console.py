"""Requests at the console: granted or refused with a reason, and never two masters on one arm."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telesurgery_nodes.core.teleop.console import Console, HandSettings
from telesurgery_nodes.core.teleop.console import settings as defaults
from telesurgery_nodes.core.teleop.pairs import PAIRS, pair_name, parse_pair, selected_with, selected_without, valid_pairs
from telesurgery_nodes.core.values import INSTRUMENTS, MASTERS, TELEOP_PAIRS
from telesurgery_nodes.errors import ConfigError

NAMES = st.sampled_from(sorted(PAIRS))


def test_two_masters_three_instruments_six_pairs():
    assert set(PAIRS) == {pair_name(*pair) for pair in itertools.product(MASTERS, INSTRUMENTS)}
    assert parse_pair("MTML-PSM3") == parse_pair(" MTML_PSM3 ") == "MTML_PSM3"
    with pytest.raises(ConfigError, match="valid: MTML_PSM1"):
        parse_pair("MTML_PSM4")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.booleans(), NAMES), max_size=20))
def test_no_order_of_selecting_puts_two_masters_on_one_arm(steps):
    pairs = dict(TELEOP_PAIRS)
    for select, name in steps:
        pairs = (selected_with if select else selected_without)(pairs, name)
        assert valid_pairs(pairs)
        assert (pairs.get(PAIRS[name][0]) == PAIRS[name][1]) is select


def test_pairs_that_are_none_are_seen():
    assert not valid_pairs({"MTML": "PSM1", "MTMR": "PSM1"})
    assert not valid_pairs({"MTML": "ECM"}) and not valid_pairs({"MTMX": "PSM1"})


def console():
    return Console(defaults(0.2))


def test_every_request_is_granted_when_it_is_valid():
    one = console()
    for kind, value in (("enable", False), ("tremor_filter", False), ("adaptive_scale", True), ("lock_rotation", True)):
        assert one.update(kind, value, False) == ""
    assert (one.settings.enabled, one.settings.tremor_filter, one.settings.adaptive) == (False, False, True)
    assert all(hand.lock_rotation for hand in one.settings.hands.values())
    assert one.update("lock_translation", True, True, "MTMR_PSM1") == ""
    assert one.settings.hands["MTMR"].lock_translation and not one.settings.hands["MTML"].lock_translation


def test_a_scale_set_by_hand_is_the_last_word():
    one = console()
    one.update("adaptive_scale", True, True)
    assert one.settings.effective_scale(0.5) == pytest.approx(0.1)
    assert one.update("set_scale", 0.3, True) == "" and one.settings.effective_scale(0.5) == 0.3


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("set_scale", 0.0, "valid: above 0"),
        ("set_scale", 1.5, "valid: above 0"),
        ("set_scale", math.nan, "valid: above 0"),
        ("set_scale", True, "valid"),
        ("enable", 1.0, "valid"),
        ("select", "MTML_PSM9", "MTML_PSM1"),
        ("dance", True, "enable"),
    ],
)
def test_what_is_not_valid_changes_nothing_and_is_counted(kind, value, words):
    one = console()
    before = one.settings
    assert words in one.update(kind, value, False)
    assert one.settings is before and one.refused[kind] == 1


def test_arms_are_swapped_only_while_nothing_follows():
    one = console()
    assert "clutch" in one.update("select", "MTML_PSM3", True) and one.settings.pairs["MTML"] == "PSM2"
    assert one.update("select", "MTMR_PSM1", True) == "", "what is selected already is no swap"
    one.update("lock_rotation", True, False)
    assert one.update("select", "MTML_PSM3", False) == ""
    assert dict(one.settings.pairs) == {"MTMR": "PSM1", "MTML": "PSM3"}
    assert one.settings.hands["MTML"] == HandSettings() and one.settings.hands["MTMR"].lock_rotation
    assert "not selected" in one.update("lock_rotation", True, False, "MTML_PSM2")
    one.update("unselect", "MTML_PSM3", False)
    assert dict(one.settings.pairs) == {"MTMR": "PSM1"}


def test_selecting_an_arm_of_the_other_master_takes_it_over():
    one = console()
    one.update("select", "MTML_PSM1", False)
    assert dict(one.settings.pairs) == {"MTML": "PSM1"}


def test_a_scale_that_is_none_is_no_default():
    with pytest.raises(ConfigError, match="scale"):
        defaults(0.0)
