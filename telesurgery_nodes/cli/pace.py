"""How many control loops per second this machine keeps up with, judged by what one inverse kinematics of the PSM costs it."""

from __future__ import annotations

import statistics
import time

from ..core.kinematics.psm import Psm
from ..nodes.arm_setup import read_config
from ..report.conditions import processors
from ..session import RATES, SessionOptions

SOLVES = 400
KIND = "psm"
MICRO = 1e6
# [1/s] processors / cost of a solve. Two processors on which a session follows at 250 Hz (README) and two on which it does not
# (docs/arm_bench.md, bar 6) differ by 2.8 in the bench's part `targets`. The second take 45 us here, so the first would take 16; this
# lies between, nearer to those that were seen to do. At 28 us `bench road` never came to follow, at 100 Hz it did.
ENOUGH = 2 / 22e-6


def solve_cost() -> float:
    """Processor time of one solve [s], median; waiting for a processor does not count."""
    config = read_config(KIND)
    psm, home = Psm(config.limits), config.home
    target, costs = psm.forward(home), []
    for _ in range(SOLVES):
        begin = time.thread_time()
        psm.solve(target, home)
        costs.append(time.thread_time() - begin)
    return statistics.median(costs)


def fitting_rate(cost: float, processors: int) -> tuple[float, str]:
    """Loops per second [Hz], and what to tell the user where it is not the usual rate. ``cost`` of a solve [s]."""
    usual, slow = SessionOptions.rate, RATES[0]
    if processors / cost >= ENOUGH:
        return usual, ""
    why = f"a solve of the arm takes {MICRO * cost:.0f} us on these {processors} processors"
    return slow, f"{why}: control loops at {slow:g} Hz; `--rate {usual:g}` asks for the usual number"


def machine_rate() -> tuple[float, str]:
    """The same of this machine, measured now."""
    return fitting_rate(solve_cost(), processors())
