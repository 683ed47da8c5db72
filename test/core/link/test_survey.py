"""Watching a link: fresh round trips only, and the worst of the rest."""

import math

from virtual_live import VirtualLive

from telesurgery_nodes.core.link.impair import Impairment
from telesurgery_nodes.core.link.paths import Reason
from telesurgery_nodes.core.link.survey import Survey


def watched(live, looks):
    survey = Survey()
    for _ in range(looks):
        live.step(0.02)
        survey.note(live.health(), live.now())
    return {path.name: path for path in survey.result()}


def test_before_the_first_look_there_is_nothing_and_without_a_peer_no_round_trip():
    assert Survey().result() == ()
    alone = watched(VirtualLive({"a": Impairment()}, peer=False), 50)["a"]
    assert alone.round_trips == () and not alone.counted and alone.down == 1.0 and alone.reason is Reason.SILENT


def test_round_trips_loss_and_silence_of_each_path():
    live = VirtualLive({"a": Impairment(delay_ms=20.0), "b": Impairment(delay_ms=30.0, loss=0.2)})
    live.step(2.0)
    live.models[1, "a"].outage(live.now() + 1.0, 1.0)
    seen = watched(live, 200)
    assert all(math.isclose(trip, 0.04, abs_tol=0.004) for _, trip in seen["a"].round_trips)
    assert 130 < len(seen["a"].round_trips) < 160 and 0.2 < seen["a"].down < 0.3, "none while it was down"
    assert seen["a"].longest_burst > 90 and seen["a"].counted
    assert 0.1 < seen["b"].loss < 0.3 and seen["b"].mtu == 1400 and seen["b"].reason is Reason.LOSS


def test_only_heartbeats_say_nothing_about_loss():
    live = VirtualLive({"a": Impairment(delay_ms=20.0, loss=0.3)}, states=False)
    live.step(2.0)
    seen = watched(live, 100)["a"]
    assert not seen.counted and seen.loss == 0.0 and len(seen.round_trips) > 90
