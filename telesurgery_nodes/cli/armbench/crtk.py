"""Part `crtk` of the bench `arm`: from a master's sample to the joint set point, through every process of a session but the emulator.

The bridges talk to each other over loopback, so the path is the kernel's and nothing else. Times are the ledger's stages up to the
publication of the robot's servo_jp; each is measured on its own, none is what is left over. Under SCHED_FIFO where it is allowed, as
`--realtime` of a session, and at the rate this machine keeps up with, unless `--rate` names one; the bar's words say which it was.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ...core.values import FloatArray
from ...errors import TelesurgeryError
from ...real_time import fifo_allowed
from ...report import tables
from ...session import Process, SessionOptions, layout
from ...tapes import read_tapes
from ..bench import Bar, BenchArguments, at_least, at_most
from ..inputs import one_machine
from ..pace import machine_rate
from ..starter import Starter
from ..status import StatusReader, is_following

STAGES = ("input", "pack", "path_up", "unpack", "playout", "hop_in", "kinematics")  # the rest of the ledger is the robot and the way back
LEDGER = "teleop_bridge_surgeon.ledger"
P99_MS = 10.0  # bar 6 of issue 4
DURATION, QUICK = 40.0, 15.0  # [s] of following
WITHIN = 40.0  # [s] to follow
SETTLE = 2.0  # [s] of following left out: processes are still warming up
FEWEST = 200  # samples below which a p99 says nothing
MS = 1000.0
SURGEON, PATIENT = "teleop_bridge_surgeon", "teleop_bridge_patient"
PICTURE: dict[str, Any] = {"width": 160, "height": 120, "fps": 12, "codec": "mjpeg"}  # must flow for following; not what is measured
LISTEN = 0.2  # [s]


def without_emulator(processes: Sequence[Process]) -> list[Process]:
    """The session with both bridges on each other's addresses."""
    local = {process.name: process.params["local"] for process in processes if process.name in (SURGEON, PATIENT)}
    far = {SURGEON: local[PATIENT], PATIENT: local[SURGEON]}
    return [
        replace(process, params={**process.params, "remote": far[process.name]}) if process.name in far else process
        for process in processes
        if process.site != "wan"
    ]


def play(folder: Path, seconds: float, seed: int, rate: float, realtime: bool) -> tuple[float, float]:
    """Follow for ``seconds``; steady times [s] between which the arms followed. TelesurgeryError where they never did.

    ``rate`` [Hz] of the control loops; ``realtime``: under SCHED_FIFO.
    """
    run: dict[str, Any] = {"out": str(folder), "seed": seed, "duration": seconds, "rate": rate, "realtime": realtime}
    options = SessionOptions(robot="kinematic", **run, **PICTURE)
    processes = without_emulator(layout(one_machine(options, str(folder / "identities"))))
    domain = next(process.domain for process in processes if process.site == "surgeon" and process.domain is not None)
    with Starter(processes, folder) as starter:
        reader = StatusReader(domain)
        try:
            until = time.monotonic() + WITHIN
            while not is_following(reader.newest):
                dead = [ended.sentence() for ended in starter.dead()]
                if dead or time.monotonic() > until:
                    raise TelesurgeryError(f"wanted arms that follow within {WITHIN:g} s, got {dead or reader.newest}")
                reader.spin(LISTEN)
            began = time.monotonic() + SETTLE
            reader.spin(seconds)
            return began, time.monotonic()
        finally:
            reader.close()


def latencies(tapes: tables.Tapes, began: float, ended: float) -> tuple[FloatArray, FloatArray]:
    """Each stage of STAGES (n, 7) and their sum (n,) [s] of the commands served between two times; empty where there are none."""
    found = tables.stages(tapes, LEDGER, "loop")
    if found is None:
        return np.empty((0, len(STAGES))), np.empty(0)
    at, _, stages, names = found
    chosen = stages[(at >= began) & (at <= ended)][:, [names.index(name) for name in STAGES]]
    return chosen, chosen.sum(axis=1)


def bars(total: FloatArray, how: str = "real processes") -> list[Bar]:
    """Bar 6. ``how`` it was measured, in words."""
    enough = len(total) >= FEWEST
    why = "" if enough else f"{len(total)} samples, at least {FEWEST} wanted"
    p50, p99 = (float(np.percentile(total, share)) * MS if enough else None for share in (50, 99))
    return [
        at_most("crtk.6", f"master sample to joint set point, {how}, no network, p99", p99, P99_MS, "ms", why),
        at_most("crtk.6.p50", "the same, p50", p50, P99_MS, "ms", why),
        at_least("crtk.6.n", "samples behind it", float(len(total)), float(FEWEST), ""),
    ]


def run(arguments: BenchArguments) -> tuple[list[Bar], dict[str, Any]]:
    """Bars and details."""
    seconds, realtime = QUICK if arguments.quick else DURATION, fifo_allowed()
    rate = arguments.rate if arguments.rate is not None else machine_rate()[0]
    with tempfile.TemporaryDirectory(prefix="telesurgery_crtk_") as scratch:
        folder = Path(arguments.out or scratch)
        began, ended = play(folder, seconds, arguments.seed, rate, realtime)
        stages, total = latencies(read_tapes(folder / "tapes"), began, ended)
    shares = {"p50": 50, "p95": 95, "p99": 99, "max": 100}
    rows = {"sum": total, **{name: stages[:, number] for number, name in enumerate(STAGES)}}
    spread = {
        name: {share: float(np.percentile(row, at)) * MS for share, at in shares.items()} if len(row) else {} for name, row in rows.items()
    }
    cells = {name: "  ".join(f"{share} {value:.2f} ms" for share, value in row.items()) for name, row in spread.items()}
    text = "\n".join(f"crtk: {name:10} {row}" for name, row in cells.items())
    how = f"real processes at {rate:g} Hz, {'SCHED_FIFO' if realtime else 'SCHED_OTHER'}"
    return bars(total, how), {"text": text, "stages_ms": spread, "samples": len(total), "rate_hz": rate, "realtime": realtime}
