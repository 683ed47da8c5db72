"""Presets, traces and scripts from files: what is read, and that every mistake is named with its place."""

import argparse
from dataclasses import replace
from pathlib import Path

import pytest

from telesurgery_nodes.core.link.impair import Impairment
from telesurgery_nodes.core.link.timeline import Step
from telesurgery_nodes.core.link.trace import TraceRow
from telesurgery_nodes.devices.relay import options
from telesurgery_nodes.devices.relay.files import read_script, read_trace
from telesurgery_nodes.devices.relay.presets import clear_paths, load_preset, preset_names, read_preset, with_traces, with_values
from telesurgery_nodes.errors import ConfigError
from telesurgery_nodes.resources import find_resource

OF_THE_ISSUE = ("lan", "lindbergh", "rome_beijing", "casablanca_shanghai", "china_5g", "orlando_luanda", "geo_satellite", "rural")
SYNTHETIC = "config/links/traces/handover_synthetic.csv"


@pytest.fixture
def csv(tmp_path):
    def write(text):
        file = tmp_path / "t.csv"
        file.write_text(text)
        return file

    return write


@pytest.mark.parametrize("name", OF_THE_ISSUE)
def test_presets_of_real_operations_have_two_paths_and_sources(name):
    preset = read_preset(name)
    assert preset.name == name and len(preset.paths) == 2 and all(preset.sources)
    assert len(preset.sources) >= 1 and load_preset(name) == list(preset.paths)
    assert len({path.name for path in preset.paths}) == 2 and all(path.up.delay_ms > 0.0 < path.down.delay_ms for path in preset.paths)


def test_no_preset_is_forgotten():
    assert sorted(OF_THE_ISSUE) == preset_names()


def test_headline_preset_is_what_the_operation_reported():
    first, second = load_preset("casablanca_shanghai")
    assert (first.up.delay_ms, first.up.jitter_ms, first.up.loss, second.down.delay_ms) == (105, 3, 0.0001, 125)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "wanted paths with name, up and down"),
        ("paths: 3", "wanted paths"),
        ("paths: []", "at least one path"),
        ("paths: [{name: a}]", "wanted paths"),
        ("paths: [{name: a, up: {x: 1}, down: {}}]", "unknown x"),
        ("paths: [{name: a, up: {}, down: {}}, {name: a, up: {}, down: {}}]", "a name of its own; got a, a"),
        ("paths: [{name: a, up: {trace: nowhere.csv}, down: {}}]", "nowhere.csv: cannot be read"),
        ("paths: [{name: a, up: {trace_end: hold}, down: {}}]", "trace_end without trace"),
        ("{", "wanted paths"),
    ],
)
def test_bad_presets_are_refused(tmp_path, text, says):
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(ConfigError, match=f"bad.yaml: .*{says}"):
        load_preset(str(tmp_path / "bad.yaml"))


def test_an_unknown_preset_lists_the_known():
    with pytest.raises(ConfigError, match=r"no preset 'mars'; valid: casablanca_shanghai, .*, clear, or a file"):
        load_preset("mars")


def test_a_preset_may_replay_a_trace_that_lies_beside_it(tmp_path, csv):
    csv("t_s,delay_ms\n0,30\n1,40\n")
    text = "paths: [{name: a, up: {trace: t.csv, trace_end: hold, loss: 0.1}, down: {trace: t.csv}}]"
    (tmp_path / "p.yaml").write_text(text)
    (path,) = load_preset(str(tmp_path / "p.yaml"))
    assert path.up == Impairment(loss=0.1) and path.trace("up").at(9.0).delay == 0.04 and path.trace("down").at(2.5).delay == 0.03


def test_a_trace_of_any_tool(csv):
    file = csv("# made by hand\n\nhost, delay_ms ,t_s,lost\nx,30.5,100,0\nx,,100.5,1\nx, 20,101,0\n")
    trace = read_trace(file, "hold")
    assert [trace.at(at) for at in (0.0, 0.5, 1.0)] == [TraceRow(100.0, 0.0305), TraceRow(100.5, 0.0305, True), TraceRow(101.0, 0.02)]


def test_a_first_row_that_was_lost_has_no_delay(csv):
    assert read_trace(csv("t_s,delay_ms,lost\n0,,1\n"), "loop").at(0.0) == TraceRow(0.0, 0.0, True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "t.csv: wanted a line of column names"),
        ("t_s,delay_ms\n", "t.csv: wanted a line of column names"),
        ("time,delay\n1,2\n", "t.csv line 1: wanted the columns t_s, delay_ms and optionally lost; got 'time,delay'"),
        ("# x\nt_s,delay_ms\n0,5\n0,6\n", "t.csv line 4: time 0.0 s; wanted a finite time after 0.0 s"),
        ("t_s,delay_ms\n0,x\n", "t.csv line 2: delay_ms 'x'; wanted a number"),
        ("t_s,delay_ms\nx,5\n", "t.csv line 2: t_s 'x'; wanted a number"),
        ("t_s,delay_ms\n0,-1\n", "t.csv line 2: delay -0.001 s; wanted 0 or more"),
        ("t_s,delay_ms\n0,nan\n", "t.csv line 2: delay nan"),
        ("t_s,delay_ms\n0\n", "t.csv line 2: wanted 2 cells \\(t_s, delay_ms\\); got 1"),
        ("t_s,delay_ms,lost\n0,5,yes\n", "t.csv line 2: lost 'yes'; wanted 0 or 1"),
        ("t_s,delay_ms,lost\n0,,0\n", "t.csv line 2: delay_ms ''; wanted a number"),
    ],
)
def test_a_bad_trace_is_named_by_file_and_line(csv, text, says):
    with pytest.raises(ConfigError, match=says):
        read_trace(csv(text), "loop")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.csv: cannot be read"):
        read_trace(tmp_path / "none.csv", "loop")
    with pytest.raises(ConfigError, match=r"none\.yaml: wanted a YAML list"):
        read_script(tmp_path / "none.yaml")


def test_the_shipped_trace_is_the_formula_in_its_head():
    trace = read_trace(find_resource(SYNTHETIC), "hold")
    rows = [trace.at(tenth / 10 + 0.01) for tenth in range(200)]
    assert [row.lost for row in rows] == [120 <= tenth < 123 for tenth in range(200)]
    assert [round(rows[tenth].delay, 5) for tenth in (0, 25, 75, 123)] == [0.04, 0.046, 0.034, 0.12595]


def test_values_by_hand():
    paths = with_values(clear_paths(2), ["path1.up.delay_ms=80", "path2.loss=0.02", "all.down.rate_mbit=5"])
    assert (paths[0].up, paths[0].down) == (Impairment(delay_ms=80.0), Impairment(rate_mbit=5.0))
    assert (paths[1].up, paths[1].down) == (Impairment(loss=0.02), Impairment(loss=0.02, rate_mbit=5.0))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("path1.delay_ms", "wanted PATH"),
        ("delay_ms=5", "wanted PATH"),
        ("path1.left.delay_ms=5", "wanted PATH"),
        ("a.up.b.delay_ms=5", "wanted PATH"),
        ("path3.loss=0", "no path 'path3'; valid: 1 to 2"),
        ("path1.lost=0", "unknown lost"),
        ("path1.loss=x", "loss 'x'; wanted a number"),
        ("path1.loss=1", "valid: 0 <= loss < 1"),
        ("path1.delay_ms=nan", "delay_ms nan"),
    ],
)
def test_bad_values_by_hand_are_named(text, says):
    with pytest.raises(ConfigError, match=f"--set '{text}'.*{says}"):
        with_values(clear_paths(2), [text])


def test_a_trace_by_hand_takes_the_place_of_delay_and_jitter_only(csv):
    before = load_preset("casablanca_shanghai")
    after = with_traces(before, [f"second.up={csv('t_s,delay_ms' + chr(10) + '0,9')}"], "hold")
    assert after[0] == before[0] and after[1].down == before[1].down and after[1].trace("down") is None
    assert after[1].up == replace(before[1].up, delay_ms=0.0, jitter_ms=0.0) and after[1].trace("up").at(5.0).delay == pytest.approx(0.009)
    both = with_traces(before, [f"1={csv('t_s,delay_ms' + chr(10) + '0,9')}"], "hold")
    assert both[0].trace("up") and both[0].trace("down")


@pytest.mark.parametrize("text", ["path1", "path1=", "path1.left=x.csv", "path1.up.x=y.csv", "path7=" + "x.csv"])
def test_a_bad_trace_by_hand_is_refused(text):
    with pytest.raises(ConfigError):
        with_traces(clear_paths(2), [text], "loop")


def arguments(*words):
    parser = argparse.ArgumentParser()
    options.add_arguments(parser)
    return parser.parse_args(["--preset", "clear", *words])


def steps(*words):
    return options.timeline(arguments(*words), clear_paths(2)).update(1e9)


def test_an_outage_by_hand_is_a_row_of_a_script(tmp_path):
    (tmp_path / "s.yaml").write_text("- {at: 2, path: path2, direction: up, cut: 3}\n")
    both = ((0, "up"), (0, "down"))
    found = steps("--outage", "path1:5:0.5", "--outage", "1:6:inf", "--script", str(tmp_path / "s.yaml"))
    assert found == (Step(2.0, ((1, "up"),), 3.0), Step(5.0, both, 0.5), Step(6.0, both, float("inf")))


@pytest.mark.parametrize("text", ["two:1:1", "0:1:1", "3:1:1", "1:1", "1:x:1", "1:-1:1", "1:1:0", "1:1:nan", ""])
def test_a_bad_outage_is_refused(text):
    with pytest.raises(ConfigError, match=f"--outage '{text}'"):
        steps("--outage", text)


def test_a_bad_script_is_named_by_file_and_row(tmp_path):
    (tmp_path / "s.yaml").write_text("- {at: 2, path: path2, cut: 3}\n- {at: 2, path: path9, cut: 3}\n")
    with pytest.raises(ConfigError, match=r"script .*s\.yaml: row 2: no path 'path9'"):
        steps("--script", str(tmp_path / "s.yaml"))
    (tmp_path / "s.yaml").write_text("")
    with pytest.raises(ConfigError, match=r"s\.yaml: a script is a list of rows"):
        steps("--script", str(tmp_path / "s.yaml"))


def test_the_paths_of_the_clear_preset_are_as_many_as_the_addresses():
    assert [path.name for path in options.chosen(arguments("--set", "path3.loss=0.1"), 3)] == ["path1", "path2", "path3"]


def test_both_sides_are_wanted():
    with pytest.raises(ConfigError, match="--surgeon and --patient"):
        options.build(arguments("--surgeon", "127.0.0.1:0"))


def test_the_folder_of_the_trace_holds_no_preset():
    assert Path(find_resource(SYNTHETIC)).parent.name not in preset_names()
