"""The surgeon's stop: latched, released only here, measured until the patient confirms, and no start by releasing it."""

import math

from telesurgery_nodes.core.teleop.stop import ORDERS, SurgeonStop

T = 50.0


def test_nothing_pressed_leaves_the_pedal_alone():
    stop = SurgeonStop()
    for engage in (True, False, True):
        state = stop.update(False, engage, T)
        assert (state.stop, state.count, state.engage) == (False, 0, engage)
    assert math.isnan(state.took) and math.isnan(state.waiting)


def test_a_button_latches_on_its_press_and_stays_latched_when_let_go():
    stop = SurgeonStop()
    down = [stop.update(True, True, T + tick) for tick in range(3)]
    assert [(state.stop, state.count, state.engage) for state in down] == [(True, 1, False)] * 3
    up = stop.update(False, True, T + 3)
    assert (up.stop, up.count, up.engage, up.waiting) == (True, 1, False, 3.0)
    assert stop.update(True, True, T + 4).count == 2, "pressed again counts again, latched or not"


def test_an_order_latches_at_once_and_each_one_counts():
    stop = SurgeonStop()
    assert stop.order("stop", T)[0] and stop.order("stop", T + 1.0)[0]
    state = stop.update(False, True, T + 1.0)
    assert (state.stop, state.count, state.engage, state.waiting) == (True, 2, False, 0.0)


def test_release_is_an_order_of_its_own_and_refused_where_it_means_nothing():
    stop = SurgeonStop()
    assert stop.order("release", T) == (False, "release refused: no stop is latched here")
    stop.update(True, False, T)
    assert stop.order("release", T) == (False, "release refused: the stop button is still down")
    stop.update(False, False, T)
    accepted, why = stop.order("release", T)
    assert accepted and "reset" in why and not stop.update(False, False, T).stop
    accepted, why = stop.order("reset", T)
    assert not accepted and all(name in why for name in ORDERS)


def test_a_pedal_held_through_stop_and_release_is_no_fresh_press():
    stop = SurgeonStop()
    stop.update(False, True, T)
    stop.order("stop", T)
    stop.update(False, True, T)
    stop.order("release", T)
    assert not stop.update(False, True, T).engage
    assert not stop.update(False, False, T).engage
    assert stop.update(False, True, T).engage


def test_a_pedal_seen_up_only_while_stopped_does_not_count():
    stop = SurgeonStop()
    stop.order("stop", T)
    stop.update(False, False, T)
    stop.update(False, True, T)
    stop.order("release", T)
    assert not stop.update(False, True, T).engage


def test_released_and_pressed_within_one_tick_is_no_fresh_press():
    stop = SurgeonStop()
    stop.order("stop", T)
    stop.update(False, False, T)
    stop.order("release", T)
    assert not stop.update(False, True, T).engage, "the pedal was never seen up while nothing was latched"


def test_the_confirmation_is_measured_once_and_only_for_the_newest_press():
    stop = SurgeonStop()
    assert stop.confirmed(0, T) is None, "nothing was pressed"
    stop.order("stop", T)
    stop.order("stop", T + 0.5)
    assert stop.confirmed(1, T + 0.6) is None and stop.update(False, False, T + 0.7).waiting > 0.0
    assert abs(stop.confirmed(2, T + 0.73) - 0.23) < 1e-9 and stop.confirmed(2, T + 0.8) is None
    state = stop.update(False, False, T + 9.0)
    assert abs(state.took - 0.23) < 1e-9 and math.isnan(state.waiting) and state.stop
    stop.order("stop", T + 10.0)
    assert math.isnan(stop.update(False, False, T + 10.0).took)
