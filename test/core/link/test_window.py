"""The replay window against a set that remembers everything."""

import random

from telesurgery_nodes.core.link.window import WINDOW, ReplayWindow


def test_agrees_with_a_perfect_memory():
    rng, window, seen, top = random.Random(3), ReplayWindow(64), set(), -1
    for _ in range(20_000):
        sequence = max(0, top + rng.randint(-80, 3))
        expected = sequence not in seen and sequence > top - 64
        assert window.fresh(sequence) == expected and window.mark(sequence) == expected
        if expected:
            seen.add(sequence)
            top = max(top, sequence)
        assert window.newest == top


def test_asking_does_not_mark():
    window = ReplayWindow()
    assert window.fresh(2**63) and window.newest == -1 and window.mark(0)


def test_edges_of_the_window_and_a_far_jump():
    window = ReplayWindow()
    window.mark(WINDOW + 10)
    assert not window.mark(10) and window.mark(11)
    assert window.mark(2**62) and not window.mark(11) and window.mark(2**62 - 1)


def test_nothing_below_the_beginning_is_taken():
    window = ReplayWindow()
    window.begin(100)
    assert not window.mark(99) and not window.mark(0) and window.mark(101) and window.mark(100)
    window.begin(0)
    assert window.mark(0)


def test_the_window_holds_its_size_and_no_bit_more():
    assert WINDOW == 8192
    window = ReplayWindow(8)
    for sequence in range(100):
        assert window.mark(sequence)
    assert window._bits == 0xFF
    assert not window.fresh(92) and not window.fresh(91)
    window.mark(200)
    assert window.fresh(193) and not window.fresh(192)


def test_after_begin_everything_below_is_refused():
    window = ReplayWindow(8)
    window.begin(50)
    assert not any(window.fresh(sequence) for sequence in range(50)) and window.fresh(50)
