"""Redundancy and the paths in the report, from tapes whose answer is known."""

import numpy as np
import pytest

from telesurgery_nodes.core.link.paths import TAPED
from telesurgery_nodes.report.summary import paths, redundancy
from telesurgery_nodes.report.text import NOT_MEASURED, redundancy_words
from telesurgery_nodes.tapes import Tape


def link(ready, names=("fibre", "radio"), **columns):
    head = ("t", *[f"{name}_{what}" for name in names for what in TAPED], "paths_ready")
    rows = np.zeros((len(ready), len(head)))
    rows[:, 0], rows[:, -1] = 100.0 + 0.1 * np.arange(len(ready)), ready
    for name, values in columns.items():
        rows[:, head.index(name)] = values
    return Tape(head, rows)


def test_losses_are_counted_from_when_all_were_ready():
    ready = [0] * 20 + [2] * 30 + [1] * 10 + [2] * 10 + [0] * 5 + [2] * 5
    found = redundancy({"teleop_bridge_surgeon.link": link(ready)})
    assert found["patient"] is None and redundancy_words(None) == NOT_MEASURED
    assert found["surgeon"]["losses"] == 2 and found["surgeon"]["all_at_s"] == pytest.approx(2.0)
    assert found["surgeon"]["lost_s"] == pytest.approx(1.5)
    assert redundancy_words(found["surgeon"]) == "all 2 paths ready after 2.0 s, then lost 2 times, 1.5 s in all"


@pytest.mark.parametrize(("names", "words"), [(("one",), "one path only"), (("a", "b", "c"), "never were all 3 paths ready")])
def test_what_never_was_there_is_not_lost(names, words):
    found = redundancy({"teleop_bridge_patient.link": link([1] * 9, names)})["patient"]
    assert found["lost_s"] is None and words in redundancy_words(found)


def test_a_tape_of_an_older_version_is_not_measured():
    old = Tape(("t", "fibre_rtt", "fibre_jitter", "fibre_loss"), np.ones((5, 4)))
    tapes = {"teleop_bridge_surgeon.link": old}
    assert redundancy(tapes)["surgeon"] is None
    assert paths(tapes)["fibre"]["longest_burst"] is None and paths(tapes)["fibre"]["loss_mean"] == 1.0


def test_each_path_tells_its_bursts_duplicates_and_mtu():
    tape = link([2] * 4, fibre_longest_burst=[0, 7, 3, 0], fibre_duplicates=[0.0, 0.02, 0.02, 0.0], fibre_mtu=[0, 1200, 1400, 1200])
    fibre = paths({"teleop_bridge_surgeon.link": tape})["fibre"]
    assert (fibre["longest_burst"], fibre["mtu"]) == (7.0, 1400.0) and fibre["duplicates_mean"] == pytest.approx(0.01)
