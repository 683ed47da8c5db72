"""One path's statistics and its state, row by row of the table."""

import math
from dataclasses import replace

import pytest

from telesurgery_nodes.core.link.paths import DOWN_AFTER_S, RECOVERY_S, TAPED, PathMonitor, PathState, Reason
from telesurgery_nodes.core.link.wire import Stream

WHOLE = 1200


class Path:
    """A monitor fed with commands every 4 ms and heartbeats every 20 ms; ``came(number)`` and ``late(number)`` say what and when."""

    def __init__(self):
        self.monitor, self.now, self.number, self.beats = PathMonitor("p"), 0.0, 0, 0

    def run(self, seconds, came=lambda number: True, late=lambda number: 0.0, size=WHOLE):
        for _ in range(round(seconds / 0.004)):
            self.now += 0.004
            self.number += 1
            if came(self.number):
                self.monitor.note(Stream.COMMAND, self.number, self.now, size)
                self.monitor.mtu.told(size if size in (0, 1200, 1400) else 0)
            if self.number % 5 == 0 and came(self.number):
                self.beats += 1
                self.monitor.time(self.now - late(self.number), self.now)
        return self.health()

    def health(self, after=0.0):
        return self.monitor.health(self.now + after, 0.0)


def test_before_anything_came_a_path_is_down_and_nothing_is_known():
    health = PathMonitor("p").health(5.0, math.inf)
    assert (health.state, health.reason, health.loss, health.burst, health.longest_burst) == (PathState.DOWN, Reason.SILENT, 0.0, 0.0, 0)
    assert health.mtu == 0 and health.duplicate_share == 0.0 and math.isinf(health.skew) and math.isinf(health.silence)


@pytest.mark.parametrize(
    ("came", "late", "size", "reason"),
    [
        (lambda n: True, lambda n: 0.0, 1200, Reason.FINE),
        (lambda n: n % 50, lambda n: 0.0, 1200, Reason.LOSS),
        (lambda n: n % 200, lambda n: 0.0, 1200, Reason.FINE),  # half a percent
        (lambda n: True, lambda n: 0.03 * (n % 2), 1200, Reason.JITTER),
        (lambda n: True, lambda n: 0.0, 600, Reason.NARROW),
        (lambda n: n % 50, lambda n: 0.03 * (n % 2), 600, Reason.NARROW),  # the worst is said
    ],
)
def test_every_reason_has_its_state(came, late, size, reason):
    path = Path()
    assert path.run(RECOVERY_S / 2.0, came, late, size).reason is Reason.BACK
    health = path.run(7.0, came, late, size)
    assert health.reason is reason
    assert health.state is (PathState.GOOD if reason is Reason.FINE else PathState.DEGRADED)
    assert path.health(after=2.0 * DOWN_AFTER_S).reason is Reason.SILENT


def test_mean_and_longest_burst_of_the_last_seconds():
    path = Path()
    path.run(1.0)
    health = path.run(3.0, came=lambda n: n % 100 not in (1, 2, 3) and n not in range(510, 520))
    assert health.longest_burst == 10 and 3.0 < health.burst < 5.0
    assert health.loss == pytest.approx(health.lost / path.number, abs=0.005)
    assert path.run(11.0).longest_burst == 0


def test_the_share_of_what_came_twice():
    path = Path()
    path.run(1.0)
    for number in range(1, 251, 10):
        assert not path.monitor.note(Stream.COMMAND, number, path.now, WHOLE)
    health = path.health()
    assert health.duplicates == 25 and health.duplicate_share == pytest.approx(25 / 275)
    assert path.run(11.0).duplicate_share == 0.0 and path.health().duplicates == 25


def test_a_new_peer_begins_with_a_clean_sheet():
    path = Path()
    path.run(7.0, came=lambda n: n % 3)
    path.monitor.reset((0,) * len(Stream))
    health = path.health()
    assert (health.loss, health.longest_burst, health.mtu, health.reason) == (0.0, 0, 0, Reason.SILENT)


def test_what_is_taped_is_a_number_and_the_words_name_everything():
    health = Path().run(2.0)
    assert all(isinstance(value(health), float) for value in TAPED.values()) and TAPED["mtu"](health) == 1200.0
    for word in ("GOOD loss", "bursts", "longest", "duplicates", "jitter", "rtt", "skew", "silence", "mtu 1200"):
        assert word in health.words()
    assert "(" not in health.words() and "(loss above 1 %)" in replace(health, reason=Reason.LOSS).words()


def test_the_worst_gap_is_between_two_datagrams():
    monitor = PathMonitor("a")
    for sequence, now in enumerate((100.0, 100.02, 100.05, 100.06)):
        monitor.note(Stream.COMMAND, sequence, now)
        assert monitor.health(now, 0.0).worst_gap == pytest.approx((0.0, 0.02, 0.03, 0.03)[sequence])
