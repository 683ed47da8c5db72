"""Two sessions back to back over paths with a delay and patterned loss. Time is a number."""

from telesurgery_nodes.core.link.seal import Role
from telesurgery_nodes.core.link.session import LinkSession, Received

KEY, PATHS, STEP = bytes(range(32)), ("a", "b"), 0.004


def end(role, session=11, boot=1, key=KEY, paths=PATHS):
    return LinkSession(role, key, paths, session, boot)


class Wire:
    """Carries datagrams between two ends with a delay per path; ``lose(path, direction, number)`` says what gets lost."""

    def __init__(self, surgeon, patient, delay=None, lose=lambda path, way, number: False, skew=0.0):
        self.ends = {"up": surgeon, "down": patient}
        self.delay, self.lose, self.skew = delay or {"a": 0.1, "b": 0.12}, lose, skew
        self.now, self.number, self.flying = 100.0, 0, []
        self.events = {"surgeon": [], "patient": []}
        self.record = []

    def run(self, seconds, each=lambda now: None):
        until = self.now + seconds
        while self.now < until:
            self.now += STEP
            each(self.now)
            for way, sender in self.ends.items():
                own = self.now + (self.skew if way == "down" else 0.0)
                for path, datagram in sender.datagrams_to_send(own):
                    self.number += 1
                    self.record.append((way, path, datagram))
                    if not self.lose(path, way, self.number):
                        self.flying.append((self.now + self.delay[path], self.number, way, path, datagram))
            self.flying.sort()
            while self.flying and self.flying[0][0] <= self.now:
                at, _, way, path, datagram = self.flying.pop(0)
                name = "patient" if way == "up" else "surgeon"
                receiver = self.ends["down" if way == "up" else "up"]
                self.events[name] += receiver.receive(path, datagram, at + (self.skew if name == "patient" else 0.0))

    def got(self, name, stream):
        return [event.payload for event in self.events[name] if isinstance(event, Received) and event.stream is stream]


def pair(**how):
    wire = Wire(end(Role.SURGEON, 11), end(Role.PATIENT, 22), **how)
    wire.run(1.0)
    return wire
