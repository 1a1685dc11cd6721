from __future__ import annotations

import pytest

from shared.messaging.progress import Blocked
from shared.messaging.watchdog import Look, Watch, judge

HERE = (("topic", 0, 5),)
THERE = (("topic", 0, 6),)
LAGGING_HERE = Watch(HERE, lagging=True, blocked=None, since_seconds=10.0)
ONCE = Blocked("unavailable", "ConnectionLostError", 1, 3.0)
TWICE = Blocked("unavailable", "ConnectionLostError", 2, 3.0)


def test_the_first_look_begins_the_watch() -> None:
    assert judge(None, Look(HERE, lagging=True, blocked=None), now_seconds=10.0) == LAGGING_HERE


@pytest.mark.parametrize(
    ("look", "since"),
    [
        (Look(HERE, lagging=True, blocked=None), 10.0),
        (Look(THERE, lagging=True, blocked=None), 50.0),
        (Look(HERE, lagging=False, blocked=None), 50.0),
        (Look(HERE, lagging=True, blocked=ONCE), 50.0),
        (Look(None, None, None), 10.0),
        (Look(None, None, ONCE), 50.0),
        (Look(None, None, None, excused=True), 50.0),
    ],
    ids=[
        "neither moved nor excused",
        "moved",
        "caught up",
        "began to wait",
        "says nothing",
        "says only that it waits",
        "the bus is away",
    ],
)
def test_the_watch_begins_anew_at_every_sign_of_life(look: Look, since: float) -> None:
    assert judge(LAGGING_HERE, look, now_seconds=50.0).since_seconds == since


def test_a_consumer_that_tries_again_and_again_is_alive() -> None:
    waiting = Watch(HERE, lagging=True, blocked=ONCE, since_seconds=10.0)
    assert (
        judge(waiting, Look(HERE, lagging=True, blocked=ONCE), now_seconds=50.0).since_seconds
        == 10.0
    )
    assert (
        judge(waiting, Look(HERE, lagging=True, blocked=TWICE), now_seconds=50.0).since_seconds
        == 50.0
    )


def test_an_idle_consumer_that_says_nothing_is_still_idle() -> None:
    idle = Watch(HERE, lagging=False, blocked=None, since_seconds=10.0)
    assert judge(idle, Look(None, None, None), now_seconds=50.0).since_seconds == 50.0


def test_silence_keeps_what_was_known() -> None:
    watch = judge(LAGGING_HERE, Look(None, None, None), now_seconds=50.0)
    assert (watch.places, watch.lagging) == (HERE, True)
