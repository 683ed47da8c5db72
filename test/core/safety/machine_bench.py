"""A machine with fake time, for the tests of the state machine."""

from dataclasses import replace

from telesurgery_nodes.core.safety.causes import CAUSES, Cause, Scope, Tier
from telesurgery_nodes.core.safety.machine import CALM_TIME, MOVING, Machine, Observation, Wish
from telesurgery_nodes.core.values import Phase

TICK = 0.02
HANDS = Wish(head=True, engage=True, follow=True, press_count=1)
IDLE = Wish(head=True)
HARD = [cause for cause in Cause if CAUSES[cause].forces is Tier.LATCH and CAUSES[cause].scope is not Scope.GATE]

# Everything the watchdog can put before the machine; the two local causes belong to the machine itself.
SEEN = [c for c in Cause if CAUSES[c].scope is not Scope.GATE and c not in {Cause.NONE, Cause.LOCAL_PAUSE, Cause.LOCAL_STOP}]


class Bench:
    """A machine with fake time."""

    def __init__(self):
        self.machine, self.now = Machine(), 0.0

    def tick(self, wish=IDLE, tiers=None, seconds=TICK, heard=True, ready=True):
        for _ in range(max(1, round(seconds / TICK))):
            self.now += TICK
            state = self.machine.update(Observation(tiers or {}, wish, heard, ready), self.now)
        return state

    def to(self, phase):
        """Bring a fresh machine to a phase by honest means."""
        if phase is Phase.SELFTEST:
            return self
        self.tick()
        if phase is Phase.STANDBY:
            return self
        self.machine.order("enable")
        self.tick(seconds=CALM_TIME + 2 * TICK)
        if phase is Phase.ALIGNING:
            self.tick(replace(HANDS, follow=False, aligning=True))
        if phase in MOVING:
            self.tick(HANDS)
        if phase is Phase.CLUTCHED:
            self.tick(replace(HANDS, clutch=True))
        if phase is Phase.COAST_HOLD:
            self.tick(HANDS, {Cause.COMMAND_SILENT: Tier.HOLD})
        if phase is Phase.PAUSED:
            self.machine.order("pause")
        if phase is Phase.FAULT:
            self.machine.order("stop")
        return self
