"""Which key seals and which open, while keys change under a running session. A key comes from a handshake and lives an hour at most.

| when                                     | what                                                                                |
| ---------------------------------------- | ----------------------------------------------------------------------------------- |
| a handshake agreed on an epoch           | its datagrams are accepted, from the life the handshake named and from no other     |
| the surgeon's side has the patient's yes | it seals with the new epoch; the patient's side already accepts it                  |
| an authentic datagram of a newer epoch   | the other side has it too: this side seals with it                                  |
| RETIRE_S later                           | older epochs are refused: what was under way on the slowest path has come           |
| KEY_LIFE_S after its handshake           | nothing is sealed or opened with it: without a new handshake both sides fall silent |

Since each side accepts an epoch before anyone seals with it, no datagram is lost by the change.
"""

from __future__ import annotations

import math
from collections.abc import Collection

from ...errors import LocalLinkError
from .seal import LAST_EPOCH, Opener, Role, Sealer, challenge_of

KEPT_UNHEARD = 2  # epochs agreed on that the peer has not used: a handshake whose last word was lost is made again
RETIRE_S = 2.0  # wan.md 8.2; more than the skew of any two paths
KEY_LIFE_S = 3600.0  # safety.md 8.2: a new key at least every hour

Life = tuple[int, int]  # (session, boot) of one process start


class KeyRing:
    """Sealer, opener and the epochs between them. ``key`` None: nothing can be sealed or opened before the first handshake."""

    def __init__(self, key: bytes | None, role: Role, life: Life) -> None:
        self._role, self._life = role, life
        self.sealer = Sealer(key, role, *life)
        self.opener = Opener(key, role)
        self._secret = key
        self._challenge: tuple[int, int] | None = None  # count and answer under the present secret: every heartbeat asks it
        self._keys: dict[int, bytes] = {0: key} if key is not None else {}
        self._since: dict[int, float] = {}
        self._lives: dict[int, Life] = {}
        self._peer_epoch = -1
        self._retire_at = math.inf

    @property
    def ready(self) -> bool:
        """There is a key to seal with."""
        return self.sealer.key_epoch is not None

    @property
    def newest(self) -> int:
        """The newest epoch that is accepted, -1 before the first."""
        return max(self.opener.epochs, default=-1)

    def accept(self, epoch: int, key: bytes, peer: Life, now: float) -> None:
        """A handshake with the life ``peer`` gave this key. LocalLinkError for an epoch that is not a new one."""
        if not self.newest < epoch <= LAST_EPOCH:
            raise LocalLinkError(f"key epoch {epoch}; valid: {self.newest + 1} to {LAST_EPOCH}, beyond that start a new session")
        unheard = [old for old in self.opener.epochs if old > self._peer_epoch and old != self.sealer.key_epoch]
        self._drop(unheard[: -(KEPT_UNHEARD - 1)])
        self.opener.add(epoch, key)
        self._secret, self._challenge = key, None
        self._keys[epoch] = key
        self._since[epoch], self._lives[epoch] = now, peer

    def use(self, epoch: int) -> None:
        """Seal with an accepted epoch from now on."""
        if epoch not in self._keys:
            raise LocalLinkError(f"key epoch {epoch} was not agreed on; valid: {', '.join(map(str, self._keys)) or 'none yet'}")
        self.sealer.use(epoch, self._keys[epoch])

    def expects(self, life: Life, epoch: int) -> bool:
        """May this life be at the other end of this epoch?"""
        return self._lives.get(epoch, life) == life

    def heard(self, epoch: int, known: bool, now: float) -> None:
        """An authentic datagram of this epoch came; ``known``: from the admitted peer."""
        current = self.sealer.key_epoch
        if current is None or epoch > current:
            self.use(epoch)
        if known and epoch > self._peer_epoch:
            self._peer_epoch, self._retire_at = epoch, now + RETIRE_S

    def admitted(self, epoch: int) -> None:
        """The life behind this epoch is the peer now; older epochs were another's."""
        self._keep_from(epoch)

    def tick(self, now: float) -> None:
        """Retire what is over."""
        if now >= self._retire_at:
            self._keep_from(self._peer_epoch)
        for epoch in [epoch for epoch, since in self._since.items() if now - since > KEY_LIFE_S]:
            self._expire(epoch)

    def age(self, now: float) -> float:
        """Seconds since the handshake of the epoch in use; inf where there is none."""
        current = self.sealer.key_epoch
        return math.inf if current is None else now - self._since.get(current, now)

    def challenge(self, count: int) -> int:
        """What a stranger has to answer; 0, which no answer can be, before the first key."""
        if self._secret is None:
            return 0
        if self._challenge is None or self._challenge[0] != count:
            self._challenge = count, challenge_of(self._secret, self._role, *self._life, count)
        return self._challenge[1]

    def _keep_from(self, epoch: int) -> None:
        self._drop([old for old in self.opener.epochs if old < epoch])

    def _expire(self, epoch: int) -> None:
        self._drop([epoch])
        if self.sealer.key_epoch == epoch:
            self.sealer.stop()

    def _drop(self, epochs: Collection[int]) -> None:
        self.opener.drop(epochs)
        for epoch in epochs:
            for table in (self._keys, self._since, self._lives):
                table.pop(epoch, None)
