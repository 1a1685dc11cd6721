"""Timers that every service has, for the tables of the shared components in its schema."""

from __future__ import annotations

from datetime import timedelta

from shared.runtime.service import ServiceContext, Timer
from shared.web.idempotency import delete_expired_answers


async def _delete_expired_answers(context: ServiceContext) -> None:
    async with context.database.transaction() as connection:
        await delete_expired_answers(connection, context.clock.now())


# Once is enough after any pause, however many days it lasted.
UPKEEP = (Timer(name="idempotency-keys", every=timedelta(days=1), run=_delete_expired_answers),)
