"""The safety state machine as tables: who may go where, when, and which local orders are valid.

Going down needs no permission; going up needs one party, an edge, and every precondition. ``RULES`` and ``ORDERS`` are walked, never
special-cased; docs/safety.md is generated from them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from telesurgery_nodes.core.safety.causes import CAUSES, Cause, Scope, Tier
from telesurgery_nodes.core.values import Phase

CALM_TIME = 2.0  # the link must have been healthy this long before following may begin again [s] (safety.md section 3)

ENABLED = frozenset({Phase.HOLDING, Phase.ALIGNING, Phase.FOLLOWING, Phase.CLUTCHED, Phase.COAST_HOLD, Phase.PAUSED})
MOVING = frozenset({Phase.FOLLOWING, Phase.CLUTCHED, Phase.COAST_HOLD})


@dataclass(frozen=True)
class Wish:
    """What the surgeon side asks for, as last reported. ``press_count``: presses of the engage pedal in this session."""

    head: bool = False
    engage: bool = False
    clutch: bool = False
    follow: bool = False
    aligning: bool = False
    press_count: int = 0


@dataclass(frozen=True)
class Observation:
    """One tick's input. ``tiers``: every cause that bites now; ``heard``: all reports have been heard; ``ready``: homed, enabled."""

    tiers: Mapping[Cause, Tier]
    wish: Wish
    heard: bool
    ready: bool


@dataclass(frozen=True)
class Facts:
    """What the guards look at."""

    worst: Tier
    blocked: bool
    heard: bool
    ready: bool
    enable: bool
    present: bool
    clutch: bool
    follow: bool
    aligning: bool
    fresh_press: bool
    calm: bool
    released: bool


@dataclass(frozen=True)
class State:
    """The machine's output. ``motion`` only ever in FOLLOWING; ``cause`` is why not."""

    phase: Phase
    motion: bool
    motion_epoch: int
    cause: Cause


@dataclass(frozen=True)
class Rule:
    """From the phases ``sources``, when ``guard`` holds, go to ``target``. ``when`` is the guard in words."""

    sources: frozenset[Phase]
    when: str
    guard: Callable[[Facts], bool]
    target: Phase


def _may_follow(facts: Facts) -> bool:
    wanted = facts.follow and facts.present and facts.fresh_press and not facts.clutch
    return wanted and facts.ready and facts.calm and not facts.blocked


def _may_go_on(facts: Facts) -> bool:
    return facts.follow and facts.present and not facts.clutch and not facts.fresh_press and facts.ready and not facts.blocked


def _rule(sources: frozenset[Phase] | Phase, when: str, guard: Callable[[Facts], bool], target: Phase) -> Rule:
    return Rule(frozenset({sources}) if isinstance(sources, Phase) else sources, when, guard, target)


_ALIGN = "the surgeon aligns the masters and nothing blocks"
_FOLLOW = "follow, pedal and head present, a press not yet used, clutch up, arm homed, 2 s calm, nothing blocks"
_GO_ON = "clutch up, follow, same press still held, nothing blocks"
_RESUME = "every cause gone for 2 s, engage pedal seen released since, arm homed"

# The first rule that fits wins, so the order is the severity lattice: FAULT > PAUSED > HOLDING > COAST_HOLD > CLUTCHED > FOLLOWING.
RULES: tuple[Rule, ...] = (
    _rule(frozenset(Phase) - {Phase.FAULT}, "a cause forces FAULT", lambda f: f.worst >= Tier.FAULT, Phase.FAULT),
    _rule(ENABLED, "a cause in scope has lasted beyond its latch time", lambda f: f.worst >= Tier.LATCH, Phase.PAUSED),
    _rule(Phase.SELFTEST, "both reports heard", lambda f: f.heard, Phase.STANDBY),
    _rule(Phase.STANDBY, "locally enabled, arm homed and enabled", lambda f: f.enable and f.ready and f.heard, Phase.HOLDING),
    _rule(Phase.PAUSED, _RESUME, lambda f: f.calm and f.released and f.ready, Phase.HOLDING),
    _rule(frozenset({Phase.HOLDING, Phase.ALIGNING}), _FOLLOW, _may_follow, Phase.FOLLOWING),
    _rule(Phase.HOLDING, _ALIGN, lambda f: f.aligning and f.present and not f.blocked, Phase.ALIGNING),
    _rule(Phase.ALIGNING, "not aligning any more", lambda f: not (f.aligning and f.present) or f.blocked, Phase.HOLDING),
    _rule(MOVING, "pedal released, head out, or pressed anew", lambda f: not f.present or f.fresh_press, Phase.HOLDING),
    _rule(frozenset({Phase.FOLLOWING, Phase.COAST_HOLD}), "a cause beyond its hold time", lambda f: f.blocked, Phase.COAST_HOLD),
    _rule(frozenset({Phase.FOLLOWING, Phase.COAST_HOLD}), "clutch down", lambda f: f.clutch, Phase.CLUTCHED),
    _rule(frozenset({Phase.CLUTCHED, Phase.COAST_HOLD}), _GO_ON, _may_go_on, Phase.FOLLOWING),
    _rule(frozenset({Phase.FOLLOWING, Phase.COAST_HOLD}), "the surgeon side stopped following", lambda f: not f.follow, Phase.HOLDING),
)


@dataclass(frozen=True)
class Order:
    """One local order: the phases it is valid in, what it leads to (None: stays), and what to say when it is refused."""

    sources: frozenset[Phase]
    target: Phase | None
    effect: str
    refusal: str


ORDERS: Mapping[str, Order] = MappingProxyType(
    {
        "enable": Order(
            frozenset({Phase.STANDBY}) | ENABLED,  # in PAUSED too: a robot whose own brake tripped waits for it
            None,
            "lets the robot's own brake go; from STANDBY to HOLDING as soon as the arm is homed",
            "enable is valid in STANDBY and while enabled; after a fault reset first",
        ),
        "home": Order(  # not in PAUSED: nothing moves there, so the arm would lose its home and could not find it again
            frozenset({Phase.STANDBY}), None, "lets the local arms home", "homing is valid in STANDBY only; disable leads there"
        ),
        "disable": Order(frozenset(Phase) - {Phase.FAULT}, Phase.STANDBY, "no remote motion until enabled again", "a fault needs a reset"),
        "pause": Order(ENABLED, Phase.PAUSED, "holds until resumed locally", "pause is valid while enabled; nothing may move now anyway"),
        "resume": Order(frozenset({Phase.PAUSED}), None, "takes the local pause back", "resume is valid in PAUSED only"),
        "stop": Order(frozenset(Phase), Phase.FAULT, "emergency stop, latched", ""),
        "reset": Order(frozenset({Phase.FAULT}), Phase.STANDBY, "leaves FAULT, does not move", "reset is valid in FAULT only"),
    }
)


class Machine:
    """Walks ``RULES``. One ``update`` per tick; local orders come in between by ``order``."""

    def __init__(self) -> None:
        self.phase = Phase.SELFTEST
        self.motion_epoch = 0
        self._enable = False
        self._local: set[Cause] = set()
        self._used_press = 0
        self._noisy_at: float | None = None
        self._released = False
        self._why = Cause.STARTUP
        self._faults: frozenset[Cause] = frozenset()
        self._heard = False

    @property
    def state(self) -> State:
        """The present output."""
        return State(self.phase, self.phase is Phase.FOLLOWING, self.motion_epoch, self._why)

    def order(self, name: str) -> tuple[bool, str]:
        """A local order: (accepted, what happens or why not). It acts at once, before the next tick."""
        order = ORDERS.get(name)
        if order is None:
            return False, f"unknown order {name!r}; valid: {', '.join(ORDERS)}"
        if self.phase not in order.sources:
            return False, f"{name} refused in {self.phase.name}: {order.refusal}"
        if name == "reset" and self._faults:
            return False, f"reset refused: {CAUSES[min(self._faults)].sentence}"
        if name == "resume" and Cause.LOCAL_PAUSE not in self._local:
            return False, f"resume refused: not paused locally, but because {CAUSES[self._why].sentence}; it clears by itself"
        self._accept(name, order)
        return True, order.effect

    def _accept(self, name: str, order: Order) -> None:
        marks = {"pause": Cause.LOCAL_PAUSE, "stop": Cause.LOCAL_STOP}
        if name in marks:
            self._local.add(marks[name])
            self._why = marks[name]
        if name in {"resume", "reset", "disable"}:
            self._local.clear()
        if name in {"disable", "reset", "stop", "enable"}:
            self._enable = name == "enable"
        if order.target is not None:
            self._go(order.target if self._heard or order.target is not Phase.STANDBY else Phase.SELFTEST)

    def update(self, seen: Observation, now: float) -> State:
        """One tick. ``now`` [s] steady clock."""
        tiers = {**seen.tiers, **{cause: CAUSES[cause].forces for cause in self._local}}
        self._heard = seen.heard
        self._faults = frozenset(c for c, tier in tiers.items() if tier >= Tier.FAULT and c is not Cause.LOCAL_STOP)
        anywhere = max(tiers.values(), default=Tier.CLEAR)
        noisy = anywhere >= Tier.LATCH or (self.phase is Phase.PAUSED and anywhere >= Tier.HOLD)
        if noisy or self._noisy_at is None:
            self._noisy_at = now
        if noisy or self.phase not in ENABLED or self.phase is Phase.PAUSED:
            self._used_press = seen.wish.press_count  # a press while it could not count is spent
        self._released = self._released or not seen.wish.engage
        facts = self._facts(seen, tiers, now - self._noisy_at >= CALM_TIME)
        rule = next((rule for rule in RULES if self.phase in rule.sources and rule.guard(facts)), None)
        self._explain(tiers, rule)
        if rule is not None and rule.target is not self.phase:
            self._enter(rule.target, seen.wish)
        return self.state

    def _facts(self, seen: Observation, tiers: Mapping[Cause, Tier], calm: bool) -> Facts:
        wish = seen.wish
        return Facts(
            worst=max((tier for cause, tier in tiers.items() if in_scope(cause, self.phase)), default=Tier.CLEAR),
            blocked=any(tier >= Tier.HOLD for tier in tiers.values()),
            heard=seen.heard,
            ready=seen.ready,
            enable=self._enable,
            present=wish.head and wish.engage,
            clutch=wish.clutch,
            follow=wish.follow,
            aligning=wish.aligning,
            fresh_press=wish.press_count > self._used_press,
            calm=calm,
            released=self._released,
        )

    def _explain(self, tiers: Mapping[Cause, Tier], rule: Rule | None) -> None:
        """Keep the cause that latched; otherwise show the worst that bites now."""
        latched = self.phase in {Phase.PAUSED, Phase.FAULT} and rule is None
        worst = max(tiers, key=lambda cause: (tiers[cause], in_scope(cause, self.phase)), default=Cause.NONE)
        if not latched:
            self._why = worst if tiers.get(worst, Tier.CLEAR) > Tier.NOTE else Cause.NONE

    def _enter(self, target: Phase, wish: Wish) -> None:
        if target is Phase.FOLLOWING and self.phase not in MOVING:
            self.motion_epoch += 1
            self._used_press = wish.press_count
        self._go(target)

    def _go(self, target: Phase) -> None:
        if target is Phase.PAUSED:
            self._released = False
        self.phase = target


def in_scope(cause: Cause, phase: Phase) -> bool:
    """Whether a cause drives the phase here (outside it only forbids entering FOLLOWING)."""
    scope = CAUSES[cause].scope
    if scope is Scope.MOVING:
        return phase in MOVING
    return phase in ENABLED if scope is Scope.ENABLED else scope is Scope.ALWAYS
