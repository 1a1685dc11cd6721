"""What an attempt to deliver a mail leads to: sent, tried again later, or given up.

Reasons are codes of ours. What a mail server says is never kept, since it repeats addresses.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(hours=4)
GIVE_UP_AFTER = timedelta(days=5)
"""Counted from the first attempt; what mail servers themselves do (RFC 5321, 4.5.4.1)."""

DOUBLINGS_MAX = 8
"""After so many doublings of a minute the longest delay is passed; keeps the power small."""

JITTER_PERMILLE = 200
"""Each delay is up to so much longer, so that mails put off together don't return together."""


Reason = Literal[
    "address_not_plain",
    "connection_lost",
    "content_refused",
    "file_not_written",
    "header_not_planned",
    "letter_not_written",
    "login_refused",
    "recipient_refused",
    "sender_refused",
    "server_busy",
    "starttls_missing",
    "timeout",
    "tls_failed",
    "unreachable",
]
"""Why a mail was not handed over, as NotificationFailed says it."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The next station has taken the mail over."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now; perhaps later."""

    reason: Reason
    reply_code: int | None = None
    """What an SMTP server answered, such as 450; None when it didn't."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Not this mail, now or later."""

    reason: Reason
    reply_code: int | None = None


Outcome = Accepted | Deferred | Refused


@dataclass(frozen=True, slots=True)
class TryAgain:
    """The mail is due again at an instant."""

    due_at: datetime
    why: Deferred


@dataclass(frozen=True, slots=True)
class Sent:
    """The mail is on its way and no longer ours."""


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A person must look at it."""

    why: Deferred | Refused


def decide(
    outcome: Outcome,
    *,
    attempts: int,
    first_tried_at: datetime,
    now: datetime,
    jitter_permille: int,
) -> Sent | TryAgain | GivenUp:
    """What follows from the outcome of attempt number `attempts` (the first is 1).

    `jitter_permille` is thrown by the caller, from 0 to JITTER_PERMILLE.
    """
    assert 0 <= jitter_permille <= JITTER_PERMILLE, "the dice have that many sides"
    match outcome:
        case Accepted():
            return Sent()
        case Refused():
            return GivenUp(outcome)
        case Deferred():
            if now - first_tried_at >= GIVE_UP_AFTER:
                return GivenUp(outcome)
            return TryAgain(now + _delay(attempts, jitter_permille), outcome)


def _delay(attempts: int, jitter_permille: int) -> timedelta:
    doublings = min(attempts - 1, DOUBLINGS_MAX)
    delay = min(FIRST_DELAY * (1 << doublings), LONGEST_DELAY)
    return delay + delay * jitter_permille // 1000
