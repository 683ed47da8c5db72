"""The form of a bench."""

import json
from types import SimpleNamespace

import pytest

from telesurgery_nodes.cli import bench, main, road
from telesurgery_nodes.cli.bench import Bar, Result, at_least, at_most, bar_line, exit_status
from telesurgery_nodes.errors import ConfigError

ARM = {"rms_mm": 0.2, "rms_deg": 0.3, "trocar_max_mm": 0.01, "limit_violations": 0}
SUMMARY = {
    "ok": True, "why": None, "tracking": {"PSM1": ARM, "PSM2": {**ARM, "rms_mm": 0.4}}, "ledger": {"difference_ms": {"max": 0.5}},
    "robot": {"real_time_factor": 0.999}, "picture": {"fps": 25.0}, "commands": {"commands_hz": 249.9},
}  # fmt: skip


def test_bars_at_their_limit():
    assert at_most("a", "", 0.5, 0.5, "mm").holds
    assert not at_most("a", "", 0.51, 0.5, "mm").holds
    assert at_least("a", "", 0.99, 0.99, "").holds
    assert not at_least("a", "", 0.98, 0.99, "").holds


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_not_measured_is_said_and_never_holds(value):
    bar = at_most("a", "x", value, 1.0, "", "no tape")
    assert (bar.holds, bar.value) == (None, None)
    assert "no tape" in bar_line(bar)
    assert "not measured" in bar_line(bar)


def test_only_a_bar_that_fails_makes_the_status():
    good, bad, unknown = (Bar("b", "", None, 0.0, "", holds) for holds in (True, False, None))
    assert exit_status([good, unknown]) == 0
    assert exit_status([good, bad]) == 1


def test_an_unknown_bench_lists_the_known():
    with pytest.raises(ConfigError, match="road"):
        bench.load("nope")


def test_the_json_form(monkeypatch, capsys):
    fake = SimpleNamespace(run=lambda arguments: Result([at_most("road.2", "x", 2.0, 1.0, "mm")], {"quick": arguments.quick}))
    monkeypatch.setattr(bench, "load", lambda name: fake)
    assert main.main(["bench", "road", "--quick", "--json", "--seed", "7"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["bars"][0] == {"id": "road.2", "what": "x", "value": 2.0, "limit": 1.0, "unit": "mm", "holds": False, "why": ""}
    assert {"load", "sched_fifo_allowed", "versions", "seed"} <= set(report["conditions"])
    assert report["conditions"]["seed"] == 7


def test_road_takes_the_worse_arm():
    found = {bar.id: bar for bar in road.bars(SUMMARY, recorded=True)}
    assert found["road.2.rms"].value == 0.4
    assert all(bar.holds is not False for bar in found.values())
    assert {f"road.{number}" for number in (1, 3, 5, 6)} == {bar.id for bar in found.values() if bar.holds is None}


def test_road_at_another_rate_does_not_judge_the_number_of_commands():
    found = {bar.id: bar for bar in road.bars(SUMMARY, recorded=True, rate=100.0)}
    assert found["road.4.rate"].holds is None and "100 Hz" in found["road.4.rate"].why
    assert {name for name, bar in found.items() if bar.holds} == {
        bar.id for bar in road.bars(SUMMARY, recorded=True) if bar.holds and bar.id != "road.4.rate"
    }


def test_road_with_one_arm_missing_is_not_measured():
    found = {bar.id: bar for bar in road.bars({**SUMMARY, "tracking": {"PSM1": ARM}}, recorded=True)}
    assert found["road.2.rms"].holds is None


def test_road_of_an_empty_session_measures_nothing():
    empty = {"tracking": {}, "ledger": None, "robot": {}, "picture": {}, "commands": {}}
    assert all(bar.holds is None for bar in road.bars(empty, recorded=False))


def test_parts_run_in_their_own_order_and_an_unknown_one_is_refused_with_the_valid_ones():
    parts = [SimpleNamespace(__name__=f"somewhere.{name}") for name in ("one", "two", "three")]
    assert bench.chosen(parts, "") == parts
    assert bench.chosen(parts, "three, one") == [parts[0], parts[2]]
    with pytest.raises(ConfigError, match="got four; valid: one, two, three"):
        bench.chosen(parts, "two,four")
    with pytest.raises(ConfigError, match="this bench has no parts"):
        bench.chosen([], "two")
