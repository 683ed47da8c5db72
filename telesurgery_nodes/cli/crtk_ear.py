"""Listens to an arm's CRTK topics, whatever their types and QoS are, and asks it things where that is allowed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from ..core.crtk.evidence import Reaction, Sample, Topic
from ..core.crtk.judge import STREAMS, TYPES
from ..errors import ConfigError

FOUND = 10.0  # [s] until the first publisher is known; a busy machine was seen to need more than 2
DISCOVERY = 2.0  # [s] more until all are
LATE = 1.0  # [s] a latched state comes at once ...
LATEST = 4.0  # [s] ... or, on a busy machine, in this time more
STEP = 0.002  # [rad or m] of the first joint with --active
REACTION = 5.0  # [s] a state or a move of STEP takes no longer
STEP_DONE = 2e-4  # [rad or m] of STEP
HEARD = (*STREAMS, "local/measured_cp", "operating_state", "warning")


def _stamp(time_msg: Any) -> float:
    return float(time_msg.sec) + time_msg.nanosec * 1e-9


def sample_of(msg: Any, at: float, arrived: float) -> Sample:
    """Numbers of a JointState, a PoseStamped, a TwistStamped or a state."""
    header = getattr(msg, "header", None)
    stamp, frame = (_stamp(header.stamp), header.frame_id) if header is not None else (0.0, "")
    if hasattr(msg, "pose"):
        p, r = msg.pose.position, msg.pose.orientation
        return Sample(at, arrived, stamp, frame, (p.x, p.y, p.z, r.w, r.x, r.y, r.z))
    if hasattr(msg, "position"):
        return Sample(at, arrived, stamp, frame, tuple(msg.position), tuple(msg.velocity))
    word = next((getattr(msg, name) for name in ("state", "string", "data") if isinstance(getattr(msg, name, None), str)), "")
    return Sample(at, arrived, stamp, frame, word=word)


def message_class(kind: str) -> Any:
    """Class of ``package/msg/Name``."""
    package, _, name = kind.partition("/msg/")
    return getattr(import_module(f"{package}.msg"), name)


class Ear:
    """A node of its own in a context of its own. Close it."""

    def __init__(self, namespace: str, domain: int | None) -> None:
        """``namespace`` of the arm; ``domain`` None: as the environment says."""
        os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        import rclpy
        from rclpy.executors import SingleThreadedExecutor
        from rclpy.signals import SignalHandlerOptions

        self.prefix = "/" + namespace.strip("/")
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=domain, signal_handler_options=SignalHandlerOptions.NO)
        self.node = rclpy.create_node("crtk_check", context=self._context, enable_rosout=False, start_parameter_services=False)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self.samples: dict[str, list[Sample]] = {name: [] for name in HEARD}
        self._known: dict[str, Topic] = {}
        self.late_state: bool | None = None

    def spin(self, seconds: float, until: Callable[[], bool] = lambda: False) -> float:
        """Listen for ``seconds`` or until something holds; how long it was [s]."""
        since = time.monotonic()
        while (left := since + seconds - time.monotonic()) > 0.0 and not until():
            self._executor.spin_once(timeout_sec=min(left, 0.05))
        return time.monotonic() - since

    def listen(self, seconds: float) -> None:
        """Find the arm, subscribe to what it publishes, and collect."""
        there = self.node.get_publishers_info_by_topic
        self.spin(FOUND, lambda: any(there(f"{self.prefix}/{name}") for name in TYPES))
        self.spin(DISCOVERY, lambda: all(there(f"{self.prefix}/{name}") for name in TYPES))
        if not any(there(f"{self.prefix}/{name}") for name in TYPES):
            raise ConfigError(f"crtk-check: wanted an arm that publishes below {self.prefix}, got nobody; here: {self.arms() or 'no arm'}")
        for name in HEARD:
            self._subscribe(name)
        self.spin(LATE)
        self.spin(LATEST, lambda: not self._known["operating_state"].type or bool(self.samples["operating_state"]))
        if self._known["operating_state"].type:
            self.late_state = bool(self.samples["operating_state"])
        for name in HEARD:
            if name != "operating_state":
                self.samples[name].clear()  # the first ones came in a bunch while the subscriptions were made
        self.spin(seconds)

    def arms(self) -> str:
        """Namespaces that publish measured_js."""
        names = (name.rpartition("/") for name, _ in self.node.get_topic_names_and_types())
        return ", ".join(sorted(before for before, _, last in names if last == "measured_js"))

    def _subscribe(self, name: str) -> None:
        from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

        found = self.node.get_publishers_info_by_topic(f"{self.prefix}/{name}")
        reliable = bool(found) and all(one.qos_profile.reliability == ReliabilityPolicy.RELIABLE for one in found)
        latched = bool(found) and all(one.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL for one in found)
        kind = found[0].topic_type if found else ""
        self._known[name] = Topic(name, kind, reliable, latched)
        if not kind:
            return
        qos = QoSProfile(
            depth=100,
            reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
            durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
        )
        try:
            message = message_class(kind)
        except (ImportError, AttributeError):
            return  # a type that is not installed here: known by name, and not heard
        self.node.create_subscription(message, f"{self.prefix}/{name}", lambda msg: self._take(name, msg), qos)

    def _take(self, name: str, msg: Any) -> None:
        self.samples[name].append(sample_of(msg, time.monotonic(), self.node.get_clock().now().nanoseconds * 1e-9))

    def topics(self) -> dict[str, Topic]:
        """Everything heard."""
        return {
            name: Topic(name, known.type, known.reliable, known.latched, tuple(self.samples[name])) for name, known in self._known.items()
        }

    def word(self) -> str:
        """The newest state."""
        states = self.samples["operating_state"]
        return states[-1].word if states else ""

    def ask_states(self) -> list[Reaction]:
        """Pause and resume, and hold, each with what came of it. The arm must be ENABLED."""
        from std_msgs.msg import Empty

        from ..ros.crtk import word_msg

        kind = self._command_kind()
        words = self.node.create_publisher(kind, f"{self.prefix}/state_command", 10)
        holds = self.node.create_publisher(Empty, f"{self.prefix}/hold", 10)
        self.spin(REACTION, lambda: words.get_subscription_count() > 0 and holds.get_subscription_count() > 0)
        steps = []
        for word, wanted in (("enable", "ENABLED"), ("pause", "PAUSED"), ("resume", "ENABLED")):
            words.publish(word_msg(kind, word, self.node.get_clock().now().to_msg()))
            after = self.spin(REACTION, lambda wanted=wanted: self.word() == wanted)  # type: ignore[misc]
            steps.append(Reaction(word, wanted, self.word() or "nothing", self.word() == wanted, after))
        holds.publish(Empty())
        before = self._joints()
        after = self.spin(0.5)
        moved = max((abs(a - b) for a, b in zip(before, self._joints(), strict=True)), default=float("nan"))
        steps.append(Reaction("hold", "a standing arm", f"{moved:.2g} rad or m of motion", moved <= STEP_DONE, after))
        return steps

    def ask_move(self) -> Reaction:
        """move_jp of the first joint by STEP and back."""
        from sensor_msgs.msg import JointState

        moves = self.node.create_publisher(JointState, f"{self.prefix}/move_jp", 10)
        self.spin(REACTION, lambda: moves.get_subscription_count() > 0)
        start = self._joints()
        worst, after = 0.0, 0.0
        for way in (STEP, 0.0) if start else ():
            goal = start[0] + way
            msg = JointState(position=[goal, *start[1:]])
            msg.header.stamp = self.node.get_clock().now().to_msg()
            moves.publish(msg)
            after = self.spin(REACTION, lambda goal=goal: abs(self._joints()[0] - goal) <= STEP_DONE)  # type: ignore[misc]
            worst = max(worst, abs(self._joints()[0] - goal))
        seen = f"{worst:.2g} rad or m off" if start else "no measured_js"
        reached = bool(start) and worst <= STEP_DONE
        return Reaction(f"move_jp by {STEP} rad or m and back", "both reached", seen, reached, after, self._excuse())

    def _excuse(self) -> str:
        """What the arm said last about why it did not."""
        warnings = self.samples["warning"]
        return warnings[-1].word if warnings and "/move_jp" in warnings[-1].word else ""

    def _joints(self) -> tuple[float, ...]:
        samples = self.samples["measured_js"]
        return samples[-1].values if samples else ()

    def _command_kind(self) -> Any:
        found = self.node.get_subscriptions_info_by_topic(f"{self.prefix}/state_command")
        return message_class(found[0].topic_type if found else "std_msgs/msg/String")

    def close(self) -> None:
        """Leave."""
        self._executor.remove_node(self.node)
        self.node.destroy_node()
        self._context.try_shutdown()
