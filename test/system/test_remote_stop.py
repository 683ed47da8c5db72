"""The surgeon's stop over the long way: the arm stops, stays, and the console hears that it did."""

import pytest
from rig import BEFORE, STOP_WITHIN, motion, stopped_after

from telesurgery_nodes.core.safety.causes import Cause
from telesurgery_nodes.core.values import Phase

ONE_WAY = {"lan": 0.002, "casablanca_shanghai": 0.110}
ANSWER_WITHIN = 0.25
WATCH = 4.0


@pytest.mark.parametrize("preset", ONE_WAY)
def test_a_stop_pressed_at_the_surgeon(session, preset):
    running = session(preset=preset)
    told = []

    def stop(rig):
        return rig.call("console/stop")

    def release(rig):
        told.append(rig.reader.newest["stop"])
        return rig.call("console/release")

    tapes, event, _ = running.strike(stop, release, watch=WATCH)
    way = ONE_WAY[preset]
    assert stopped_after(tapes, event) <= way + STOP_WITHIN
    assert motion(tapes, event + way + STOP_WITHIN, event + 2.0 * WATCH - BEFORE) <= 1.0, "releasing resets nothing"
    safety = tapes["safety_watchdog.safety"]
    assert safety["phase"][-1] == Phase.FAULT and safety["cause"][-1] == Cause.REMOTE_STOP
    assert told[-1]["latched"] and told[-1]["count"] == 1
    confirmed = tapes["teleop_bridge_surgeon.stop"]["confirmed_after"]
    assert len(confirmed) == 1 and 2.0 * way - 0.02 < confirmed[0] < 2.0 * way + ANSWER_WITHIN
    assert told[-1]["confirmed_ms"] == pytest.approx(1e3 * confirmed[0])
