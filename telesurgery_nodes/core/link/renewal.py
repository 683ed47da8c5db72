"""When the surgeon's side makes a handshake: at the start, when the other site is silent, and when the key grows old.

| why     | when                                                            | again after |
| ------- | --------------------------------------------------------------- | ----------- |
| NO_KEY  | no key yet, or it has ended                                     | RETRY_S     |
| SILENT  | nothing authentic since SILENT_S (the peer restarted?)          | RETRY_S     |
| OLD_KEY | the key is REKEY_S old                                          | REKEY_RETRY_S |

The patient's side never begins one; it listens.
"""

from __future__ import annotations

import enum
import math

RETRY_S = 1.0
SILENT_S = 1.5  # more than two round trips over a geostationary satellite, which admission takes
REKEY_S = 600.0  # wan.md 8.2
REKEY_RETRY_S = 10.0


class Why(enum.Enum):
    """Why a handshake is due."""

    NO_KEY = "no key"
    SILENT = "the other site is silent"
    OLD_KEY = "the key is old"


AGAIN = {Why.NO_KEY: RETRY_S, Why.SILENT: RETRY_S, Why.OLD_KEY: REKEY_RETRY_S}


class Renewal:
    """Stepped by the thread that makes handshakes."""

    def __init__(self, rekey_s: float = REKEY_S) -> None:
        self._rekey_s = rekey_s
        self._tried = -math.inf

    def update(self, key_age: float, silence: float, now: float) -> Why | None:
        """Why one is due now, or None. ``key_age`` [s], inf without a key; ``silence`` [s] since the peer was last heard."""
        why = self._why(key_age, silence)
        if why is None or now - self._tried < AGAIN[why]:
            return None
        self._tried = now
        return why

    def _why(self, key_age: float, silence: float) -> Why | None:
        if not math.isfinite(key_age):
            return Why.NO_KEY
        if not min(silence, key_age) <= SILENT_S:
            return Why.SILENT
        return Why.OLD_KEY if key_age >= self._rekey_s else None
