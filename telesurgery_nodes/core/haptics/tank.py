"""One end's energy account: nothing leaves this end of the two-port that did not enter it, here or at the other end.

The observer of the time-domain passivity approach (Hannaford and Ryu 2002; for delayed two-ports Artigas, Ryu and Preusche 2010),
kept as a tank (Franken et al. 2011). Energy travels between the ends as a running total of credit: a state, never an increment, so
that loss, jitter, duplicates and reordering can only make it arrive later or not at all, never twice.

Invariant: the energy that left the two-port minus what entered it is at most the slack of both ends plus what one step may exceed a
level by, because level + credit under way only ever changes by what crosses the ports.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...errors import ConfigError

HAND_SLACK, TOOL_SLACK = 0.4e-3, 0.3e-3  # [J] lent at the start; together below the 1 mJ of the bar
TOOL_KEEP = 5e-3  # [J] what the tool's end keeps: pressing 2.2 mm into 2 N/mm, or 2.5 steps at 5 N and 100 mm/s
HAND_KEEP = 20e-3  # [J] what the hand's end keeps: pushing a hand back by 8 mm with 5 N before more has come


@dataclass
class Tank:
    """``level`` [J] that may leave here; ``sent`` running total of credit given to the other end; ``lowest`` the level ever was."""

    slack: float
    keep: float
    level: float = 0.0
    sent: float = 0.0
    lowest: float = math.inf
    dumped: float = 0.0
    _heard: float = 0.0

    def __post_init__(self) -> None:
        if not (0.0 <= self.slack < math.inf and 0.0 <= self.keep < math.inf):
            raise ConfigError(f"energy tank: wanted finite slack and keep from 0 J, got {self.slack} and {self.keep}")
        self.level = self.lowest = self.slack

    def flow(self, energy: float) -> None:
        """Energy [J] that entered the two-port here in the last step; negative left it."""
        self.level += energy if math.isfinite(energy) else -math.inf  # what cannot be counted closes the account
        self.lowest = min(self.lowest, self.level)

    def receive(self, total: float) -> None:
        """The other end's running total of credit [J]; an older or impossible one changes nothing."""
        if math.isfinite(total) and total > self._heard:
            self.level += total - self._heard
            self._heard = total

    def give(self, energy: float) -> float:
        """Give up to ``energy`` [J] to the other end; returns what was there to give."""
        given = min(max(energy, 0.0), max(self.level, 0.0))
        self.level -= given
        self.sent += given
        return given

    def dump(self) -> None:
        """Dissipate all beyond what this end keeps."""
        excess = max(0.0, self.level - self.keep)
        self.level -= excess
        self.dumped += excess
