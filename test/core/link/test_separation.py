"""Each kind of evidence for itself, missing evidence, loopback; and that nothing short of everything proves separation."""

import random
from dataclasses import replace
from itertools import product

import pytest

from telesurgery_nodes.core.link.separation import RULES, LoadEvidence, PathEvidence, Verdict, prove, worst
from telesurgery_nodes.core.link.series import FEWEST_BINS

SEPARATE, SHARED, UNPROVED = Verdict.SEPARATE, Verdict.SHARED, Verdict.UNPROVED


def trips(seed, common=0.0, seconds=FEWEST_BINS, base=0.1):
    """Ten a second; each second has a queue of its own and, times ``common``, one that is the same for every seed."""
    own, same = random.Random(seed), random.Random(99)
    out = []
    for second in range(seconds):
        level = base + own.uniform(0.0, 0.002) + common * same.uniform(0.0, 0.002)
        out += [(second + tenth / 10.0, level) for tenth in range(10)]
    return tuple(out)


A = PathEvidence("a", "192.0.2.10", "eno1", "eno1", ("192.0.2.1", "192.0.2.254"), False, trips(1))
B = PathEvidence("b", "198.51.100.10", "wwan0", "wwan0", ("198.51.100.1", "198.51.100.254"), False, trips(2))


def load(sent, slower=(), wanted=4e6):
    """``slower``: path -> by how much [s] its round trips rose."""
    after = {path.name: [trip + dict(slower).get(path.name, 0.0) for _, trip in path.round_trips] for path in (A, B)}
    return LoadEvidence(sent, dict.fromkeys(sent, wanted), after)


LOADS = (load({"a": 4e6}), load({"b": 3.9e6}), load({"a": 4e6, "b": 3.9e6}))


def told(first=A, second=B, loads=LOADS):
    (proof,) = prove((first, second), loads)
    assert [point.name for point in proof.points] == list(RULES)
    assert proof.verdict is worst([point.verdict for point in proof.points])
    return proof, {point.name: point for point in proof.points}


def test_everything_measured_and_nothing_in_common_is_separate():
    proof, points = told()
    assert proof.verdict is SEPARATE and {point.verdict for point in points.values()} == {SEPARATE}
    assert (proof.first, proof.second) == ("a", "b") and all(point.sentence for point in points.values())


CASES = [
    ("cards", {"card": "eno1", "hardware": "eno1"}, SHARED, "both use the card eno1"),
    ("cards", {"card": "eno1", "hardware": ""}, SHARED, "both use the card eno1"),
    ("cards", {"card": "eno1.200", "hardware": "eno1"}, SHARED, "carried by the card eno1"),
    ("cards", {"card": "wg0", "hardware": ""}, UNPROVED, "wg0 of b is a tunnel"),
    ("cards", {"card": "", "hardware": ""}, UNPROVED, "card of b is not known"),
    ("addresses", {"local": "192.0.2.10"}, SHARED, "both leave from 192.0.2.10"),
    ("addresses", {"local": ""}, UNPROVED, "address of b is not known"),
    ("hops", {"hops": ("198.51.100.1", "192.0.2.254")}, SHARED, "the router 192.0.2.254"),
    ("hops", {"hops": ("192.0.2.254", "198.51.100.1")}, SHARED, "the router 192.0.2.254"),
    ("hops", {"hops": ("", "192.0.2.254")}, SHARED, "the router 192.0.2.254"),
    ("hops", {"hops": ()}, UNPROVED, "hop 1, 2 did not answer"),
    ("hops", {"hops": ("198.51.100.1",)}, UNPROVED, "hop 2 did not answer"),
    ("hops", {"hops": ("198.51.100.1", "", "198.51.100.9")}, UNPROVED, "hop 2 did not answer"),
    ("hops", {"hops": ("198.51.100.1",), "reached": True}, SEPARATE, "b by 198.51.100.1"),
    ("hops", {"hops": (), "reached": True}, SEPARATE, "b by no router"),
    ("correlation", {"round_trips": trips(2, common=3.0)}, SEPARATE, "r = "),
    ("correlation", {"round_trips": trips(2, seconds=FEWEST_BINS - 1)}, UNPROVED, f"for {FEWEST_BINS - 1} s"),
    ("correlation", {"round_trips": ()}, UNPROVED, "for 0 s"),
    ("correlation", {"round_trips": tuple((at, 0.1) for at, _ in A.round_trips)}, UNPROVED, "stand still"),
    ("load", {"round_trips": ()}, UNPROVED, "no load test"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "verdict", "words"), CASES)
def test_each_kind_of_evidence(name, change, verdict, words):
    proof, points = told(second=replace(B, **change))
    assert points[name].verdict is verdict and words in points[name].sentence
    assert proof.verdict is not SEPARATE or verdict is SEPARATE
    mirrored = told(first=replace(B, **change), second=A)[1]
    assert mirrored[name].verdict is verdict, "whichever comes first"


def test_round_trips_that_rise_and_fall_together_are_a_suspicion():
    points = told(replace(A, round_trips=trips(1, common=3.0)), replace(B, round_trips=trips(2, common=3.0)))[1]
    assert points["correlation"].verdict is SHARED and "suspicion" in points["correlation"].sentence


@pytest.mark.parametrize("address", ["10.0.0.1", "192.168.1.1", "172.16.0.1", "172.31.9.9", "100.64.0.1"])
def test_a_common_private_router_is_named_with_what_to_think_of_it(address):
    points = told(replace(A, hops=(address, "1.1.1.1")), replace(B, hops=(address, "2.2.2.2")))[1]
    assert points["hops"].verdict is SHARED and "two routers may bear" in points["hops"].sentence


LOADED = [
    ((), UNPROVED, "no load test"),
    (LOADS[:2], UNPROVED, "no load test"),
    (LOADS[1:], UNPROVED, "no load test"),
    ((load({"a": 4e6}, {"b": 0.003}), *LOADS[1:]), SHARED, "while a is loaded, b is 3.0 ms slower"),
    ((load({"a": 4e6}, {"b": 0.003}),), SHARED, "while a is loaded, b is 3.0 ms slower"),
    ((load({"a": 4e6}, {"a": 0.02}), *LOADS[1:]), SEPARATE, "no narrow place"),
    ((LOADS[0], load({"b": 3.9e6}, {"a": 0.003}), LOADS[2]), SHARED, "while b is loaded, a is 3.0 ms slower"),
    ((*LOADS[:2], load({"a": 4e6, "b": 4e6}, {"b": 0.003})), SHARED, "loaded together with the other, b is 3.0 ms slower"),
    ((*LOADS[:2], load({"a": 4e6, "b": 2e6})), SHARED, "b takes 2.0 of the 3.9 Mbit/s it takes alone"),
    ((load({"a": 1e6}), load({"b": 3.9e6}), load({"a": 1e6, "b": 3.9e6})), UNPROVED, "a took 1.0 of 4.0 Mbit/s"),
    ((LOADS[0], load({"b": 3.9e6}, {"a": 0.001}), LOADS[2]), SEPARATE, "no narrow place"),
]  # fmt: skip


@pytest.mark.parametrize(("loads", "verdict", "words"), LOADED)
def test_what_a_load_says(loads, verdict, words):
    point = told(loads=loads)[1]["load"]
    assert point.verdict is verdict and words in point.sentence


def test_a_rise_within_the_paths_own_jitter_is_none():
    wild = replace(A, round_trips=tuple((at, trip + 0.02 * (index % 2)) for index, (at, trip) in enumerate(A.round_trips)))
    assert told(first=wild, loads=(LOADS[0], load({"b": 3.9e6}, {"a": 0.012}), LOADS[2]))[1]["load"].verdict is not SHARED


@pytest.mark.parametrize("change", [{"card": "lo"}, {"local": "127.0.0.1"}, {"local": "127.0.2.1", "card": "lo"}])
def test_loopback_is_named_and_never_separate(change):
    proof, points = told(second=replace(B, **change))
    assert proof.verdict is UNPROVED and all("b runs over this computer's loopback" in point.sentence for point in points.values())


def test_three_paths_are_three_pairs_each_with_its_own_answer():
    third = PathEvidence("c", "203.0.113.9", "eno1", "eno1", ("203.0.113.1", "203.0.113.2"), False, trips(3))
    proofs = {(proof.first, proof.second): proof.verdict for proof in prove((A, B, third), LOADS)}
    assert proofs == {("a", "b"): SEPARATE, ("a", "c"): SHARED, ("b", "c"): UNPROVED}


def test_one_path_or_none_proves_nothing():
    assert prove((A,)) == prove(()) == () and worst([]) is UNPROVED


def test_unknown_is_the_default():
    proof, points = told(PathEvidence("a"), PathEvidence("b"), ())
    assert proof.verdict is UNPROVED and {point.verdict for point in points.values()} == {UNPROVED}


def test_worst_of_several():
    for several in product(Verdict, repeat=3):
        expected = SHARED if SHARED in several else UNPROVED if UNPROVED in several else SEPARATE
        assert worst(several) is expected
