"""The console topics of dVRK at the surgeon's bridge: what the operator sets in, what is in force out. core/teleop/console.py decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from std_msgs.msg import Bool, Float64, String

from ..core.teleop.adaptive_scale import AdaptiveScale
from ..core.teleop.clutch import TeleopOutput
from ..core.teleop.console import Console, Settings
from ..core.teleop.console import settings as console_settings
from ..core.teleop.pairs import PAIRS, pair_name
from ..core.teleop.table import State
from ..ros.messages import joy_msg

if TYPE_CHECKING:
    from .teleop_bridge import TeleopBridge

READ_PERIOD = 0.04  # [s] nobody feels a switch that comes 40 ms later
# Request of the console -> channel for all selected pairs, and the one of a single pair where dVRK has it.
REQUESTS: Mapping[str, tuple[str, ...]] = {
    "enable": ("teleop_enable",),
    "set_scale": ("teleop_set_scale", "pair_set_scale"),
    "select": ("teleop_select",),
    "unselect": ("teleop_unselect",),
    "lock_rotation": ("teleop_lock_rotation", "pair_lock_rotation"),
    "lock_translation": ("teleop_lock_translation", "pair_lock_translation"),
    "set_align_MTM": ("teleop_set_align", "pair_set_align"),
    "tremor_filter": ("teleop_tremor_filter",),
    "adaptive_scale": ("teleop_adaptive_scale",),
}
# The clutch machine's state in dVRK's words; a pair that is not selected is DISABLED, as all are during camera control.
WORDS: Mapping[State, str] = {
    State.DISABLED: "DISABLED", State.ALIGNING: "ALIGNING_MTM", State.READY: "ALIGNING_MTM", State.FOLLOWING: "ENABLED",
    State.CLUTCHED: "ENABLED", State.CAMERA: "DISABLED",
}  # fmt: skip
MOVING = frozenset({State.FOLLOWING, State.CAMERA})
PAIR_OUT = ("pair_state", "pair_following", "pair_scale", "pair_align", "pair_rotation_locked", "pair_translation_locked")


class SurgeonConsole:
    """Requests in, settings in force out (on change only)."""

    def __init__(self, node: TeleopBridge) -> None:
        """Make the endpoints."""
        p = node.params
        self._node, self._mail = node, node.mailbox()
        self._console, self._adaptive = Console(console_settings(p.scale)), AdaptiveScale()
        for kind, value in (("tremor_filter", p.tremor_filter), ("adaptive_scale", p.adaptive_scale)):
            self._console.update(kind, value, False)
        self._state = State.DISABLED
        for kind, (everyone, *single) in REQUESTS.items():
            self._mail.subscribe(everyone, lambda msg, k=kind: self._ask(k, msg.data))
            for key in single:
                for pair in PAIRS:
                    self._mail.subscribe(key, lambda msg, k=kind, one=pair: self._ask(k, msg.data, one), pair=pair)
        self._out = {key: node.publisher(key) for key in ("teleop_scale", "teleop_enabled", "teleop_selected", "teleop_unselected")}
        self._pairs = {pair: {key: node.publisher(key, pair=pair) for key in PAIR_OUT} for pair in PAIRS}
        self._said: dict[tuple[str, str], object] = {}
        self._selected: frozenset[str] = frozenset()
        self._published: tuple[object, ...] = ()  # everything `publish` looks at, as it was last time
        node.every(READ_PERIOD, self._mail.read)

    @property
    def settings(self) -> Settings:
        """In force."""
        return self._console.settings

    @property
    def scale(self) -> float:
        """In use now."""
        return self.settings.effective_scale(self._adaptive.factor)

    def measure(self, round_trip: float, now: float) -> None:
        """The round trip [s] as last measured."""
        self._adaptive.update(round_trip, now)

    def _ask(self, kind: str, value: Any, pair: str = "") -> None:
        if kind == "set_scale":
            pair = ""  # one scale holds for all
        why = self._console.update(kind, value, self._state in MOVING, pair)
        if why:
            self._node.count(f"refused_{kind}")
            self._node.get_logger().warning(why)

    def publish(self, output: TeleopOutput) -> None:
        """What changed."""
        self._state = output.state
        settings, scale = self.settings, self.scale
        seen = output.state, settings, scale, tuple(output.arms)
        if seen == self._published:
            return
        self._published = seen
        self._say("teleop_scale", "", scale, _float)
        self._say("teleop_enabled", "", settings.enabled, _bool)
        selected = frozenset(pair_name(master, arm) for master, arm in settings.pairs.items())
        if selected != self._selected:
            for key, names in (("teleop_unselected", self._selected - selected), ("teleop_selected", selected - self._selected)):
                for name in sorted(names):
                    self._out[key].publish(String(data=name))
            self._selected = selected
        for pair, (master, arm) in PAIRS.items():
            held, on = settings.hands[master], pair in selected
            self._say("pair_state", pair, WORDS[output.state] if on else WORDS[State.DISABLED], _string)
            self._say("pair_following", pair, on and arm in output.arms, _bool)
            self._say("pair_scale", pair, scale, _float)
            self._say("pair_align", pair, held.align, _bool)
            self._say("pair_rotation_locked", pair, on and held.lock_rotation, self._joy)
            self._say("pair_translation_locked", pair, on and held.lock_translation, self._joy)

    def _joy(self, value: Any) -> Any:
        return joy_msg(value, self._node.ros_stamp())

    def _say(self, key: str, pair: str, value: object, make: Callable[[Any], Any]) -> None:
        if (key, pair) in self._said and self._said[key, pair] == value:
            return
        self._said[key, pair] = value
        (self._pairs[pair][key] if pair else self._out[key]).publish(make(value))

    def status(self) -> dict[str, object]:
        """For console/status."""
        settings = self.settings
        locks = {
            master: [name for name, on in (("rotation", held.lock_rotation), ("translation", held.lock_translation)) if on]
            for master, held in settings.hands.items()
        }
        return {
            "enabled": settings.enabled, "pairs": dict(settings.pairs), "locks": locks, "scale": self.scale,
            "scale_set": settings.scale, "scale_factor": self._adaptive.factor, "adaptive_scale": settings.adaptive,
            "tremor_filter": settings.tremor_filter,
        }  # fmt: skip


def _bool(value: Any) -> Bool:
    return Bool(data=value)


def _float(value: Any) -> Float64:
    return Float64(data=value)


def _string(value: Any) -> String:
    return String(data=value)
