"""Bonus's consumer with the engine taken out: what is left is what every consumer does.

Each fact is kept, its person's row is locked and noted, and one event is told because of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from services.bonus.service import SERVICE
from services.bonus.store import facts
from services.bonus.store.facts import Look, StoredFact
from shared.contracts.bonus import BonusAssessed
from shared.messaging.work import Received, Work

DUE_ON = date(2017, 3, 1)


def assessed(case: str) -> BonusAssessed:
    """What is told of each fact."""
    return BonusAssessed(
        case=case,
        scheme="ordinary",
        employer="99000007",
        milestone="M6",
        status="PENDING",
        law="integrationsloven § 24 f",
        amount_ore=2_000_000,
        due_on=DUE_ON,
    )


async def keep_facts(work: Work, received: Sequence[Received[Any]]) -> None:
    """Keep the facts and note their persons, as `hearing.on_facts` does, and tell of each."""
    locked = await facts.lock_persons(work.connection, (each.event.person for each in received))
    await facts.insert_facts(work.connection, [_stored(each) for each in received])
    for each in received:
        work.publish(assessed(each.event.person), cause=each.cause)
    looks = [Look(each.person, work.today, ()) for each in locked]
    await facts.save_looks(work.connection, looks, assessed_on=work.today)


def _stored(received: Received[Any]) -> StoredFact:
    return StoredFact(
        fact_id=received.event_id,
        name=type(received.event).__name__,
        content=received.event.model_dump(mode="json", exclude_none=True),
        recorded_at=received.occurred_at,
        person=received.event.person,
    )


PLACEMENTS = next(hears for hears in SERVICE.hears if hears.name == "placements")
ENGINE_OUT = replace(PLACEMENTS, handler=keep_facts)
