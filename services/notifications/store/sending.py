"""Notices on their way: claimed by one process at a time, then sent, put off or given up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.notifications.domain.delivery import Deferred, Refused
from services.notifications.domain.occasions import Template
from services.notifications.domain.wording import Language
from shared.database import Connection
from shared.messaging.work import Cause

# A claim is a lease by the database's own clock: it is about processes that die, and must end
# in real time, also where the programme's time is simulated.
CLAIM_NOTICES = """
WITH chosen AS (
    SELECT notification, state = 'sending' AS unclear
      FROM notice
     WHERE (state = 'due' AND due_at <= $1)
        OR (state = 'sending' AND claimed_until < clock_timestamp())
     ORDER BY due_at, notification
     LIMIT $2
       FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE notice
       SET state          = 'sending',
           claimed_until  = clock_timestamp() + $3::interval,
           attempts       = notice.attempts + 1,
           unclear        = notice.unclear + chosen.unclear::int,
           first_tried_at = coalesce(notice.first_tried_at, $1)
      FROM chosen
     WHERE notice.notification = chosen.notification
    RETURNING notice.notification, notice.template, notice.subject, notice.contact,
              notice.created_at, notice.due_at, notice.attempts, notice.first_tried_at
)
SELECT claimed.notification, claimed.template, claimed.created_at, claimed.attempts,
       claimed.first_tried_at, contact.email, contact.language,
       occasion.cvr, occasion.parameters, occasion.cause_event, occasion.correlation,
       occasion.traceparent
  FROM claimed
  JOIN occasion USING (template, subject)
  JOIN contact ON contact.contact = claimed.contact
 ORDER BY claimed.due_at, claimed.notification
"""

SAVE_NOTICE_SENT = """
UPDATE notice
   SET state         = 'sent',
       channel       = $2,
       finished_at   = $3,
       claimed_until = NULL,
       reason        = NULL,
       reply_code    = NULL
 WHERE notification = $1
   AND state <> 'sent'
RETURNING notification
"""

SAVE_NOTICE_DEFERRED = """
UPDATE notice
   SET state         = 'due',
       due_at        = $3,
       claimed_until = NULL,
       reason        = $4,
       reply_code    = $5
 WHERE notification = $1
   AND attempts = $2
   AND state = 'sending'
"""

SAVE_NOTICE_FAILED = """
UPDATE notice
   SET state         = 'failed',
       finished_at   = $3,
       claimed_until = NULL,
       reason        = $4,
       reply_code    = $5
 WHERE notification = $1
   AND attempts = $2
   AND state = 'sending'
RETURNING notification
"""

SAVE_NOTICES_UNTRIED = """
UPDATE notice
   SET state         = 'due',
       attempts      = notice.attempts - 1,
       claimed_until = NULL
  FROM unnest($1::text[], $2::int[]) AS untried (notification, attempts)
 WHERE notice.notification = untried.notification
   AND notice.attempts = untried.attempts
   AND notice.state = 'sending'
"""

COUNT_WAITING = """
SELECT (SELECT count(*) FROM occasion WHERE waiting)
     + (SELECT count(*) FROM notice WHERE state IN ('due', 'sending'))
"""


@dataclass(frozen=True, slots=True)
class ClaimedNotice:
    """A notice this process may send until its claim runs out."""

    notification: str
    template: Template
    created_at: datetime
    attempts: int
    first_tried_at: datetime
    email: str = field(repr=False)
    language: Language
    cvr: str
    parameters: Mapping[str, object]
    cause: Cause


async def claim_notices(
    connection: Connection, *, now: datetime, limit: int, lease: timedelta
) -> list[ClaimedNotice]:
    """Claim the longest due notices, passing over what others are claiming; oldest first.

    Notices whose claim ran out are claimed again: whether their mail left is not known.
    """
    rows = await connection.fetch(CLAIM_NOTICES, now, limit, lease)
    return [
        ClaimedNotice(
            notification=row["notification"],
            template=row["template"],
            created_at=row["created_at"],
            attempts=row["attempts"],
            first_tried_at=row["first_tried_at"],
            email=row["email"],
            language=row["language"],
            cvr=row["cvr"],
            parameters=row["parameters"],
            cause=Cause(row["cause_event"], row["correlation"], row["traceparent"]),
        )
        for row in rows
    ]


async def save_notice_sent(
    connection: Connection, notification: str, *, channel: str, sent_at: datetime
) -> bool:
    """Note that the mail left; say False when that was noted before."""
    return await connection.fetchval(SAVE_NOTICE_SENT, notification, channel, sent_at) is not None


async def save_notice_deferred(
    connection: Connection, notice: ClaimedNotice, *, due_at: datetime, why: Deferred
) -> None:
    """Give the notice back, due again later; nothing if another process has claimed it since."""
    await connection.execute(
        SAVE_NOTICE_DEFERRED,
        notice.notification,
        notice.attempts,
        due_at,
        why.reason,
        why.reply_code,
    )


async def save_notice_failed(
    connection: Connection, notice: ClaimedNotice, *, failed_at: datetime, why: Deferred | Refused
) -> bool:
    """Note that the mail will not be sent; say False when another process has claimed it since."""
    found = await connection.fetchval(
        SAVE_NOTICE_FAILED,
        notice.notification,
        notice.attempts,
        failed_at,
        why.reason,
        why.reply_code,
    )
    return found is not None


async def save_notices_untried(connection: Connection, notices: Sequence[ClaimedNotice]) -> None:
    """Give notices back that there was no time for; they stay due as they were."""
    await connection.execute(
        SAVE_NOTICES_UNTRIED,
        [notice.notification for notice in notices],
        [notice.attempts for notice in notices],
    )


async def count_waiting(connection: Connection) -> int:
    """Occasions nobody was told of, and notices not yet sent."""
    waiting: int = await connection.fetchval(COUNT_WAITING)
    return waiting
