"""Start the processes of a session without `ros2 launch`, watch them, and leave nothing behind.

Each process has its own process group, so a Ctrl-C in the terminal reaches only the starter, which then stops the others in order.
If the starter itself is killed, the kernel tells each child (PR_SET_PDEATHSIG, Linux).
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from ..errors import ConfigError
from ..session import LOGS, Process

PR_SET_PDEATHSIG = 1  # linux/prctl.h
GENTLE = 5.0  # [s] from SIGINT to SIGTERM, and from SIGTERM to SIGKILL
STAGGER = 0.15  # [s] between two stops, so that the holds of the patient side go on tape in order
POLL = 0.05  # [s]
LOG_LINES = 5
# Read from the parent's environment they would change the session behind the user's back.
FOREIGN = ("ROS_DOMAIN_ID", "ROS_LOCALHOST_ONLY", "ROS_NAMESPACE", "ROS_DISCOVERY_SERVER")


@dataclass(frozen=True)
class Ended:
    """A process that ended: ``status`` exit status, negative a signal; ``words`` the end of what it said."""

    name: str
    status: int
    words: str

    def sentence(self) -> str:
        """What happened, for people."""
        how = f"was killed by signal {-self.status}" if self.status < 0 else f"ended with status {self.status}"
        return f"the node {self.name} {how}" + (f": {self.words}" if self.words else "")


@dataclass
class _Child:
    process: Process
    popen: subprocess.Popen[bytes]
    log: Path
    cpu: float = 0.0


def _load_prctl() -> object:
    try:
        return ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return None  # not Linux: the starter's own stop is all there is


_PRCTL = _load_prctl()


def _die_with_parent() -> None:
    """Runs in the child before exec: nothing here may allocate much or lock."""
    if _PRCTL is not None:
        _PRCTL(PR_SET_PDEATHSIG, signal.SIGTERM)  # type: ignore[operator]


def child_environment(extra: dict[str, str]) -> dict[str, str]:
    """This process's environment without what would move a node to another domain, plus ``extra``."""
    return {**{name: value for name, value in os.environ.items() if name not in FOREIGN}, **extra}


class Starter:
    """Owns the processes of a session. Use as a context manager: leaving it stops everything."""

    def __init__(self, processes: Sequence[Process], folder: Path) -> None:
        """``folder``: logs go to ``folder/logs/<name>.log``."""
        self._wanted = list(processes)
        self._logs = folder / LOGS
        self._children: list[_Child] = []
        self._asked: set[str] = set()
        self._began = 0.0
        self._ran = 0.0

    def __enter__(self) -> Starter:
        """Start everything."""
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop everything."""
        self.stop()

    def start(self) -> None:
        """Start the processes in table order. ConfigError when one cannot be started at all."""
        self._logs.mkdir(parents=True, exist_ok=True)
        self._began = time.monotonic()
        for process in self._wanted:
            log = self._logs / f"{process.name}.log"
            try:
                with log.open("wb") as sink:
                    # preexec_fn is safe here because nothing of this process has started a thread yet.
                    popen = subprocess.Popen(
                        process.argv(), env=child_environment(dict(process.env)), stdin=subprocess.DEVNULL, stdout=sink,
                        stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=_die_with_parent,  # noqa: PLW1509
                    )  # fmt: skip
            except OSError as error:
                raise ConfigError(f"cannot start {process.name}: {error}") from error
            self._children.append(_Child(process, popen, log))

    def pid(self, name: str) -> int:
        """Process id of a row."""
        return self._find(name).popen.pid

    def kill(self, name: str, number: int = signal.SIGKILL) -> float:
        """Send a signal to one process; return the steady time [s] right after."""
        self._asked.add(name)
        os.kill(self._find(name).popen.pid, number)
        return time.monotonic()

    def tell(self, name: str, number: int) -> float:
        """Send a signal that is not meant to end the process; return the steady time [s] right after."""
        os.kill(self._find(name).popen.pid, number)
        return time.monotonic()

    def _find(self, name: str) -> _Child:
        for child in self._children:
            if child.process.name == name:
                return child
        raise ConfigError(f"no process {name!r}; running: {', '.join(child.process.name for child in self._children)}")

    def dead(self) -> list[Ended]:
        """Processes that ended without being asked to, optional ones left out."""
        gone = [child for child in self._children if child.popen.poll() is not None]
        return [
            Ended(child.process.name, child.popen.returncode, last_words(child.log))
            for child in gone
            if not child.process.optional and child.process.name not in self._asked
        ]

    def measure_cpu(self) -> dict[str, float]:
        """Processor use per process since its start [percent of one core]. Call before `stop`."""
        self._ran = max(time.monotonic() - self._began, POLL)
        for child in self._children:
            try:
                times = psutil.Process(child.popen.pid).cpu_times()
            except psutil.Error:
                continue  # it ended: the last value stands
            child.cpu = times.user + times.system
        return {child.process.name: 100.0 * child.cpu / self._ran for child in self._children}

    def stop(self) -> None:
        """Stop in the reverse of the start order: SIGINT, after 5 s SIGTERM, after 5 s more SIGKILL. Idempotent."""
        children = list(reversed(self._children))
        self._asked.update(child.process.name for child in children if child.popen.poll() is None)
        for child in children:
            if _signal_group(child, signal.SIGINT):
                _wait([child], STAGGER)
        for number in (signal.SIGTERM, signal.SIGKILL):
            if _wait(children, GENTLE):
                break
            for child in children:
                _signal_group(child, number)
        _wait(children, GENTLE)
        for child in children:
            _signal_leftovers(child)

    def unclean(self) -> list[Ended]:
        """After `stop`: processes that had to be killed or complained while stopping."""
        ended = [(child, child.popen.poll()) for child in self._children]
        return [Ended(child.process.name, status, last_words(child.log)) for child, status in ended if status not in (0, None)]


def last_words(log: Path) -> str:
    """The end of a log in one line."""
    try:
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    except OSError:
        return ""
    return " | ".join(lines[-LOG_LINES:])


def _signal_group(child: _Child, number: int) -> bool:
    """Signal a child that still runs. Only the leader gets the gentle ones: its own children are its business."""
    if child.popen.poll() is not None:
        return False
    try:
        if number == signal.SIGKILL:
            os.killpg(child.popen.pid, number)
        else:
            os.kill(child.popen.pid, number)
    except ProcessLookupError:
        return False
    return True


def _signal_leftovers(child: _Child) -> None:
    """What a dead node left in its group (an encoder, a helper) goes too."""
    try:
        os.killpg(child.popen.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # the usual case: the group is empty


def _wait(children: Sequence[_Child], seconds: float) -> bool:
    """True when all have ended within ``seconds``."""
    until = time.monotonic() + seconds
    while any(child.popen.poll() is None for child in children):
        if time.monotonic() > until:
            return False
        time.sleep(POLL)
    return True
