"""A session on processors without time to spare says what to do about it."""

from pathlib import Path

import pytest

from telesurgery_nodes.report.conditions import busy_note
from telesurgery_nodes.session import LIGHT


@pytest.mark.parametrize(("each", "cores", "noted"), [(79.0, 2, False), (81.0, 2, True), (81.0, 4, False)])
def test_a_busy_machine_is_named_with_what_asks_less_of_it(each, cores, noted):
    notes = busy_note({"arm_control": each, "simulation": each}, cores)
    assert bool(notes) is noted and all(LIGHT in note and "81%" in note for note in notes)


def test_what_is_told_to_type_is_understood():
    import argparse

    from telesurgery_nodes.cli.demo import add_arguments, choose
    from telesurgery_nodes.session import check

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options, _ = choose(parser.parse_args(LIGHT.split()))
    check(options)
    readme = Path(__file__).parents[2] / "README.md"
    assert f'make demo ARGS="{LIGHT}"' in readme.read_text(encoding="utf-8")
    assert (options.rate, options.robot, options.width) == (100.0, "kinematic", 320)
