"""A queue of our own makes video wait; jitter, a late process and a new route do not."""

import random

from telesurgery_nodes.core.link.congestion import DECREASE, INCREASE_PER_S, LEARNED_SAMPLES, LEAST_SHARE, LONGEST_PAUSE_S, VideoShare

BEAT, TRIP, OFFSET = 0.02, 0.1, 7000.05


def feed(share, queues, begin=0.0):
    """Shares for a queue [s] per heartbeat."""
    return [share.update(OFFSET + queue, TRIP, begin + number * BEAT) for number, queue in enumerate(queues)]


def learned():
    share = VideoShare()
    assert set(feed(share, [0.0] * 100)) == {1.0}
    return share, 100 * BEAT


def test_a_growing_queue_pauses_video_until_it_is_gone_then_less_is_used_and_slowly_more():
    share, now = learned()
    queues = [0.02, 0.04, 0.06, 0.08, 0.06, 0.04, 0.02, 0.0, 0.0]
    got = feed(share, queues, now)
    assert got[:2] == [1.0, 1.0] and got[2:7] == [0.0] * 5 and got[7] == DECREASE
    later = feed(share, [0.0] * 500, now + len(queues) * BEAT)
    assert abs(later[-1] - (DECREASE + 10.0 * INCREASE_PER_S)) < 0.01
    assert feed(share, [0.0] * 10_000, now + 20.0)[-1] == 1.0


def test_a_process_that_stood_still_is_no_queue():
    share, now = learned()
    assert 0.0 not in feed(share, [0.1, 0.08, 0.06, 0.04, 0.02, 0.0] * 5, now)


def test_usual_jitter_is_no_queue():
    rng, share = random.Random(1), VideoShare()
    value, queues = 0.0, []
    for _ in range(20_000):
        value = 0.67 * value + rng.gauss(0.0, 0.02)
        queues.append(abs(value))
    got = feed(share, queues)
    assert sum(value == 0.0 for value in got) < 0.02 * len(got)


def test_a_delay_that_stays_without_video_is_a_new_route():
    share, now = learned()
    got = feed(share, [0.05] * 200, now)
    paused = sum(value == 0.0 for value in got) * BEAT
    assert LONGEST_PAUSE_S + TRIP - BEAT < paused < LONGEST_PAUSE_S + TRIP + 3 * BEAT
    assert got[-1] > 0.0


def test_nothing_is_judged_before_anything_is_usual():
    assert 0.0 not in feed(VideoShare(), [number * 0.01 for number in range(LEARNED_SAMPLES)])


def test_the_share_never_ends_at_nothing():
    share, now = learned()
    seen = []
    for _ in range(12):
        seen += feed(share, [0.1] * 5 + [0.0] * 10, now)
        now += 15 * BEAT
    assert LEAST_SHARE <= min(value for value in seen if value) < 2 * LEAST_SHARE
