"""Judges the two reports by its own clock and issues the permit. Pure: the node around it only carries messages.

Silence, an old sample delivered again, and a number that is none all count against motion. Ages given in a report grow by the time
since that report arrived, so a silent bridge cannot freeze them.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from telesurgery_nodes.core.safety.causes import CAUSES, TIMINGS, Cause, Tier, Timing, tier
from telesurgery_nodes.core.safety.gate import BAD_COUNT, BAD_WINDOW
from telesurgery_nodes.core.safety.machine import Machine, Observation, Wish
from telesurgery_nodes.core.values import REDUNDANT_PATHS, ArmReport, Permit, Phase, RemoteReport

NO_SESSION = 0  # the bridge reports session 0 while no surgeon is connected

@dataclass(frozen=True)
class Verdict:
    """One tick's answer. ``causes``: all that bite, worst first; ``sentence`` tells humans."""

    permit: Permit
    causes: tuple[Cause, ...]
    sentence: str


class Mailbox:
    """Arrival time, order and origin of one report stream. A sample must rise in ``seq``; a dead process stays dead."""

    def __init__(self) -> None:
        self.arrived: float | None = None
        self.restarted = False
        self.stale = 0
        self._boot_id: int | None = None
        self._seq = 0
        self._retired: set[int] = set()

    def accept(self, boot_id: int, seq: int, now: float) -> bool:
        """Whether this sample is news. A new boot id retires the old one for good."""
        known = boot_id == self._boot_id
        if boot_id in self._retired or (known and seq <= self._seq):
            self.stale += 1
            return False
        if not known and self._boot_id is not None:
            self._retired.add(self._boot_id)
            self.restarted = True
        self._boot_id, self._seq, self.arrived = boot_id, seq, now
        return True

    def age(self, now: float) -> float:
        """Seconds since the last news; ``inf`` before the first."""
        return math.inf if self.arrived is None else now - self.arrived

    def take_restart(self) -> bool:
        """True once after a restart."""
        seen, self.restarted = self.restarted, False
        return seen


class Watchdog:
    """Reports in, permit out. ``boot_id`` identifies this process in its permits."""

    def __init__(self, boot_id: int, timing: Timing = TIMINGS["realtime"]) -> None:
        self.machine = Machine()
        self.timing = timing
        self.bridge, self.arms = Mailbox(), Mailbox()
        self._boot_id = boot_id
        self._seq = 0
        self._remote: RemoteReport | None = None
        self._arm: ArmReport | None = None
        self._session = NO_SESSION
        self._session_changed = False
        self._stops, self._stop_pressed = 0, False
        self._bad: deque[float] = deque()
        self._onset: dict[Cause, float] = {}
        self._updated: float | None = None

    def remote(self, report: RemoteReport, now: float) -> None:
        """A report of the patient-side bridge arrived."""
        if not self.bridge.accept(report.boot_id, report.seq, now):
            return
        if report.surgeon_session not in (NO_SESSION, self._session):
            self._session_changed = self._session_changed or self._session != NO_SESSION
            self._session = report.surgeon_session
            self._stops = 0
        self._stop_pressed = self._stop_pressed or report.stop_count > self._stops
        self._stops = max(self._stops, report.stop_count)
        self._remote = report

    def arm(self, report: ArmReport, now: float) -> None:
        """A report of arm control arrived."""
        before = self._arm.bad_commands if self._arm is not None else 0
        if not self.arms.accept(report.boot_id, report.seq, now):
            return
        if self._arm is not None and self._arm.boot_id != report.boot_id:
            before = 0
        self._bad.extend([now] * min(max(report.bad_commands - before, 0), BAD_COUNT))
        self._arm = report

    def command(self, name: str, now: float) -> tuple[bool, str]:
        """A local order: (accepted, what happens or why not). ``now`` keeps the shape of every other step."""
        return self.machine.order(name)

    def update(self, now: float) -> Verdict:
        """One tick: weigh every cause, step the machine, write the permit."""
        tiers = {cause: hard for cause, hard in self._weigh(now) if hard is not Tier.CLEAR}
        ready = self._arm is not None and self._arm.homed and self._arm.robot_enabled
        heard = self._remote is not None and self._arm is not None
        self._updated = now
        state = self.machine.update(Observation(tiers, self._wish(), heard, ready), now)
        self._seq += 1
        permit = Permit(self._boot_id, self._seq, state.motion_epoch, state.phase, state.motion, int(state.cause))
        causes = tuple(sorted(tiers, key=lambda cause: (-tiers[cause], cause)))
        return Verdict(permit, causes, sentence(state.phase, state.cause, causes))

    def _wish(self) -> Wish:
        remote = self._remote
        if remote is None:
            return Wish()
        pedals = remote.pedals
        # The camera pedal is no clutch: the camera arm moves then, and the instruments are told to hold (core/link/anchor.py).
        return Wish(pedals.head, pedals.engage, pedals.clutch, remote.follow, remote.aligning, remote.press_count)

    def _weigh(self, now: float) -> Iterator[tuple[Cause, Tier]]:
        for cause, seconds in self._ages(now).items():
            yield cause, tier(cause, seconds, self.timing)
        for cause, on in self._conditions().items():
            if on:
                yield cause, tier(cause, now - self._onset.setdefault(cause, now), self.timing)
            else:
                self._onset.pop(cause, None)
        for cause, happened in self._events(now).items():
            if happened:
                yield cause, tier(cause, math.inf, self.timing)

    def _ages(self, now: float) -> dict[Cause, float]:
        """Seconds since something good, by cause."""
        ages: dict[Cause, float] = {}
        if self._updated is not None:
            ages[Cause.WATCHDOG_OVERRUN] = now - self._updated
        if self._remote is not None:
            since = self.bridge.age(now)
            picture = _grown(self._remote.picture_age, since)
            ages[Cause.BRIDGE_SILENT] = since
            ages[Cause.COMMAND_SILENT] = _grown(self._remote.command_age, since)
            ages[Cause.PICTURE_OLD] = ages[Cause.PICTURE_STALE] = picture
            ages[Cause.VIDEO_SILENT] = _grown(self._remote.video_age, since)
            ages[Cause.ROUND_TRIP] = self._remote.round_trip
        if self._arm is not None:
            ages[Cause.ARM_SILENT] = self.arms.age(now)
            ages[Cause.ROBOT_SILENT] = _grown(self._arm.robot_age, self.arms.age(now))
        return ages

    def _conditions(self) -> dict[Cause, bool]:
        """What is wrong for as long as it lasts."""
        remote, arm = self._remote, self._arm
        wrong = {Cause.STARTUP: remote is None or arm is None}
        if remote is not None:
            wrong[Cause.MASTER_STALE] = not remote.hands_fresh
            wrong[Cause.REMOTE_STOP_HELD] = remote.stop
            wrong[Cause.PATHS_DOWN] = remote.paths_up <= 0
            wrong[Cause.ONE_PATH] = remote.paths < REDUNDANT_PATHS
            wrong[Cause.PATH_LOST] = remote.paths >= REDUNDANT_PATHS and remote.paths_up > 0 and remote.paths_ready < remote.paths
        if arm is not None:
            wrong[Cause.ROBOT_NOT_READY] = not (arm.homed and arm.robot_enabled)
            wrong[Cause.TRACKING] = arm.tracking_fault
        return wrong

    def _events(self, now: float) -> dict[Cause, bool]:
        """What happened since the last tick. Bad commands go on counting for their window."""
        while self._bad and now - self._bad[0] > BAD_WINDOW:
            self._bad.popleft()
        changed, self._session_changed = self._session_changed, False
        stopped, self._stop_pressed = self._stop_pressed, False
        return {
            Cause.REMOTE_STOP: stopped,
            Cause.PEER_RESTART: changed,
            Cause.BRIDGE_RESTART: self.bridge.take_restart(),
            Cause.ARM_RESTART: self.arms.take_restart(),
            Cause.BAD_COMMAND: len(self._bad) >= BAD_COUNT,
        }


def _grown(reported: float, since: float) -> float:
    """An age from a report, grown by the time since that report arrived; nonsense counts as for ever."""
    return reported + since if reported >= 0.0 else math.inf


def sentence(phase: Phase, cause: Cause, causes: tuple[Cause, ...]) -> str:
    """What to tell the people on both sides."""
    others = [CAUSES[each].sentence for each in causes if each is not cause]
    text = f"{phase.name}: {CAUSES[cause].sentence}"
    return f"{text} (also: {'; '.join(others)})" if others else text
