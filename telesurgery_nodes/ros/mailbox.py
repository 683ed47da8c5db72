"""Subscriptions that a node reads itself at its own pace instead of being woken by every message.

A callback costs 120 us of a core per message (two thread switches, the executor, the interpreter), a look at the middleware's queue
20 us, and 2 us when it is empty. A control loop that runs at 250 Hz anyway loses at most one tick by looking, and the newest still wins:
the queue holds one. Messages are taken as bytes, and the types that go fast become light values (decode.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import MessageError
from .decode import decode

MALFORMED = "malformed_messages"


class Mailbox:
    """One set of subscriptions that are read together."""

    def __init__(self, subscribe: Callable[..., Any], count: Callable[[str], None]) -> None:
        """``subscribe(key, callback, **fill)`` makes a subscription; ``count(name)`` counts what is no message."""
        self._make, self._count = subscribe, count
        self._looks: list[tuple[Any, Callable[..., Any], type]] = []  # subscription, how its queue is taken from, type

    def __contains__(self, subscription: object) -> bool:
        return any(own is subscription for own, _, _ in self._looks)

    def subscribe(self, key: str, callback: Callable[[Any], None], **fill: str) -> None:
        """Subscription to a row of channels.py; ``callback`` runs in `read`."""
        made = self._make(key, callback, **fill)
        self._looks.append((made, made.handle.take_message, made.msg_type))

    def read(self) -> None:
        """Hand over what has come since the last look.

        Not inside ``with handle``, which keeps another thread from destroying it meanwhile and costs twice what a look does: a node's
        mailboxes are read and destroyed by its own thread.
        """
        for subscription, take, kind in self._looks:
            taken = take(kind, True)
            if taken is not None:
                self._hand_over(subscription, taken[0])

    def _hand_over(self, subscription: Any, raw: bytes) -> None:
        try:
            msg = decode(subscription.msg_type, raw)
        except MessageError:
            self._count(MALFORMED)
        else:
            subscription.callback(msg)
