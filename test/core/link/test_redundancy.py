"""The alarm on timelines of path states: one, two and three paths, flapping, and paths that are never GOOD."""

import pytest

from telesurgery_nodes.core.link.paths import PathHealth, PathState, Reason
from telesurgery_nodes.core.link.redundancy import GOOD_S, STEADY_S, Redundancy

STATES = {
    Reason.FINE: PathState.GOOD, Reason.SILENT: PathState.DOWN, Reason.NARROW: PathState.DEGRADED, Reason.BACK: PathState.DEGRADED,
    Reason.LOSS: PathState.DEGRADED, Reason.JITTER: PathState.DEGRADED,
}  # fmt: skip
STEP = 0.125  # exact in binary: the times add up


def path(name, reason):
    return PathHealth(name, STATES[reason], 0.0, 0.0, 0.1, 0.0, 0.0, 1, 0, 0, 0.0, 0.0, 0, 0.0, 1400, reason, 1)


class Site:
    """Paths p0, p1, ...; ``run(seconds, reasons...)`` holds these for so long."""

    def __init__(self, count):
        self.spare, self.now, self.count = Redundancy(), 5.0, count

    def run(self, seconds, *reasons):
        seen = []
        for _ in range(round(seconds / STEP)):
            self.now += STEP
            seen.append(self.spare.update([path(f"p{number}", reason) for number, reason in enumerate(reasons)], self.now))
        return seen

    def ready(self):
        self.run(GOOD_S + STEP, *[Reason.FINE] * self.count)
        return self


def test_one_path_is_no_redundancy_from_the_start_and_says_so():
    seen = Site(1).run(20.0, Reason.FINE)
    assert all(one.lost and one.sentence == "one network path only: no redundancy" for one in seen)


@pytest.mark.parametrize("count", [2, 3, 5])
def test_redundancy_is_there_when_all_have_been_good_for_two_seconds_not_before(count):
    lost = [one.lost for one in Site(count).run(4.0, *[Reason.FINE] * count)]
    assert lost == [step * STEP < GOOD_S for step in range(32)]


@pytest.mark.parametrize("reason", [Reason.SILENT, Reason.NARROW, Reason.BACK])
@pytest.mark.parametrize("count", [2, 3])
def test_one_missing_path_of_however_many_is_the_alarm_at_once(count, reason):
    (seen,) = Site(count).ready().run(STEP, *[Reason.FINE] * (count - 1), reason)
    assert seen.lost and (seen.ready, seen.of, seen.missing) == (count - 1, count, (f"p{count - 1}",))
    assert seen.sentence == f"redundancy lost: {count - 1} of {count} paths can be relied on, not p{count - 1}"


@pytest.mark.parametrize("reason", [Reason.LOSS, Reason.JITTER])
def test_a_bad_but_living_path_is_no_alarm(reason):
    assert not any(one.lost for one in Site(2).ready().run(30.0, Reason.FINE, reason))


def test_a_flapping_path_is_one_alarm_that_does_not_flicker():
    site = Site(2).ready()
    seen = []
    for _ in range(20):
        seen += site.run(STEP, Reason.FINE, Reason.SILENT) + site.run(0.5, Reason.FINE, Reason.BACK) + site.run(1.3, *[Reason.FINE] * 2)
    assert all(one.lost for one in seen)
    after = site.run(4.0, *[Reason.FINE] * 2)
    assert [one.lost for one in after].index(False) <= round(GOOD_S / STEP) and not after[-1].lost


def test_a_path_back_with_loss_needs_ten_seconds_without_a_break():
    site = Site(2).ready()
    site.run(1.0, Reason.FINE, Reason.SILENT)
    lost = [one.lost for one in site.run(STEADY_S + 1.0, Reason.FINE, Reason.LOSS)]
    assert lost.index(False) == pytest.approx(STEADY_S / STEP, abs=1)
    site.run(1.0, Reason.FINE, Reason.SILENT)
    site.run(STEADY_S - 1.0, Reason.FINE, Reason.LOSS)
    site.run(STEP, Reason.FINE, Reason.BACK)
    assert all(one.lost for one in site.run(STEADY_S - 1.0, Reason.FINE, Reason.LOSS))


def test_good_for_a_moment_does_not_count_together_with_another_moment():
    site = Site(2)
    for _ in range(4):
        assert all(one.lost for one in site.run(1.5, Reason.FINE, Reason.FINE) + site.run(0.2, Reason.FINE, Reason.LOSS))


def test_each_path_is_watched_for_itself():
    site = Site(3).ready()
    (both,) = site.run(STEP, Reason.SILENT, Reason.FINE, Reason.SILENT)
    assert both.missing == ("p0", "p2") and both.ready == 1
    back = site.run(GOOD_S + 2 * STEP, Reason.FINE, Reason.FINE, Reason.SILENT)[-1]
    assert back.missing == ("p2",)
    whole = site.run(GOOD_S + 2 * STEP, *[Reason.FINE] * 3)[-1]
    assert not whole.lost and whole.sentence == "3 of 3 paths can be relied on"
