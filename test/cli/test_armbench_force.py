"""The force bench: its own bookkeeping is right, the weather is as said, and the naive loop falls where the others hold."""

import numpy as np
import pytest

from telesurgery_nodes.cli.armbench import force
from telesurgery_nodes.cli.bench import BenchArguments


def test_pushing_into_the_wall_and_back_costs_what_a_spring_and_a_damper_take():
    taken = sum(force.push(0.01 + 1e-5 * number, 1e-5)[0] for number in range(100))
    speed = 1e-5 / force.TICK_S
    assert taken == pytest.approx(0.5 * force.WALL_N_M * 1e-6 + force.WALL_NS_M * speed * 1e-3, rel=1e-3)
    back = sum(force.push(0.011 - 1e-5 * number, -1e-5)[0] for number in range(100))
    assert -0.5 * force.WALL_N_M * 1e-6 < back < 0.0
    assert force.push(0.0, 0.005) == (0.0, 0.0)


def test_the_line_loses_delays_and_never_goes_back():
    line, got = force.Line(5, force.LONGEST_MS), []
    for tick in range(5000):
        line.send(tick, tick * force.TICK_S)
        got.append(line.receive(tick * force.TICK_S))
    seen = [number for number in got if number is not None]
    assert seen == sorted(set(seen)) and 0.01 < line.lost / line.offered < 0.2 and 0.4 < line.longest < 0.8


def test_same_seed_same_session():
    one, two = force.operate("tdpa", 400, 3), force.operate("tdpa", 400, 3)
    assert (one.table == two.table).all() and not np.array_equal(one.table, force.operate("tdpa", 400, 4).table)


def test_bars_hold_and_the_picture_is_drawn(tmp_path):
    bars, details = force.run(BenchArguments(quick=True, out=str(tmp_path)))
    assert all(bar.holds for bar in bars) and {bar.id for bar in bars} >= {"arm.force.tdpa", "arm.force.wave", "arm.force.naive"}
    assert details["naive"]["lowest_energy_mj"] < -1e3 and (tmp_path / "passivity.png").stat().st_size > 10_000


@pytest.mark.parametrize("name", ["safe_force", "safe_step"])
def test_without_its_controller_time_domain_passivity_fails_the_bar(monkeypatch, name):
    from telesurgery_nodes.core.haptics import tdpa

    monkeypatch.setattr(tdpa, name, lambda wanted, *_: wanted)
    assert force.summary(force.operate("tdpa", 5000, 1))["lowest_energy_mj"] < force.ALLOWED_MJ
