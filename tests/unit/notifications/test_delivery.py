from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.notifications.domain.delivery import (
    Accepted,
    Deferred,
    GivenUp,
    Refused,
    Sent,
    TryAgain,
    decide,
)

NOW = datetime(2017, 3, 1, 12, tzinfo=UTC)
BUSY = Deferred("server_busy", 450)


def delay(attempts: int, *, jitter_permille: int = 0) -> timedelta:
    decision = decide(
        BUSY, attempts=attempts, first_tried_at=NOW, now=NOW, jitter_permille=jitter_permille
    )
    assert isinstance(decision, TryAgain)
    assert decision.why == BUSY
    return decision.due_at - NOW


def test_what_was_accepted_is_sent() -> None:
    decision = decide(Accepted(), attempts=9, first_tried_at=NOW, now=NOW, jitter_permille=0)
    assert decision == Sent()


def test_what_was_refused_is_given_up_at_once() -> None:
    refused = Refused("recipient_refused", 550)
    decision = decide(refused, attempts=1, first_tried_at=NOW, now=NOW, jitter_permille=0)
    assert decision == GivenUp(refused)


@pytest.mark.parametrize(
    ("attempts", "minutes"), [(1, 1), (2, 2), (3, 4), (8, 128), (9, 240), (10, 240), (1000, 240)]
)
def test_each_delay_is_twice_the_last_up_to_four_hours(attempts: int, minutes: int) -> None:
    assert delay(attempts) == timedelta(minutes=minutes)


def test_the_dice_make_a_delay_longer_by_up_to_a_fifth() -> None:
    assert delay(1, jitter_permille=100) == timedelta(seconds=66)
    assert delay(9, jitter_permille=200) == timedelta(minutes=288)


@pytest.mark.parametrize(("tried_for", "gives_up"), [(4.999, False), (5, True), (6, True)])
def test_after_five_days_a_person_must_look(tried_for: float, gives_up: bool) -> None:  # noqa: FBT001 # a column of the table
    decision = decide(
        BUSY,
        attempts=30,
        first_tried_at=NOW - timedelta(days=tried_for),
        now=NOW,
        jitter_permille=0,
    )
    assert isinstance(decision, GivenUp) is gives_up
