"""The preflight of the link: its rows on facts, its load in virtual time, and the whole command against another process."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

import pytest
from virtual_live import VirtualLive

from telesurgery_nodes.cli import main, preflight, preflight_link
from telesurgery_nodes.cli.preflight_checks import BAD, CHECKS, GOOD, UNKNOWN, Check, Finding
from telesurgery_nodes.cli.preflight_link import FILLER, LinkFacts, PathPlan, admitted, collect, load_test, watch
from telesurgery_nodes.core.link.impair import Impairment
from telesurgery_nodes.core.link.layouts import LAYOUTS
from telesurgery_nodes.core.link.paths import Reason
from telesurgery_nodes.core.link.separation import PathEvidence, Verdict, prove
from telesurgery_nodes.core.link.survey import PathSurvey
from telesurgery_nodes.core.link.topics import TABLE
from telesurgery_nodes.core.link.wire import MAX_DATAGRAM, Stream
from telesurgery_nodes.devices.paths.routes import Hops, OwnEnd
from telesurgery_nodes.session import pick_ports
from telesurgery_nodes.trust.demo import ensure_demo

RATE = 4e6
PLAN = [PathPlan(name, f"192.0.2.{number}:0", "203.0.113.1:47001", "", RATE) for number, name in enumerate("ab")]
FAR_END = Path(__file__).resolve().parents[1] / "helpers" / "far_end.py"


def survey(name, **change):
    trips = tuple((0.1 * step, 0.2) for step in range(650))
    return replace(PathSurvey(name, trips, 0.001, 0.002, 2, 0.0, True, 1400, Reason.FINE, 0.0), **change)


def facts(ends=None, established=True, **surveys):
    found = {name: surveys.get(name, survey(name)) for name in "ab"}
    own = {name: OwnEnd(f"192.0.2.{name}", f"eth{name}", f"eth{name}") for name in "ab"} | (ends or {})
    hops = {name: Hops((f"198.51.100.{name}",), True) for name in "ab"}
    named = {name: end for name, end in own.items() if not isinstance(end, str)}
    evidence = [PathEvidence(n, e.local, e.card, e.hardware, hops[n].addresses, True, found[n].round_trips) for n, e in named.items()]
    trust = {"identity": "telesurgery://here/one/surgeon", "certificate_days_left": 90, "peer": "there/other"}
    return LinkFacts(tuple(PLAN), own, hops, established, trust, found if established else {}, (), prove(evidence))


def level(name, of):
    finding = preflight.judged(of)[name]
    assert finding.level == GOOD or finding.mend, f"{name} does not say what to do"
    return finding.level


def test_rows_are_named_once_and_say_what_they_ask():
    assert len({check.name for check in CHECKS}) == len(CHECKS) and all(check.what for check in CHECKS)


@pytest.mark.parametrize("name", ["addresses", "peer", "cards", "hops", "mtu", "round trip", "loss"])
def test_what_is_as_it_should_be_is_good(name):
    assert level(name, facts()) == GOOD


@pytest.mark.parametrize(
    ("name", "of", "expected"),
    [
        ("addresses", facts(ends={"a": "no way from 192.0.2.1"}), BAD),
        ("addresses", facts(ends={"a": OwnEnd("192.0.2.1", "", "")}), UNKNOWN),
        ("peer", facts(established=False), BAD),
        ("cards", facts(ends={"a": OwnEnd("192.0.2.1", "ethb", "ethb")}), BAD),
        ("cards", facts(ends={"a": OwnEnd("192.0.2.b", "etha", "etha")}), BAD),
        ("cards", facts(ends={"a": OwnEnd("192.0.2.1", "wg0", "")}), UNKNOWN),
        ("cards", facts(ends={"a": "no way"}), UNKNOWN),
        ("hops", replace(facts(), proofs=()), UNKNOWN),
        ("mtu", facts(b=survey("b", mtu=1200)), GOOD),
        ("mtu", facts(b=survey("b", mtu=0)), UNKNOWN),
        ("mtu", facts(b=survey("b", mtu=0, reason=Reason.NARROW)), BAD),
        ("mtu", facts(established=False), UNKNOWN),
        ("round trip", facts(b=survey("b", round_trips=tuple((step, 0.51) for step in range(9)))), BAD),
        ("round trip", facts(b=survey("b", round_trips=())), UNKNOWN),
        ("loss", facts(b=survey("b", loss=0.011)), BAD),
        ("loss", facts(b=survey("b", down=0.02)), BAD),
        ("loss", facts(b=survey("b", counted=False)), UNKNOWN),
        ("loss", facts(b=survey("b", counted=False, down=0.5)), BAD),
        ("correlation", facts(), UNKNOWN),  # round trips that stand still
        ("load", facts(), UNKNOWN),
    ],
)
def test_what_is_not(name, of, expected):
    assert level(name, of) == expected


def test_one_path_is_never_good_but_may_be_allowed():
    one = replace(facts(), plan=(PLAN[0],), ends={"a": facts().ends["a"]}, proofs=())
    findings = preflight.judged(one)
    assert {findings[name].level for name in ("cards", "hops", "correlation", "load")} == {UNKNOWN}
    assert preflight.exit_status(findings, False) == 1 and preflight.exit_status(findings, True) == 0


@pytest.mark.parametrize(("levels", "status", "allowed"), [((GOOD, GOOD), 0, 0), ((GOOD, UNKNOWN), 1, 0), ((UNKNOWN, BAD), 1, 1)])
def test_unknown_is_not_good_unless_asked_for(levels, status, allowed):
    findings = {str(number): Finding(one, "") for number, one in enumerate(levels)}
    assert (preflight.exit_status(findings, False), preflight.exit_status(findings, True)) == (status, allowed)


def test_a_further_check_is_a_row(monkeypatch):
    row = Check("certificate", "lives long enough", lambda _: Finding(BAD, "expired", "renew"))
    monkeypatch.setattr(preflight, "CHECKS", (*CHECKS, row))
    findings = preflight.judged(facts())
    assert findings["certificate"].level == BAD and "expired" in preflight.table(facts(), findings)
    assert preflight.report(facts(), findings)["checks"][-1]["name"] == "certificate"


def virtual(own_mbit=0.0, shared=None):
    lines = {name: Impairment(delay_ms=20.0 + 10.0 * index, jitter_ms=1.0, rate_mbit=own_mbit) for index, name in enumerate("ab")}
    return VirtualLive(lines, RATE, shared)


def load_verdict(live):
    assert admitted(live)
    seen = watch(live, 10.0)
    ends = [PathEvidence(name, f"192.0.2.{name}", name, name, ("1", "2"), True, seen[name].round_trips) for name in "ab"]
    return prove(ends, load_test(live, PLAN))[0].points[-1]


@pytest.mark.parametrize(
    ("live", "verdict", "words"),
    [
        (lambda: virtual(own_mbit=4.0), Verdict.SEPARATE, "no narrow place"),
        (lambda: virtual(shared=Impairment(rate_mbit=50.0)), Verdict.SEPARATE, "no narrow place"),  # wide enough for both: not to be seen
        (lambda: virtual(shared=Impairment(rate_mbit=6.0)), Verdict.SHARED, "takes alone"),
        (lambda: virtual(shared=Impairment(rate_mbit=3.2)), Verdict.SHARED, "takes alone"),
        (lambda: virtual(own_mbit=2.0), Verdict.UNPROVED, "that is no load"),
    ],
)
def test_a_load_finds_a_narrow_place_in_common_and_nothing_else(live, verdict, words):
    point = load_verdict(live())
    assert point.verdict is verdict and words in point.sentence


def test_the_load_is_filler_below_the_cap_that_no_one_acts_on():
    live = virtual()
    assert admitted(live)
    begin, before = live.now(), dict(live.bytes)
    loads = load_test(live, PLAN, seconds=2.0)
    assert [set(one.sent) for one in loads] == [{"a"}, {"b"}, {"a", "b"}]
    assert {(event.stream, event.payload) for event in live.heard if hasattr(event, "stream")} == {(Stream.TOPIC, FILLER)}
    assert LAYOUTS["topic"].made().unpack_from(FILLER)[0] == TABLE and len(FILLER) + 32 == MAX_DATAGRAM
    for name in "ab":
        assert 8.0 * (live.bytes[name] - before[name]) / (live.now() - begin) < 0.86 * RATE
    for one in loads:
        assert all(0.8 * 0.85 * RATE < sent < 0.9 * RATE for sent in one.sent.values())


def test_no_link_is_opened_where_a_path_cannot_leave_and_it_is_closed_whatever_happens():
    opened = []
    gone = [replace(path, local="192.0.2.77:0") for path in PLAN]
    found = collect(gone, lambda: opened.append(1), 1.0, True, lambda words: None)
    assert not opened and not found.established and "no way" in str(found.ends["a"])
    near = [replace(path, local="127.0.0.1:0", remote="127.0.0.1:9") for path in PLAN]
    silent = VirtualLive({"a": Impairment(), "b": Impairment()}, peer=False)
    found = collect(near, lambda: silent, 1.0, True, lambda words: None)
    assert silent.closed and not found.established and found.loads == () and preflight.judged(found)["peer"].level == BAD


@pytest.mark.parametrize(
    "words", [["--remote", ""], ["--remote", "127.0.0.1", "--local", "127.0.0.1,127.0.0.2"], ["--path-mbit", "0"], ["--seconds", "nan"]]
)
def test_what_cannot_be_asked(identities, words, capsys):
    common = ["preflight", "--side", "surgeon", "--remote", "127.0.0.1", "--identity", identities["surgeon"]]
    assert main.main([*common, *words]) == 2 and "telesurgery preflight:" in capsys.readouterr().err


def test_without_an_identity_nothing_is_measured(capsys):
    assert main.main(["preflight", "--side", "surgeon", "--remote", "127.0.0.1", "--identity", "/nowhere/one"]) == main.EXIT_REFUSED
    err = capsys.readouterr().err
    assert "telesurgery keys issue" in err and "asking" not in err


@pytest.fixture
def other_site(identities):
    """A far end in another process; gives the arguments of the near one."""
    ends = [f"127.0.0.1:{port}" for port in pick_ports(4)]
    near, far = ",".join(ends[:2]), ",".join(ends[2:])
    command = [sys.executable, str(FAR_END), identities["patient"], far, near]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    yield ["preflight", "--side", "surgeon", "--identity", identities["surgeon"], "--local", near, "--remote", far, "--seconds", "2"]
    process.communicate("end\n", timeout=20.0)


def test_the_whole_command_over_loopback(other_site, capsys):
    status = main.main([*other_site, "--json"])
    found = json.loads(capsys.readouterr().out)
    levels = {row["name"]: row["level"] for row in found["checks"]}
    assert [levels[name] for name in ("addresses", "peer", "mtu")] == [GOOD] * 3
    assert {levels[name] for name in ("cards", "hops", "correlation", "load")} == {UNKNOWN}
    assert found["separation"] == "unproved" and "loopback" in found["pairs"][0]["points"]["cards"][1]
    assert status == 1 and not found["passed"] and found["paths"]["path1"]["round_trips"] > 20
    assert found["hops"] == {name: {"addresses": [], "reached": True} for name in ("path1", "path2")}


def test_for_people(other_site, capsys, monkeypatch):
    for name, value in {"LOAD_SETTLE_S": 0.2, "REST_S": 0.1, "load_test": partial(load_test, seconds=0.6)}.items():
        monkeypatch.setattr(preflight_link, name, value)
    main.main([*other_site, "--load", "--path-mbit", "1", "--allow-unknown"])
    out, err = capsys.readouterr()
    assert "good     peer" in out and "paths path1 and path2: UNPROVED" in out and "preflight of the link:" in out and "loading" in err


def test_a_site_of_another_consortium_is_no_peer(other_site, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(preflight_link, "ADMISSION_S", 2.0)
    other = ensure_demo(tmp_path / "other", datetime.now(timezone.utc))
    other_site[other_site.index("--identity") + 1] = str(other["surgeon"])
    assert main.main([*other_site, "--json", "--allow-unknown"]) == 1
    peer = next(row for row in json.loads(capsys.readouterr().out)["checks"] if row["name"] == "peer")
    assert peer["level"] == BAD and "UnknownAuthority" in peer["sentence"]
