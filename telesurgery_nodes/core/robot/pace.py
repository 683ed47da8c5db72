"""How many physics steps are due: simulated time keeps up with the steady clock in steps of fixed length."""

from __future__ import annotations

from dataclasses import dataclass

from telesurgery_nodes.errors import ConfigError

# A tick later than this lets simulated time fall behind instead of stepping for ever.
CATCH_UP = 0.1


@dataclass(frozen=True)
class Due:
    """``steps`` to make now. Since the first update: ``missed`` ticks, ``dropped`` time [s], ``factor`` simulated / steady time."""

    steps: int
    missed: int
    dropped: float
    factor: float


class Pace:
    """Counts steps of ``step`` [s] against the steady clock; ticks are meant every ``tick`` [s]."""

    def __init__(self, step: float, tick: float) -> None:
        """Time starts at the first update."""
        if not 0.0 < step <= tick <= CATCH_UP:
            raise ConfigError(f"pace: wanted 0 < step <= tick <= {CATCH_UP} s, got step {step} and tick {tick}")
        self._step, self._tick = step, tick
        self._started: float | None = None
        self._simulated, self._dropped, self._missed = 0.0, 0.0, 0

    def update(self, now: float) -> Due:
        """Steps owed at steady time ``now`` [s], at most CATCH_UP of them; a clock that goes back owes none."""
        if self._started is None:
            self._started = now
        elapsed = now - self._started
        owed = elapsed - self._dropped - self._simulated
        self._missed += max(0, round(owed / self._tick) - 1)
        if owed > CATCH_UP:
            self._dropped += owed - CATCH_UP
            owed = CATCH_UP
        steps = max(0, round(owed / self._step))
        self._simulated += steps * self._step
        return Due(steps, self._missed, self._dropped, self._simulated / elapsed if elapsed > self._tick else 1.0)
