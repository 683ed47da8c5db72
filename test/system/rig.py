"""A whole session of real processes, for tests that break it."""

import time
from pathlib import Path

from telesurgery_nodes.cli.inputs import one_machine
from telesurgery_nodes.cli.starter import Starter
from telesurgery_nodes.cli.status import StatusReader, is_following
from telesurgery_nodes.report.metrics import joint_limits, stop_time
from telesurgery_nodes.report.tables import robot_joints
from telesurgery_nodes.session import SessionOptions, layout
from telesurgery_nodes.tapes import read_tapes

FOLLOW_WITHIN = 40.0
# A machine that stalls during the start-up interrupts it, as it must: what a test asks begins with the arms in motion. So it starts anew.
START_WITHIN = 150.0
ATTEMPTS = 3  # a blow into arms that stand says nothing: it is done again
BEFORE = 0.5  # [s] before the blow in which the arms must have moved
STOP_WITHIN = 0.35  # [s] bar 3 of issue 2
PATIENCE = START_WITHIN + FOLLOW_WITHIN + 180.0  # [s] for a whole test: the last start, the plays, the stops
LISTEN = 0.1
SLOW, FEW = 100.0, 12  # [Hz] control loops, pictures
MOVING_FOR = 2.0  # following without a break before the blow: the arms are in motion, and the operator will not press again


class Session:
    """Both sites and the emulator, small pictures, slow loops (a shared machine may be slow), no second pedal press."""

    def __init__(self, folder: Path, **options):
        small = {"width": 160, "height": 120, "codec": "mjpeg", "fps": FEW, "rate": SLOW}
        self._all, self._given = folder, {"preset": "lan", "robot": "kinematic", "reengage": False, **small, **options}
        self.folder = self.starter = self.reader = None
        self._count = 0

    def __enter__(self):
        return self._start()

    def __exit__(self, *_):
        self._stop()

    def _start(self):
        self._count += 1
        self.folder = self._all / f"session{self._count}"
        processes = layout(one_machine(SessionOptions(out=str(self.folder), **self._given), str(self._all / "identities")))
        self.starter = Starter(processes, self.folder)
        self.starter.__enter__()
        self.reader = StatusReader(next(process.domain for process in processes if process.site == "surgeon"))
        return self

    def _stop(self):
        if self.reader is not None:
            self.reader.close()
            self.reader = None
        self.starter.stop()

    def follow(self):
        """Wait until the arms follow and move; start anew where the start-up was interrupted and nobody presses again."""
        told, began = [], time.monotonic()
        while not self._follows():
            told.append(self.reader.newest)
            assert time.monotonic() - began < START_WITHIN, f"never followed: {told}"
            self._stop()
            self._start()

    def _follows(self):
        since = began = time.monotonic()
        followed = False
        while time.monotonic() - since < MOVING_FOR:
            dead = [ended.sentence() for ended in self.starter.dead()]
            assert not dead, dead
            if time.monotonic() - began > FOLLOW_WITHIN:
                return False
            self.reader.spin(LISTEN)
            follows = is_following(self.reader.newest)
            if followed and not follows and not self._given["reengage"]:
                return False
            followed = followed or follows
            if not follows:
                since = time.monotonic()
        return True

    def strike(self, *blows, watch):
        """Let the arms follow, then each blow, ``watch`` [s] apart; the tapes and the time of each. A blow gets this, returns its time."""
        for _ in range(ATTEMPTS):
            self.follow()
            times = []
            for blow in blows:
                times.append(blow(self))
                self.wait(watch)
            tapes = self.tapes()
            if motion(tapes, times[0] - BEFORE, times[0]) > 1.0:
                return tapes, *times
            self._stop()
            self._start()
        raise AssertionError(f"the arms did not move before, in none of {ATTEMPTS} attempts: nothing was tested")

    def call(self, name):
        """A service of the surgeon's site; when it was asked for [s, steady]."""
        from std_srvs.srv import Trigger

        client = self.reader._node.create_client(Trigger, name)
        assert client.wait_for_service(FOLLOW_WITHIN)
        asked, future = time.monotonic(), client.call_async(Trigger.Request())
        while not future.done():
            assert time.monotonic() - asked < FOLLOW_WITHIN
            self.reader.spin(LISTEN / 10.0)
        assert future.result().success, future.result().message
        return asked

    def wait(self, seconds):
        self.reader.spin(seconds)

    def tapes(self):
        """Stop, then read every tape: a writer's last rows are on disk only then."""
        self.starter.stop()
        return read_tapes(self.folder / "tapes")


def motion(tapes, begin, end):
    """Largest change of any joint between two times, in units of what counts as motion."""
    t, joints, names = robot_joints(tapes)
    inside = (t >= begin) & (t <= end)
    assert inside.sum() > 10, "the robot's tape does not cover that time"
    spread = joints[inside].max(axis=0) - joints[inside].min(axis=0)
    return float((spread / joint_limits(names)).max())


def stopped_after(tapes, event):
    """Seconds from ``event`` until the tool stands for good."""
    t, joints, names = robot_joints(tapes)
    return stop_time(t, joints, joint_limits(names), event)
