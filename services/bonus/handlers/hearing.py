"""What bonus does when it hears a fact, is applied to, or a new day begins.

Everything ends in the same place: the persons touched are locked and assessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from services.bonus.handlers.assessing import assess_persons
from services.bonus.store import cases, facts
from services.bonus.store.cases import BonusCase
from services.bonus.store.facts import StoredFact, StoredPlacement
from shared.contracts.base import Event
from shared.contracts.bonus import BonusApplied
from shared.contracts.fields import Milestone, Scheme
from shared.contracts.placements import PlacementStarted
from shared.messaging.work import Cause, Received, Work
from shared.runtime.service import ServiceContext

SWEEP_CHUNK = 500
"""Persons assessed in one transaction of the daily sweep."""


async def on_facts(work: Work, received: Sequence[Received[Any]]) -> None:
    """Keep what was told about persons and placements, and assess those persons."""
    started = [
        StoredPlacement(
            placement=each.event.placement,
            person=each.event.person,
            employer=each.event.employer,
            kind=each.event.kind,
            told_at=each.occurred_at,
        )
        for each in received
        if isinstance(each.event, PlacementStarted)
    ]
    await facts.lock_employers(
        work.connection, (each.employer for each in started), exclusive=False
    )
    locked = await facts.lock_persons(work.connection, (each.event.person for each in received))
    work.steps.begin("write")
    await facts.insert_facts(
        work.connection, [_stored(each, person=each.event.person) for each in received]
    )
    await facts.save_placements(work.connection, started)
    await assess_persons(work, locked, {each.event.person: each.cause for each in received})


async def on_sectors(work: Work, received: Sequence[Received[Any]]) -> None:
    """Keep what was told about employers' sectors, and assess everyone placed there."""
    causes = {each.event.employer: each.cause for each in received}
    await facts.lock_employers(work.connection, causes, exclusive=True)
    work.steps.begin("write")
    await facts.insert_facts(
        work.connection, [_stored(each, employer=each.event.employer) for each in received]
    )
    work.steps.begin("load")
    employed = await facts.list_persons_at_employers(work.connection, causes)
    locked = await facts.lock_persons(work.connection, employed)
    await assess_persons(
        work, locked, {person: causes[employer] for person, employer in employed.items()}
    )


@dataclass(frozen=True, slots=True)
class Application:
    """An application for one milestone of one placement, and the case it belongs to."""

    case: BonusCase
    placement: StoredPlacement
    milestone: str
    filed_on: date


async def apply_for_bonus(
    work: Work, placement: StoredPlacement, milestone: str, filed_on: date
) -> Application:
    """File the application, and assess the person it is for.

    The placement's kind must be one with milestones (`milestones_ever`). Applying again is
    harmless: of several applications the earliest counts.
    """
    locked = await facts.lock_persons(work.connection, [placement.person])
    key = (placement.person, placement.employer, placement.kind)
    opened = await cases.ensure_cases(work.connection, [key], opened_at=work.now)
    event = BonusApplied(
        case=opened[key].case_id,
        scheme=cast("Scheme", placement.kind),
        employer=placement.employer,
        milestone=cast("Milestone", milestone),
        placement=placement.placement,
        filed_on=filed_on,
    )
    fact_id = work.publish(event)
    content = {"placement": placement.placement, "milestone": milestone, "filed_on": str(filed_on)}
    stored = StoredFact(fact_id, "BonusApplied", content, work.now, person=placement.person)
    await facts.insert_facts(work.connection, [stored])
    await assess_persons(work, locked, {placement.person: Cause(fact_id, fact_id)})
    return Application(opened[key], placement, milestone, filed_on)


async def sweep(context: ServiceContext) -> None:
    """Assess everyone for whom a milestone has passed by today, in chunks, until none is left."""
    found = SWEEP_CHUNK
    while found == SWEEP_CHUNK:
        async with context.begin() as work:
            locked = await facts.lock_persons_to_look_at(
                work.connection, work.today, limit=SWEEP_CHUNK
            )
            await assess_persons(work, locked, {})
            found = len(locked)


def _stored(
    received: Received[Event], *, person: str | None = None, employer: str | None = None
) -> StoredFact:
    content: Mapping[str, Any] = received.event.model_dump(mode="json", exclude_none=True)
    return StoredFact(
        fact_id=received.event_id,
        name=type(received.event).__name__,
        content=dict(content),
        recorded_at=received.occurred_at,
        person=person,
        employer=employer,
    )
