"""The redundancy alarm in the verdict, from path states at the bridge to the permit: told, never a hold."""

import pytest

from telesurgery_nodes.core.link.paths import PathHealth, PathState, Reason
from telesurgery_nodes.core.link.redundancy import GOOD_S, Redundancy
from telesurgery_nodes.core.safety.causes import CAUSES, Alarm, Cause
from telesurgery_nodes.core.values import Phase

from test_watchdog import TICK, Site  # isort: skip

UP, DOWN, BACK = Reason.FINE, Reason.SILENT, Reason.BACK
STATES = {UP: PathState.GOOD, DOWN: PathState.DOWN, BACK: PathState.DEGRADED}


def path(name, reason):
    return PathHealth(name, STATES[reason], 0.0, 0.0, 0.1, 0.0, 0.0, 1, 0, 0, 0.0, 0.0, 0, 0.0, 1400, reason, 1)


class Bridged(Site):
    """Reports made from path states, as the patient's bridge makes them."""

    def __init__(self, count):
        super().__init__()
        self.spare, self.count, self.reasons = Redundancy(), count, (UP,) * count

    def run(self, seconds=TICK, **remote):
        for _ in range(max(1, round(seconds / TICK))):
            paths = [path(f"p{number}", reason) for number, reason in enumerate(self.reasons)]
            spare = self.spare.update(paths, self.now + TICK)
            up = sum(one.state is not PathState.DOWN for one in paths)
            verdict = super().run(paths_up=up, paths=spare.of, paths_ready=spare.ready, **remote)
        return verdict

    def paths(self, seconds, *reasons):
        """Verdicts tick by tick."""
        self.reasons = reasons
        return [self.run() for _ in range(round(seconds / TICK))]


def lost(verdicts):
    return [Cause.PATH_LOST in verdict.causes for verdict in verdicts]


@pytest.mark.parametrize(("count", "left"), [(2, (UP, DOWN)), (3, (UP, DOWN, UP)), (3, (DOWN, UP, DOWN))])
def test_fewer_up_than_configured_is_the_alarm_at_once_and_the_arm_goes_on(count, left):
    site = Bridged(count).following()
    assert not any(lost(site.paths(1.0, *[UP] * count)))
    verdicts = site.paths(3.0, *left)
    assert all(lost(verdicts))
    assert all(verdict.permit.motion and verdict.permit.phase is Phase.FOLLOWING for verdict in verdicts)
    assert CAUSES[Cause.PATH_LOST].alarm is Alarm.MEDIUM and CAUSES[Cause.PATH_LOST].sentence in verdicts[-1].sentence
    after = lost(site.paths(GOOD_S + 1.0, *[UP] * count))
    assert after[0] and not after[-1] and sorted(after, reverse=True) == after


def test_one_path_is_told_from_the_start_with_low_priority_and_is_no_lost_path():
    site = Bridged(1)
    verdicts = [site.run()]
    site.following()
    verdicts += site.paths(5.0, UP)
    assert all(Cause.ONE_PATH in verdict.causes for verdict in verdicts) and not any(lost(verdicts))
    assert verdicts[-1].permit.motion and CAUSES[Cause.ONE_PATH].alarm is Alarm.LOW
    assert "one network path only" in verdicts[-1].sentence


def test_a_path_never_seen_in_this_session_is_missed_too():
    site = Bridged(2)
    site.reasons = (UP, DOWN)
    site.following()
    assert all(lost(site.paths(5.0, UP, DOWN))), "before, only what had once been up could be lost"


def test_flapping_does_not_flicker():
    site = Bridged(2).following()
    site.paths(1.0, UP, UP)
    verdicts = []
    for _ in range(10):
        verdicts += site.paths(0.06, UP, DOWN) + site.paths(0.5, UP, BACK) + site.paths(1.0, UP, UP)
    assert all(lost(verdicts)) and all(verdict.permit.motion for verdict in verdicts)
    after = lost(site.paths(3.0, UP, UP))
    assert sorted(after, reverse=True) == after and not after[-1]


def test_all_paths_down_is_another_cause_and_stops():
    site = Bridged(2).following()
    site.paths(1.0, UP, UP)
    last = site.paths(0.3, DOWN, DOWN)[-1]
    assert Cause.PATHS_DOWN in last.causes and Cause.PATH_LOST not in last.causes and not last.permit.motion


def test_a_report_that_knows_of_no_path_counts_as_no_redundancy():
    assert Cause.ONE_PATH in Site().following().run(paths=0).causes
