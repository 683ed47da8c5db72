"""safety_watchdog: the motion permit, every 20 ms, without which nothing moves. This process does nothing else.

The decision runs in its own steady-paced thread, not on an executor (safety.md 4.3, 4.4): subscriptions only fill mailboxes. If that
thread dies or is late, permits stop and arm control holds by itself.
"""

from __future__ import annotations

import gc
import secrets
import threading
from dataclasses import dataclass
from functools import partial
from typing import Any

from std_srvs.srv import Trigger

from ..core.safety.causes import CAUSES, Cause, Scope
from ..core.safety.machine import MOVING, ORDERS
from ..core.safety.watchdog import Verdict, Watchdog
from ..core.values import CAMERA_ARM, INSTRUMENTS, Phase
from ..errors import SafetyError
from ..ros.crtk import word_msg
from ..ros.main import run
from ..ros.messages import arm_from_msg, permit_to_msg, remote_from_msg, remote_stops
from ..ros.node import SuiteNode
from ..ros.params import NodeParams, param
from ..ros.safety import SAFETY_FILE, raise_priority, read_safety_config, verdict_level, verdict_to_msg

PERIOD = 0.020  # [s] a permit lives 60 ms, so two may be lost (safety.md section 1)
START_RETRY = 2.0  # [s] between two enable+home orders of enable_on_start, for an arm control not yet listening
ARM_WORDS = ("enable", "home")  # local orders that arm control must hear too (CRTK state_command)
TAPE = ("t", "phase", "cause", "motion", "motion_epoch")


@dataclass(frozen=True)
class WatchdogParams(NodeParams):
    """Parameters of safety_watchdog."""

    config: str = param(SAFETY_FILE, "safety configuration, a file of this package or a path")
    arms: list[str] = param([*INSTRUMENTS, CAMERA_ARM], "arms that hear enable and home")
    enable_on_start: bool = param(False, "enable and home, also after a brake, until the arms first follow; for simulation only")


class SafetyWatchdog(SuiteNode):
    """Mailboxes in, permits out."""

    NAME = "safety_watchdog"
    PARAMS = WatchdogParams

    def __init__(self, **node_args: Any) -> None:
        super().__init__(**node_args)
        self._dog = Watchdog(secrets.randbits(63), read_safety_config(self.params.config).timing)
        self._lock, self._wake, self._stop = threading.Lock(), threading.Event(), False
        self._mail: dict[str, tuple[Any, float]] = {}
        self._stops = 0
        self._shown, self._latest = (), None  # type: tuple[Any, ...], Verdict | None
        self._starting, self._start_at, self._scheduling = bool(self.params.enable_on_start), 0.0, "normal"
        self._permits, self._verdicts = self.publisher("permit"), self.publisher("verdict")
        self._to_arms = [self.publisher("arm_state_command", arm=arm) for arm in self.params.arms]
        self._tape = self.tape("safety", TAPE, rows_per_write=1)
        self.subscribe("remote_report", self._on_remote)
        self.subscribe("arm_report", partial(self._keep, "arm"))
        for name in ORDERS:
            self.create_service(Trigger, f"safety/{name}", partial(self._on_order, name))
        self._thread = threading.Thread(target=self._watch, name="safety", daemon=True)
        self._thread.start()

    def _keep(self, name: str, msg: Any) -> None:
        self._mail[name] = (msg, self.now())  # one assignment: the newest wins

    def _on_remote(self, msg: Any) -> None:
        """A stop pressed at the surgeon does not wait for the next tick."""
        self._keep("remote", msg)
        stops = remote_stops(msg)
        if stops != self._stops:
            self._stops = stops
            self._wake.set()

    def _on_order(self, name: str, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._starting = False  # the local team has taken over
        response.success, response.message = self._order(name)
        self._wake.set()
        return response

    def _order(self, name: str) -> tuple[bool, str]:
        with self._lock:
            accepted, why = self._dog.command(name, self.now())
        self.count(f"{name}_{'accepted' if accepted else 'refused'}")
        if accepted and name in ARM_WORDS:
            for publisher in self._to_arms:
                publisher.publish(word_msg(publisher.msg_type, name, self.ros_stamp()))
        return accepted, why

    def _watch(self) -> None:
        """The thread: steady pace; a local order or a remote stop wakes it early, so that the stop leaves at once."""
        self._scheduling = raise_priority()
        gc.collect()
        gc.freeze()
        due = self.now()
        while not self._stop:
            self._tick()
            now = self.now()
            if now >= due:  # not when an order came in between; a missed tick is not made up, permits must not come in bursts
                due = due + PERIOD if due + PERIOD > now else now + PERIOD
            self._wake.wait(due - now)
            self._wake.clear()

    def _tick(self) -> None:
        self._open_mail()
        with self._lock:
            verdict = self._dog.update(self.now())
        self._permits.publish(permit_to_msg(verdict.permit))
        self._latest = verdict
        permit = verdict.permit
        shown = (permit.phase, permit.cause, permit.motion_epoch, verdict.causes)
        if shown != self._shown:
            self._shown = shown
            self._tape.row(self.now(), permit.phase, permit.cause, float(permit.motion), permit.motion_epoch)
            self._verdicts.publish(verdict_to_msg(verdict, self.ros_stamp()))
        if self._starting:
            self._start_once(verdict)

    def _open_mail(self) -> None:
        for name, convert in (("remote", remote_from_msg), ("arm", arm_from_msg)):
            msg, arrived = self._mail.pop(name, (None, 0.0))
            try:
                if msg is not None:
                    getattr(self._dog, name)(convert(msg), arrived)
            except SafetyError:
                self.count(f"{name}_malformed")  # not news: it ages like silence

    def _start_once(self, verdict: Verdict) -> None:
        """enable_on_start: as the local team would, until the arms have followed for the first time."""
        phase = verdict.permit.phase
        self._starting = phase not in {*MOVING, Phase.FAULT}
        braked = phase is Phase.PAUSED and Cause.ROBOT_NOT_READY in verdict.causes
        sick = [cause for cause in verdict.causes if CAUSES[cause].scope is Scope.ENABLED and cause is not Cause.ROBOT_NOT_READY]
        if (phase is Phase.STANDBY or braked) and not sick and self.now() >= self._start_at:
            self._start_at = self.now() + START_RETRY
            for name in ARM_WORDS[:1] if braked else ARM_WORDS:
                self._order(name)

    def diagnose(self) -> dict[str, object]:
        """Phase and sentence; ERROR when the deciding thread is gone."""
        if self._latest is None or not self._thread.is_alive():
            return {"level": 2, "message": "the deciding thread is not running: no permits", "scheduling": self._scheduling}
        stale = {"stale_remote": self._dog.bridge.stale, "stale_arm": self._dog.arms.stale}
        return {"level": verdict_level(self._latest), "message": self._latest.sentence, "scheduling": self._scheduling, **stale}

    def close(self) -> None:
        """End the thread first, then the node."""
        self._stop = True
        self._wake.set()
        self._thread.join(timeout=1.0)
        super().close()


def main() -> int:
    """Console script."""
    return run(SafetyWatchdog)
