"""Random sequences at the console break no law; and a broken law would be seen."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telesurgery_nodes.cli.armbench import teleop, tremor
from telesurgery_nodes.cli.armbench.teleop_loop import LawBroken, Loop
from telesurgery_nodes.cli.bench import BenchArguments
from telesurgery_nodes.core.arm.held_view import HeldView
from telesurgery_nodes.core.link.anchor import AnchoredMotion
from telesurgery_nodes.core.rotations import towards
from telesurgery_nodes.core.teleop import clutch, tool_pace
from telesurgery_nodes.core.teleop.jaw import JawFollower
from telesurgery_nodes.core.teleop.motion import HandMotion
from telesurgery_nodes.core.teleop.tool_pace import ToolPace


def test_a_few_hundred_sequences_break_no_law_and_see_everything():
    seen, broken = teleop.play(0, 400)
    assert broken == []
    everything = {"moved_PSM1", "moved_PSM2", "moved_PSM3", "moved_ECM", "nudge", "outage", "select", "scale", "slowed", "flick"}
    everything |= set(teleop.STATES)
    assert everything <= set(seen)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**63), st.integers(1, 40))
def test_no_sequence_of_any_seed_and_length_breaks_a_law(seed, events):
    Loop(seed).play(events)


def scale_without_epoch(monkeypatch):
    """The scale is taken as it is, at once."""
    plain = HandMotion.arms

    def arms(self, hands, pairs, now):
        self._anchors = {m: dataclasses.replace(anchor, scale=self.live) for m, anchor in self._anchors.items()}
        return plain(self, hands, pairs, now)

    smooth = HandMotion.smooth
    monkeypatch.setattr(HandMotion, "live", 0.5, raising=False)
    monkeypatch.setattr(HandMotion, "arms", arms)
    monkeypatch.setattr(HandMotion, "changed", lambda self, inputs: False)
    monkeypatch.setattr(HandMotion, "smooth", lambda self, i, now: (setattr(self, "live", i.scale), smooth(self, i, now))[1])


def live_view(self, live, *_):
    """Targets stand in whatever the camera sees now."""
    self.held, self.settled = live, True
    return live


def catching_up(self, displacement, dt, new):
    """The tool lags instead: it makes up for what it did not get while the hand rests."""
    self._way.grow(dt)
    step = displacement - self._slip
    self._slip = self._slip + tool_pace.within(step, self._way.left)
    self._way.use(float(np.linalg.norm(step)), new)
    self._count(slips=1)
    return self._slip


def jumping(self, rotation, dt, new):
    """Once the hand rests, at once to where it is."""
    self._angle.grow(dt)
    self._turned = rotation if np.array_equal(rotation, self.__dict__.get("last")) else towards(self._turned, rotation, self._angle.left)
    self.last = rotation
    self._count(lags=1)
    self._angle.use(0.0, new)
    return self._turned


def slip_stays(self, now, plain=ToolPace.start):
    """A new epoch begins with the slip of the one before."""
    slip = getattr(self, "_slip", np.zeros(3))
    plain(self, now)
    self._slip = slip


def always_slower(self, displacement, rotation, sample, now, plain=ToolPace.update):
    """Something is taken off every step, also where nothing has to be; not of the console without a pace that it is compared with."""
    place, turned = plain(self, displacement, rotation, sample, now)
    return place * (0.99 if self._limits.speed < 1.0 else 1.0), turned


BREAKS = {
    "scale": scale_without_epoch,
    "live view": lambda m: m.setattr(HeldView, "update", live_view),
    "old picture": lambda m: m.setattr(AnchoredMotion, "_end_with_the_view", lambda self, view: None),
    "old anchor": lambda m: m.setattr(AnchoredMotion, "_enter", lambda self, i: setattr(self._epoch, "number", i.command.epoch)),
    "jaw": lambda m: m.setattr(JawFollower, "start", lambda self, jaw, now: setattr(self, "_time", now)),
    "no pace": lambda m: m.setattr(ToolPace, "update", lambda self, displacement, rotation, *_: (displacement, rotation)),
    "catching up": lambda m: m.setattr(ToolPace, "_moved", catching_up),
    "turn jumps": lambda m: m.setattr(ToolPace, "_turned_after", jumping),
    "always slower": lambda m: m.setattr(ToolPace, "update", always_slower),
    "saved up": lambda m: m.setattr(tool_pace._Room, "use", lambda self, length, last: setattr(self, "left", self.left - length)),
    "slip stays": lambda m: m.setattr(ToolPace, "start", slip_stays),
    "filter memory": lambda m: m.setattr(clutch, "MOVING", frozenset()),
}


SEEN_AS = {
    "no pace": "more than the console may", "catching up": "caught up", "turn jumps": "more than the console may",
    "always slower": "nothing slipped", "saved up": "more than the console may", "slip stays": "nothing slipped|jumped",
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKS)
def test_each_break_is_seen(name, monkeypatch):
    BREAKS[name](monkeypatch)

    def until_broken():
        for seed in range(100):
            Loop(seed).play(teleop.EVENTS * teleop.LIFE)

    with pytest.raises(LawBroken, match=SEEN_AS.get(name)):
        until_broken()


def test_the_same_seed_is_the_same_sequence():
    one, other = Loop(7), Loop(7)
    one.play(6)
    other.play(6)
    assert one.seen == other.seen and one.now == other.now and one._patient.arms["PSM1"].at == other._patient.arms["PSM1"].at


def test_the_measured_curve_keeps_both_figures_and_is_drawn(tmp_path, capsys):
    curve = tremor.measure()
    assert curve.attenuation >= 20.0 and curve.longest <= 0.015 and 0.0 < curve.overshoot < 0.25
    pytest.importorskip("matplotlib")
    assert tremor.main(["--out", str(tmp_path / "curve.png")]) == 0
    assert (tmp_path / "curve.png").stat().st_size > 10_000 and "at least 20." in capsys.readouterr().out


def test_the_part_gives_bars_and_a_quick_run_does_not_count_as_the_whole(monkeypatch):
    monkeypatch.setattr(teleop, "_play_all", lambda first, count: teleop.play(first, 5))
    bars, details = teleop.run(BenchArguments(quick=True))
    held = {bar.id: bar.holds for bar in bars}
    assert held == {"teleop.sequences": None, "teleop.jumps": True, "teleop.tremor": True, "teleop.delay": True}
    assert details["broken"] == [] and len(details["curve"]) > 50 and "sequences" in details["text"]
