"""One end of the link without any I/O: bytes and times in, datagrams and events out (the shape of aioquic and h2).

How a peer is admitted. Each side asks a challenge in every heartbeat and answers the challenges it hears. A new peer life
(session, boot) is accepted only by an authentic heartbeat that answers the receiver's present challenge, and every acceptance
moves on to the next challenge. A recording of an old session therefore never gets in, not even one made under this very
receiver; and an accepted peer's own datagrams die in the replay window when they come twice. Commands, state and video are
taken from the accepted peer alone. Merge: every copy is authenticated, the first to arrive is delivered, whatever its path.

Keys come from handshakes outside (`keys`) and change under the running session without losing a datagram: epochs.py.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...errors import LocalLinkError, RemoteLinkError
from .clock import UNKNOWN, ClockEstimate
from .congestion import VideoShare
from .epochs import KeyRing, Life
from .events import Event, LinkHealth, PeerAccepted, Received
from .layouts import SEAL_BYTES
from .pacing import Pacer
from .paths import PathMonitor
from .seal import Role
from .sticky import Sticky, StickyMerge
from .window import ReplayWindow
from .wire import MAX_ANSWERS, Header, Heartbeat, Stream, decode_header, decode_heartbeat, encode_heartbeat

__all__ = ["Event", "LinkHealth", "LinkSession", "PeerAccepted", "Received"]  # stand in events.py, are looked for here

HEARTBEAT_S = 0.02  # per path; two fit into the 50 ms after which a silent path is DOWN
HURRY_S = 0.003  # after a change of what they repeat, MORE_COPIES of them follow so close: with each tick of the bridge, 4 ms
MORE_COPIES = 2  # a stop goes out three times on every path at once (peers.md), then at the usual pace
STRANGER_S = 1.0  # how long a stranger's challenge is answered
LARGEST = 2**32 - 1


@dataclass
class _Beat:
    """Newest heartbeat heard on a path, to be echoed there."""

    count: int = 0
    peer_sent: float = math.nan
    heard: float = math.nan
    next_at: float = -math.inf
    hurried: int = 0
    echoed: float = -math.inf  # newest own one that came back: a hurried answer brings the same one again, no news of a queue


class LinkSession:
    """Both directions of one end over all paths. ``session_id`` and ``boot``: random 32 bit numbers, new for every process start.

    ``key``: that of epoch 0; None: silent and deaf until `keys` gets one. ``rates``: path name -> contracted bit/s (missing: unlimited).
    """

    def __init__(
        self,
        role: Role,
        key: bytes | None,
        path_names: Sequence[str],
        session_id: int,
        boot: int,
        rates: Mapping[str, float] | None = None,
    ) -> None:
        _check(path_names, session_id, boot)
        self._identity = (session_id, boot)
        self.keys = KeyRing(key, role, self._identity)
        self._monitors = {name: PathMonitor(name) for name in path_names}
        self._numbers = {name: number for number, name in enumerate(path_names)}
        self._pacers = {name: Pacer((rates or {}).get(name, math.inf)) for name in path_names}
        self._shares = {name: VideoShare() for name in path_names}
        self._beats = {name: _Beat() for name in path_names}
        self._windows = {stream: ReplayWindow() for stream in Stream}
        self._strangers: OrderedDict[Life, tuple[int, float]] = OrderedDict()
        self._sticky, self._peers_sticky = Sticky(), StickyMerge(session_id)
        self._peer: Life | None = None
        self._peer_challenge = 0
        self._acceptances = 0
        self._refused = dict.fromkeys(("form", "epoch", "forged", "stranger", "replay", "payload"), 0)

    @property
    def session_id(self) -> int:
        """This end's own session."""
        return self._identity[0]

    @property
    def life(self) -> Life:
        """This end's (session, boot)."""
        return self._identity

    @property
    def peer(self) -> Life | None:
        """The admitted peer's (session, boot)."""
        return self._peer

    @property
    def established(self) -> bool:
        """A peer has been admitted."""
        return self._peer is not None

    def send(self, stream: Stream, payload: bytes, now: float, delay: float = 0.0, only: str | None = None) -> int:
        """Seal once, queue on every path or on ``only`` one; the sequence. ``delay`` [s] spreads video. LocalLinkError without a key."""
        sequence, datagram = self.keys.sealer.seal(stream, payload)
        for name in self._pacers if only is None else (only,):
            self._pacers[name].offer(stream, datagram, now, delay)
        return sequence

    def say(self, sticky: Sticky, now: float) -> None:
        """Every heartbeat says this from now on; a change leaves at once on every path."""
        if sticky == self._sticky:
            return
        self._sticky = sticky
        for beat in self._beats.values():
            beat.next_at, beat.hurried = now, MORE_COPIES

    def clocks(self, now: float) -> dict[str, ClockEstimate]:
        """Offset to the peer's clock as each path knows it; they differ by half the difference of the paths' asymmetries."""
        return {name: monitor.estimate(now) for name, monitor in self._monitors.items()}

    def datagrams_to_send(self, now: float) -> list[tuple[str, bytes]]:
        """Everything that is to leave now, heartbeats included: (path name, datagram) in order."""
        self.keys.tick(now)
        out = []
        for index, name in enumerate(self._pacers):
            if self.keys.ready and self._beats[name].next_at <= now:
                self._beat(index, name, now)
            out += [(name, datagram) for datagram in self._pacers[name].due(now)]
        return out

    def next_timer(self, now: float) -> float:
        """When ``datagrams_to_send`` should next be called [s]; inf where nothing waits and there is no key for heartbeats."""
        beats = min(beat.next_at for beat in self._beats.values()) if self.keys.ready else math.inf
        return max(now, min(beats, *(pacer.next_time(now) for pacer in self._pacers.values())))

    def receive(self, path: str, datagram: bytes, now: float) -> list[Event]:
        """Take one datagram from a path. Whatever is wrong with it is counted (``health().refused``), never raised."""
        try:
            header = decode_header(datagram)
        except RemoteLinkError:
            return self._refuse("form")
        life = (header.session, header.boot)
        known = self._peer == life
        if not self.keys.opener.accepts(header.key_epoch):
            return self._refuse("epoch")
        if not known and (header.stream is not Stream.HEARTBEAT or not self.keys.expects(life, header.key_epoch)):
            return self._refuse("stranger")
        try:
            payload = self.keys.opener.open(header, datagram)
        except RemoteLinkError:
            return self._refuse("forged")
        self.keys.heard(header.key_epoch, known, now)
        if known:
            return self._from_peer(path, header, payload, now)
        return self._from_stranger(header, payload, now)

    def health(self, now: float) -> LinkHealth:
        """Snapshot of all paths and counters."""
        fastest = min(monitor.transit for monitor in self._monitors.values())
        paths = tuple(monitor.health(now, fastest) for monitor in self._monitors.values())
        session = self._peer[0] if self._peer else 0
        key = self.keys.sealer.key_epoch, self.keys.age(now)
        return LinkHealth(self.established, session, paths, *self.up(now), self.clock(now), dict(self._refused), *key)

    def clock(self, now: float) -> ClockEstimate:
        """Offset to the peer's clock by the path with the smallest round trip among those that are up, else by the best known."""
        known = [monitor for monitor in self._monitors.values() if monitor.clock.samples]
        return min(known, key=lambda monitor: (monitor.down(now), monitor.clock.smallest)).estimate(now) if known else UNKNOWN

    def up(self, now: float) -> tuple[int, float]:
        """Paths that are up, and their smallest newest round trip [s]; of `health` what is asked for all the time."""
        trips = [monitor.clock.round_trip for monitor in self._monitors.values() if not monitor.down(now)]
        return len(trips), min(trips, default=math.inf)

    def silence(self, now: float) -> float:
        """Seconds since the admitted peer was last heard, on whatever path; inf where there is none."""
        return min(monitor.silence(now) for monitor in self._monitors.values()) if self._peer else math.inf

    def queue_drops(self, stream: Stream = Stream.VIDEO) -> int:
        """Datagrams of a paced stream that waited too long at this sender."""
        return sum(pacer.dropped[stream] for pacer in self._pacers.values())

    def waiting(self, stream: Stream) -> int:
        """Datagrams of a paced stream that have not left the slowest path yet."""
        return max(pacer.waiting(stream) for pacer in self._pacers.values())

    def _refuse(self, kind: str) -> list[Event]:
        self._refused[kind] += 1
        return []

    def _from_peer(self, path: str, header: Header, payload: bytes, now: float) -> list[Event]:
        monitor = self._monitors[path]
        beat = header.stream is Stream.HEARTBEAT  # sent over one path only: counts where it says it was sent, see _heard
        new_here = not beat and monitor.note(header.stream, header.sequence, now, SEAL_BYTES + len(payload))
        window = self._windows[header.stream]
        late = header.sequence < window.newest
        if not window.mark(header.sequence):
            self._refused["replay"] += not new_here  # a path's own first copy is redundancy, not a replay
            return []
        if beat:
            return self._heard(path, header.sequence, payload, now)
        return [Received(header.stream, header.sequence, payload, path, now, late)]

    def _heard(self, path: str, sequence: int, payload: bytes, now: float) -> list[Event]:
        monitor, echo = self._monitors[path], self._beats[path]
        events: list[Event] = []
        try:
            beat = decode_heartbeat(payload)
            events += self._peers_sticky.update(beat.sticky, (beat.sent, sequence), path, now)  # a stop counts over crossed cables too
            self._check_path(path, beat.path)
            monitor.note(Stream.HEARTBEAT, sequence, now, SEAL_BYTES + len(payload))
            if beat.sent < echo.peer_sent:
                return events  # overtaken by a newer one
            monitor.mtu.told(beat.largest)
            if beat.padded:
                return events  # a long datagram takes longer: it measures no time
            if not math.isnan(beat.peer_sent):
                monitor.clock.update(beat.peer_sent, beat.peer_heard, beat.sent, now)
                if beat.peer_sent > echo.echoed:
                    echo.echoed = beat.peer_sent
                    share = self._shares[path].update(beat.peer_heard - beat.peer_sent, monitor.clock.round_trip, now)
                    self._pacers[path].allow(share, now)
        except RemoteLinkError:
            return events + self._refuse("payload")
        monitor.time(beat.sent, now)
        self._peer_challenge = beat.challenge
        echo.peer_sent, echo.heard = beat.sent, now
        return events

    def _check_path(self, path: str, index: int) -> None:
        if index != self._numbers[path]:
            raise RemoteLinkError(f"heartbeat of path {index} came over path {self._numbers[path]} ({path}): the paths are crossed")

    def _from_stranger(self, header: Header, payload: bytes, now: float) -> list[Event]:
        try:
            beat = decode_heartbeat(payload)
        except RemoteLinkError:
            return self._refuse("payload")
        identity = (header.session, header.boot)
        if self._challenge() in beat.answers:
            return self._accept(identity, beat, header)
        self._strangers[identity] = (beat.challenge, now)
        self._strangers.move_to_end(identity)
        while len(self._strangers) > MAX_ANSWERS - 1:
            self._strangers.popitem(last=False)
        return self._refuse("stranger")

    def _accept(self, identity: Life, beat: Heartbeat, header: Header) -> list[Event]:
        replaced = self._peer is not None
        self._peer, self._peer_challenge = identity, beat.challenge
        self.keys.admitted(header.key_epoch)
        self.keys.opener.remember(*identity)
        # What was sent before, this heartbeat included, could have been recorded and held back.
        begin = (max(header.sequence + 1, beat.next_up[0]), *beat.next_up[1:])
        for stream in Stream:
            self._windows[stream].begin(begin[stream])
        self._strangers.pop(identity, None)
        for name, monitor in self._monitors.items():
            monitor.reset(begin)
            self._beats[name].peer_sent = self._beats[name].heard = math.nan
            self._shares[name] = VideoShare()  # another peer's clock
        self._peers_sticky.reset()
        self._acceptances += 1
        return [PeerAccepted(identity[0], replaced)]

    def _challenge(self) -> int:
        return self.keys.challenge(self._acceptances)

    def _beat(self, index: int, name: str, now: float) -> None:
        beat = self._beats[name]
        period = HURRY_S if beat.hurried else HEARTBEAT_S
        beat.hurried = max(0, beat.hurried - 1)
        beat.next_at = max(beat.next_at + period, now + period / 2.0)
        beat.count = beat.count + 1 & LARGEST
        asked = [challenge for challenge, at in self._strangers.values() if now - at < STRANGER_S]
        answers = ([self._peer_challenge] if self._peer else []) + asked
        mtu, sealer, challenge = self._monitors[name].mtu, self.keys.sealer, self._challenge()
        stamps = now, beat.peer_sent, beat.heard
        probe = mtu.due(now) if self._peer else 0  # beside the ordinary one, which must come through on a narrow path too
        for size in (0, probe) if probe else (0,):
            told = sealer.next_up(), self._sticky, mtu.largest(now)
            payload = encode_heartbeat(Heartbeat(index, beat.count, challenge, tuple(answers), *stamps, *told), size)
            self._pacers[name].offer(Stream.HEARTBEAT, sealer.seal(Stream.HEARTBEAT, payload)[1], now)


def _check(path_names: Sequence[str], session_id: int, boot: int) -> None:
    if not path_names or len(set(path_names)) != len(path_names):
        raise LocalLinkError(f"paths {list(path_names)}; wanted at least one, each named once")
    if not 0 < session_id <= LARGEST or not 0 <= boot <= LARGEST:
        raise LocalLinkError(f"session {session_id} and boot {boot}; wanted 1 to {LARGEST} and 0 to {LARGEST}")
