"""The state machine under random histories, against the invariants of safety.md."""

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from machine_bench import HARD, IDLE, TICK, Bench

from telesurgery_nodes.core.safety.causes import Tier
from telesurgery_nodes.core.safety.machine import ORDERS
from telesurgery_nodes.core.values import Phase


class Histories(RuleBasedStateMachine):
    """Random histories; the model knows only what the invariants need."""

    def __init__(self):
        super().__init__()
        self.bench, self.wish, self.tiers = Bench().to(Phase.HOLDING), IDLE, {}
        self.trail, self.epoch, self.presses_at_fall, self.need_press = [Phase.HOLDING], 0, 0, False

    def step(self, seconds):
        for _ in range(max(1, round(seconds / TICK))):
            state = self.bench.tick(self.wish, self.tiers)
            if state.phase in {Phase.PAUSED, Phase.FAULT}:
                self.need_press, self.presses_at_fall = True, self.wish.press_count
            if state.phase is Phase.FOLLOWING:
                assert not self.need_press or (self.wish.press_count > self.presses_at_fall and Phase.HOLDING in self.trail[-200:])
                self.need_press = False
            assert state.motion_epoch >= self.epoch
            if state.motion:
                wish = self.wish
                assert state.phase is Phase.FOLLOWING and wish.head and wish.engage and wish.follow and not wish.clutch
                assert not any(tier >= Tier.HOLD for tier in self.tiers.values())
            self.epoch = state.motion_epoch
            self.trail.append(state.phase)

    @rule(seconds=st.sampled_from((TICK, 0.2, 2.1)))
    def wait(self, seconds):
        self.step(seconds)

    @rule()
    def press(self):
        if not self.wish.engage:
            self.wish = replace(self.wish, engage=True, press_count=self.wish.press_count + 1)
        self.step(TICK)

    @rule()
    def release(self):
        self.wish = replace(self.wish, engage=False)
        self.step(TICK)

    @rule(bit=st.sampled_from(("head", "clutch", "follow", "aligning")), value=st.booleans())
    def change(self, bit, value):
        self.wish = replace(self.wish, **{bit: value})
        self.step(TICK)

    @rule(cause=st.sampled_from(HARD), tier=st.sampled_from((Tier.HOLD, Tier.LATCH)))
    def trouble(self, cause, tier):
        self.tiers = {**self.tiers, cause: tier}
        self.step(TICK)

    @precondition(lambda self: self.tiers)
    @rule()
    def cure(self):
        self.tiers = {}
        self.step(TICK)

    @rule(name=st.sampled_from(sorted(ORDERS)))
    def order(self, name):
        epoch = self.bench.machine.motion_epoch
        moving = self.bench.machine.state.motion
        self.bench.machine.order(name)
        after = self.bench.machine.state
        assert after.motion_epoch == epoch
        assert moving or not after.motion, "an order never starts motion"
        if after.phase in {Phase.PAUSED, Phase.FAULT}:
            self.need_press, self.presses_at_fall = True, self.wish.press_count

    @invariant()
    def motion_only_while_following(self):
        state = self.bench.machine.state
        assert state.motion == (state.phase is Phase.FOLLOWING)


Histories.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestHistories = Histories.TestCase
