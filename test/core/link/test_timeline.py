"""Scripts: checked wholly before they run, then each step once, in the order of time."""

import math

import pytest

from telesurgery_nodes.core.link.impair import Impairment
from telesurgery_nodes.core.link.timeline import Step, Timeline, path_numbers, steps_from
from telesurgery_nodes.errors import ConfigError

NAMES = ("fibre", "second")
SPECS = {(path, way): Impairment(burst=2.0, loss=0.1) for path in (0, 1) for way in ("up", "down")}
BOTH = ((0, "up"), (0, "down"))


def steps(*rows):
    return steps_from(list(rows), NAMES, SPECS)


def test_a_row_of_each_kind():
    assert steps({"at": 10, "path": "fibre", "cut": 2.5}) == [Step(10.0, BOTH, 2.5)]
    assert steps({"at": 10, "path": "fibre", "direction": "down", "cut": 2.5}) == [Step(10.0, ((0, "down"),), 2.5)]
    assert steps({"at": 0, "path": 2, "up": {"rate_mbit": 10}}) == [Step(0.0, ((1, "up"),), change={"rate_mbit": 10.0})]
    assert steps({"at": 1, "path": "all", "both": {"loss": 0}}) == [Step(1.0, (*BOTH, (1, "up"), (1, "down")), change={"loss": 0.0})]


def test_one_row_may_do_all_of_it():
    row = {"at": 3, "path": 1, "direction": "up", "cut": math.inf, "up": {"loss": 0.2}, "down": {"delay_ms": 7}}
    up, down = ((0, "up"),), ((0, "down"),)
    assert steps(row) == [Step(3.0, up, change={"loss": 0.2}), Step(3.0, down, change={"delay_ms": 7.0}), Step(3.0, up, math.inf)]


@pytest.mark.parametrize(("text", "found"), [("fibre", (0,)), ("2", (1,)), (2, (1,)), ("path1", (0,)), ("all", (0, 1))])
def test_paths_by_name_and_number(text, found):
    assert path_numbers(text, NAMES) == found


def test_a_name_goes_before_a_number():
    assert path_numbers("2", ("2", "1")) == (0,) and path_numbers("path2", ("a", "path1", "path2")) == (2,)


@pytest.mark.parametrize("text", ["third", "0", "3", "path0", "path3", "-1", "", "path", 0, None, True, 1.5])
def test_an_unknown_path_lists_the_known(text):
    with pytest.raises(ConfigError, match="valid: 1 to 2, fibre, second or all"):
        path_numbers(text, NAMES)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("cut", "wanted keys and values"),
        ({"at": 1, "path": 1, "cutt": 1}, "unknown cutt; valid: at, path, direction, cut, up, down, both"),
        ({"path": 1, "cut": 1}, "wanted `at` and `path`"),
        ({"at": 1, "cut": 1}, "wanted `at` and `path`"),
        ({"at": -0.1, "path": 1, "cut": 1}, "at -0.1; wanted seconds, 0 or more"),
        ({"at": math.nan, "path": 1, "cut": 1}, "at nan"),
        ({"at": math.inf, "path": 1, "cut": 1}, "at inf"),
        ({"at": True, "path": 1, "cut": 1}, "at True"),
        ({"at": "1", "path": 1, "cut": 1}, "at '1'"),
        ({"at": 1, "path": 1, "cut": 0}, "cut 0; wanted seconds, more than 0"),
        ({"at": 1, "path": 1, "cut": math.nan}, "cut nan"),
        ({"at": 1, "path": 1, "cut": 1, "direction": "left"}, "direction 'left'; valid: up, down, both"),
        ({"at": 1, "path": 1, "direction": "up", "up": {"loss": 0.1}}, "`direction` belongs to `cut`"),
        ({"at": 1, "path": 1}, "nothing to do"),
        ({"at": 1, "path": 1, "up": {}}, "up {}; wanted values"),
        ({"at": 1, "path": 1, "up": 3}, "up 3; wanted values"),
        ({"at": 1, "path": 1, "up": {"lost": 1}}, "unknown lost; valid: delay_ms"),
        ({"at": 1, "path": 1, "up": {"loss": "x"}}, "loss 'x'; wanted a number"),
        ({"at": 1, "path": 1, "up": {"loss": 1}}, "loss 1.0; valid: 0 <= loss < 1"),
        ({"at": 1, "path": "x", "cut": 1}, "no path 'x'"),
    ],
)
def test_bad_rows_are_named_with_what_was_wanted(row, says):
    with pytest.raises(ConfigError) as caught:
        steps({"at": 0, "path": 1, "cut": 1}, row)
    assert str(caught.value).startswith("row 2: ") and says in str(caught.value)


@pytest.mark.parametrize("rows", [None, {"at": 1}, "x", 3])
def test_a_script_is_a_list(rows):
    with pytest.raises(ConfigError, match="a list of rows"):
        steps_from(rows, NAMES, SPECS)


def test_each_step_is_given_once_in_the_order_of_time():
    timeline = Timeline(steps({"at": 2, "path": 1, "cut": 1}, {"at": 1, "path": 1, "cut": 2}, {"at": 2, "path": 1, "cut": 3}))
    assert timeline.next_at == 1.0 and timeline.update(0.999) == ()
    assert [step.cut for step in timeline.update(1.0)] == [2.0]
    assert timeline.next_at == 2.0 and timeline.update(1.5) == ()
    assert [step.cut for step in timeline.update(7.0)] == [1.0, 3.0]
    assert timeline.next_at == math.inf and timeline.update(8.0) == ()


def test_an_empty_script_does_nothing():
    assert steps() == [] and Timeline().next_at == math.inf and Timeline().update(1.0) == ()
