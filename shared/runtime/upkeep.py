"""Timers that every service has, for the tables of the shared components in its schema."""

from __future__ import annotations

from shared.runtime.service import ServiceContext, Timer
from shared.web.idempotency import delete_expired_answers


async def _delete_expired_answers(context: ServiceContext) -> None:
    async with context.database.transaction() as connection:
        await delete_expired_answers(connection, context.clock.now())


UPKEEP = (Timer(name="idempotency-keys", every=None, run=_delete_expired_answers),)
