"""The surgeon's stop as a node sees it: two services, a button, the heartbeats that carry it, and the tape of how long it took."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

from std_srvs.srv import Trigger

from ..core.link.sticky import Sticky, StopConfirmed
from ..core.teleop.stop import ORDERS, StopState, SurgeonStop
from ..core.values import Pedals
from ..ros.messages import joy_pressed

if TYPE_CHECKING:
    from .teleop_bridge import TeleopBridge

COLUMNS = ("t", "count", "confirmed_after")
MILLI = 1e3


class StopConsole:
    """`console/stop`, `console/release`, and the button; whatever happens leaves at once on every path."""

    def __init__(self, node: TeleopBridge) -> None:
        """Make the services."""
        self._node, self._stop = node, SurgeonStop()
        self._button, self._pedals = False, Pedals()
        self.state = self._stop.update(False, False, node.now())
        self._tape = node.tape("stop", COLUMNS, rows_per_write=1)
        for name in ORDERS:
            node.create_service(Trigger, f"console/{name}", partial(self._on_order, name))
        node.subscribe("stop_button", self._on_button)

    def _on_button(self, msg: Any) -> None:
        with self._node.lock:
            self._button = joy_pressed(msg)
            self._say()

    def _on_order(self, name: str, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        node = self._node
        with node.lock:
            response.success, response.message = self._stop.order(name, node.now())
            self._say()
        node.count(f"{name}_{'accepted' if response.success else 'refused'}")
        return response

    def update(self, pedals: Pedals, now: float) -> StopState:
        """Each tick: what is left of the pedal; what stream 0 repeats from now on."""
        self._pedals = pedals
        self.state = self._stop.update(self._button, pedals.engage, now)
        self._node.session.say(Sticky(pedals.head, self.state.engage, self.state.stop, self.state.count), now)
        return self.state

    def _say(self) -> None:
        self.update(self._pedals, self._node.now())
        self._node.flush()

    def confirmed(self, event: StopConfirmed) -> None:
        """The patient has acted on it."""
        took = self._stop.confirmed(event.stop_count, event.at)
        if took is not None:
            self._tape.row(event.at, float(event.stop_count), took)

    def words(self) -> dict[str, object]:
        """For the status: latched, presses, and how long it took or has been waited for [ms]."""
        state = self.state
        times = {"confirmed_ms": state.took * MILLI, "waiting_ms": state.waiting * MILLI}
        return {"latched": state.stop, "count": state.count, **{name: ms if math.isfinite(ms) else None for name, ms in times.items()}}
