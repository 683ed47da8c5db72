"""Further ROS topics over the link, both ends: serialized messages in, the same bytes out under the same name at the other site.

What may cross is the topics file's business (core/link/topics.py), and no topic of the suite, of safety, or that moves an arm is let
into it: motion crosses only as sealed commands, behind anchor, permit and gate.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from importlib import import_module
from typing import TYPE_CHECKING, Any

import yaml

from ..channels import CHANNELS, Channel
from ..core.link.layouts import LAYOUTS
from ..core.link.reliable import KIND_ACK, MAX_MESSAGE, Message, ReliableReceiver, ReliableSender
from ..core.link.session import PeerAccepted, Received
from ..core.link.topics import TABLE, RateGate, Topic, disagreements, topics_from
from ..core.link.wire import VIDEO_ROOM, Stream
from ..core.video.fragments import Fragmenter, Reassembler
from ..errors import ConfigError, RemoteLinkError
from ..resources import find_file
from ..ros.endpoints import offered, requested

if TYPE_CHECKING:
    from .teleop_bridge import TeleopBridge

RECORD = LAYOUTS["topic"].made()
AT_PACER = 32  # datagrams that may wait there: 40 kB, little enough that a newer message overtakes them at the sender
RELIABLE_DEPTH = 100  # messages that may come while the executor is busy
MAX_TOLD = 100  # different warnings; a peer must not fill the log
TIMEOUT = 1.0  # [s] an unfinished newest-wins message older than this is given up
# CRTK's words that move an arm or change its state; not all of them are channels of the suite.
MOTION = re.compile(r"(.*/)?((servo|move|interpolate)_\w+|state_command|hold|free)")
SAFETY = re.compile(r"(.*/)?(safety|rosout|parameter_events|clock)(/.*)?")


def _pattern(channel: Channel) -> re.Pattern[str]:
    parts = re.split(r"\{\w+\}", channel.name.lstrip("/"))
    return re.compile("(.*/)?" + "[^/]+".join(map(re.escape, parts)))


SUITE = {_pattern(channel): channel.name for channel in CHANNELS.values()}


def refusal(name: str) -> str:
    """Why ``name`` must not cross as a further topic, in whatever namespace; "" where it may."""
    bare = name.lstrip("/")
    if SAFETY.fullmatch(bare):
        return "safety and the graph's own topics stay at their site"
    if MOTION.fullmatch(bare):
        return "what moves an arm crosses only as a sealed command"
    return next((f"it is {own} of the suite" for pattern, own in SUITE.items() if pattern.fullmatch(bare)), "")


def load_topics(path: str) -> tuple[Topic, ...]:
    """Rows of a file of this package or a path; none where ``path`` is empty."""
    if not path:
        return ()
    try:
        return topics_from(yaml.safe_load(find_file(path, "topics_file").read_text(encoding="utf-8")), refusal)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"topics file {path}: {error}") from error


def message_type(topic: Topic) -> Any:
    """The message class. ConfigError where this site does not have it."""
    package, _, name = topic.type.split("/")
    try:
        return getattr(import_module(f"{package}.msg"), name)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"topic {topic.name}: type {topic.type} is not installed at this site: {error}") from error


class BridgeTopics:
    """Sends what this site hears, publishes what the other one sent. Called with the node's lock held, as the rest of the bridge."""

    def __init__(self, node: TeleopBridge) -> None:
        """Make the endpoints; refuse what the file must not ask for."""
        self._node = node
        self._topics = load_topics(node.params.topics_file)
        self._sender, self._receiver = ReliableSender(), ReliableReceiver(node.session.session_id)
        self._fragmenter = Fragmenter(VIDEO_ROOM - RECORD.size)
        self._gates = {topic: RateGate(topic.rate, topic.rate if topic.priority == "reliable" else 1.0) for topic in self._topics}
        self._pending: dict[Topic, bytes] = {}
        self._numbers: Counter[Topic] = Counter()
        self._told: set[str] = set()
        self._publishers: dict[int, tuple[Topic, Any]] = {}
        self._forget()
        for topic in self._topics:
            self._endpoint(topic)

    def _forget(self) -> None:
        self._open = {topic.number: Reassembler(TIMEOUT) for topic in self._topics if topic.priority == "latest"}

    def _endpoint(self, topic: Topic) -> None:
        node, kind = self._node, message_type(topic)
        resolved = node.resolve_topic_name(topic.name)
        if refusal(resolved):
            raise ConfigError(f"topic {topic.name} is remapped to {resolved}: {refusal(resolved)}")
        channel = Channel(topic.name, topic.type, "both", topic.rate, "", depth=RELIABLE_DEPTH if topic.priority == "reliable" else 1)
        if topic.sender is node.role:
            node.create_subscription(kind, topic.name, lambda data, topic=topic: self._heard(topic, data), requested(channel), raw=True)
        else:
            self._publishers[topic.number] = topic, node.create_publisher(kind, topic.name, offered(channel))

    def _heard(self, topic: Topic, data: bytes) -> None:
        with self._node.lock:
            if len(data) > MAX_MESSAGE:
                self._refuse("topics_oversize", f"topic {topic.name}: a message of {len(data)} B is not sent; at most {MAX_MESSAGE}")
            elif not self._node.session.established:
                self._node.count("topics_without_peer")
            elif topic.priority == "latest":
                self._pending[topic] = data
            elif not self._gates[topic].open(self._node.now()):
                self._refuse("topics_too_fast", f"topic {topic.name}: more than {topic.rate:g} messages a second; the others are dropped")
            elif not self._sender.offer(topic.number, data):
                self._refuse("topics_queue_full", f"topic {topic.name}: the link is too slow for it; messages are dropped")

    def _refuse(self, counter: str, sentence: str) -> None:
        self._node.count(counter)
        if sentence not in self._told and len(self._told) < MAX_TOLD:
            self._told.add(sentence)
            self._node.get_logger().warning(sentence)

    def peer_accepted(self, event: PeerAccepted) -> None:
        """Begin anew, and tell the other side what this side's file lists."""
        self._sender.restart(event.session)
        self._receiver = ReliableReceiver(self._node.session.session_id)  # this end's session may be another one by now
        self._forget()
        self._pending.clear()
        rows = [(topic.name, topic.type, topic.direction, topic.priority) for topic in self._topics]
        self._sender.offer(TABLE, json.dumps(rows).encode())

    def received(self, event: Received) -> None:
        """A datagram of stream 4 or 5. RemoteLinkError where it is malformed."""
        if event.stream is Stream.TOPIC:
            self._take_latest(event)
        elif event.payload[:1] == bytes((KIND_ACK,)):
            self._sender.acknowledge(event.payload, event.at)
        else:
            for message in self._receiver.take(event.payload):
                self._take_whole(message)

    def _take_latest(self, event: Received) -> None:
        number = RECORD.unpack_from(event.payload)[0] if len(event.payload) > RECORD.size else TABLE
        if number not in self._open:
            self._node.count("topics_not_listed")
            return
        whole = self._open[number].push(event.payload[RECORD.size :], event.at)
        if whole is not None:
            self._publish(number, whole.data, "latest")

    def _take_whole(self, message: Message) -> None:
        if message.topic == TABLE:
            self._compare(message.data)
        else:
            self._publish(message.topic, message.data, "reliable")

    def _publish(self, number: int, data: bytes, priority: str) -> None:
        topic, publisher = self._publishers.get(number, (None, None))
        if topic is None or publisher is None or topic.priority != priority:
            self._node.count("topics_not_listed")
            return
        publisher.publish(data)

    def _compare(self, data: bytes) -> None:
        try:
            rows = tuple((str(name), str(kind), str(way), str(priority)) for name, kind, way, priority in json.loads(data))
        except (ValueError, TypeError) as error:
            raise RemoteLinkError(f"the other site's list of topics cannot be read: {error}") from error
        for sentence in disagreements(self._topics, rows):
            self._refuse("topics_disagree", sentence)

    def tick(self, now: float) -> None:
        """Send what is due."""
        session = self._node.session
        if not session.established or not (self._receiver.owes or self._sender.queued or self._pending):
            return
        answer = self._receiver.answer()
        for payload in [answer] if answer else []:
            self._node.send(Stream.RELIABLE, payload, now)
        for payload in self._sender.due(now, max(0, AT_PACER - session.waiting(Stream.RELIABLE))):
            self._node.send(Stream.RELIABLE, payload, now)
        for topic in [topic for topic in self._pending if session.waiting(Stream.TOPIC) < AT_PACER and self._gates[topic].open(now)]:
            self._numbers[topic] += 1
            for part in self._fragmenter.split(self._numbers[topic], now, False, self._pending.pop(topic)):
                self._node.send(Stream.TOPIC, RECORD.pack(topic.number) + part, now)

    def diagnose(self) -> dict[str, object]:
        """Counters, where there is anything to count."""
        if not self._topics:
            return {}
        return {"topics_queued_bytes": self._sender.queued, "topics_resent": self._sender.resent, "topics_dropped": self._sender.dropped}
