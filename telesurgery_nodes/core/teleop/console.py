"""What the operator has set at the console: enabled, scale, pairs, locks, alignment, tremor filter. Requests come one by one.

A request that cannot be granted changes nothing and says why; nothing here moves anything, the clutch machine (clutch.py) re-anchors or
re-aligns where a new setting asks for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...errors import ConfigError
from ..values import MASTERS, TELEOP_PAIRS
from .mapping import SCALE_MAX, valid_scale
from .pairs import PAIRS, default_pairs, parse_pair, selected_with, selected_without


@dataclass(frozen=True)
class HandSettings:
    """Of one master. ``lock_*``: the tool keeps its orientation or its place; ``align`` False: a master that cannot be turned."""

    lock_rotation: bool = False
    lock_translation: bool = False
    align: bool = True


@dataclass(frozen=True)
class Settings:
    """Everything the operator may set. ``hands`` has every master. ``adaptive``: the scale follows the round trip."""

    scale: float
    enabled: bool = True
    pairs: Mapping[str, str] = field(default_factory=default_pairs)
    hands: Mapping[str, HandSettings] = field(default_factory=lambda: {master: HandSettings() for master in MASTERS})
    tremor_filter: bool = True
    adaptive: bool = False

    def effective_scale(self, factor: float) -> float:
        """Scale in use, with the factor that the round trip asks for."""
        return self.scale * factor if self.adaptive else self.scale


# Yes-or-no requests -> the field they set.
SWITCHES: Mapping[str, str] = {"enable": "enabled", "tremor_filter": "tremor_filter", "adaptive_scale": "adaptive"}
HAND_SWITCHES: Mapping[str, str] = {"lock_rotation": "lock_rotation", "lock_translation": "lock_translation", "set_align_MTM": "align"}
SWAP_REFUSED = "arms are swapped only while the instruments do not follow: press the clutch first"


class Console:
    """Keeps the settings. ``refused`` counts requests that could not be granted, by kind."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.refused: Counter[str] = Counter()

    def update(self, kind: str, value: bool | float | str, now_following: bool, pair: str = "") -> str:
        """One request; "" where granted, otherwise why not. ``pair``: whose hand, empty for every selected one."""
        try:
            self.settings = self._granted(kind, value, now_following, pair)
        except ConfigError as error:
            self.refused[kind] += 1
            return str(error)
        return ""

    def _granted(self, kind: str, value: bool | float | str, following: bool, pair: str) -> Settings:
        if kind in SWITCHES and isinstance(value, bool):
            switched: dict[str, Any] = {SWITCHES[kind]: value}
            return replace(self.settings, **switched)
        if kind in HAND_SWITCHES and isinstance(value, bool):
            return self._hand(HAND_SWITCHES[kind], value, pair)
        if kind == "set_scale" and isinstance(value, float):
            return self._scaled(value)
        swaps: Mapping[str, Callable[[Mapping[str, str], str], dict[str, str]]] = {"select": selected_with, "unselect": selected_without}
        if kind in swaps and isinstance(value, str):
            return self._swapped(swaps[kind], parse_pair(value), following)
        valid = ", ".join((*SWITCHES, *HAND_SWITCHES, "set_scale", *swaps))
        raise ConfigError(f"console request {kind!r} with {value!r}; valid: {valid}")

    def _hand(self, name: str, value: bool, pair: str) -> Settings:
        masters = tuple(self.settings.pairs) if not pair else (PAIRS[parse_pair(pair)][0],)
        if pair and parse_pair(pair) not in {f"{m}_{a}" for m, a in self.settings.pairs.items()}:
            raise ConfigError(f"pair {pair} is not selected; selected: {dict(self.settings.pairs)}")
        changed = {master: replace(self.settings.hands[master], **{name: value}) for master in masters}
        return replace(self.settings, hands={**self.settings.hands, **changed})

    def _scaled(self, value: float) -> Settings:
        if not valid_scale(value):
            raise ConfigError(f"scale {value}; valid: above 0, at most {SCALE_MAX:g}")
        return replace(self.settings, scale=value, adaptive=False)  # set by hand: the last word

    def _swapped(self, swap: Callable[[Mapping[str, str], str], dict[str, str]], name: str, following: bool) -> Settings:
        pairs = swap(self.settings.pairs, name)
        if pairs == dict(self.settings.pairs):
            return self.settings
        if following:
            raise ConfigError(SWAP_REFUSED)
        # A lock belongs to the pair it was set for.
        moved = [master for master in MASTERS if pairs.get(master) != self.settings.pairs.get(master)]
        fresh = {master: HandSettings(align=self.settings.hands[master].align) for master in moved}
        return replace(self.settings, pairs=pairs, hands={**self.settings.hands, **fresh})


def settings(scale: float) -> Settings:
    """dVRK's defaults with the site's scale."""
    if not valid_scale(scale):
        raise ConfigError(f"scale {scale}; valid: above 0, at most {SCALE_MAX:g}")
    return Settings(scale, pairs=dict(TELEOP_PAIRS))
