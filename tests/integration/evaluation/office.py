"""Evaluation over a real database, told events by hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from services.evaluation import handlers
from services.evaluation.domain.figures import Figures, Moment
from shared.contracts.base import Event
from shared.contracts.bonus import BonusAssessed
from shared.contracts.envelope import new_event_id
from shared.contracts.membership import CompanyJoined, PlacesPledged
from shared.contracts.notifications import NotificationSent
from shared.contracts.placements import PlacementEvent, PlacementStarted
from shared.messaging.work import Cause, Received, Work
from shared.runtime.service import ServiceContext

COMPANY, OTHER_COMPANY = "99000007", "99000015"
COPENHAGEN = ZoneInfo("Europe/Copenhagen")

Handler = Callable[[Work, Sequence[Received[Any]]], Awaitable[None]]
HANDLERS: dict[str, Handler] = {
    "membership.events.v1": handlers.on_membership,
    "placements.events.v1": handlers.on_placement,
    "bonus.events.v1": handlers.on_bonus_assessed,
    "notifications.events.v1": handlers.on_notification_sent,
}


def day(text: str) -> date:
    """A day, such as 2017-03-01."""
    return date.fromisoformat(text)


def person(number: int) -> str:
    """The reference of one of many persons."""
    return f"00000000-0000-4000-8000-{number:012d}"


@dataclass
class Office:
    """An evaluation service that the test drives by hand."""

    context: ServiceContext
    seconds: count[int] = field(default_factory=count)

    async def told(self, *events: Event, on: str = "2016-07-01") -> None:
        """Hand over events that became known on a day, one after the other."""
        for event in events:
            await self.handed(self.received(event, on))

    async def handed(self, *received: Received[Any]) -> None:
        """Hand over a batch of one topic."""
        async with self.context.begin() as work:
            await HANDLERS[received[0].topic](work, received)

    def received(self, event: Event, on: str) -> Received[Any]:
        """The event as it comes from the bus, known on a day, later than the one before."""
        event_id = new_event_id()
        instant = datetime.combine(day(on), time(8), COPENHAGEN).astimezone(UTC)
        return Received(
            event=event,
            event_id=event_id,
            occurred_at=instant + timedelta(seconds=next(self.seconds)),
            topic=event.topic,
            partition=0,
            offset=0,
            key=event.partition_key(),
            cause=Cause(event_id, event_id),
        )

    async def figures(self, first: str, last: str, *, known_on: str = "2030-01-01") -> Figures:
        """The figures, in full."""
        async with self.context.begin() as work:
            return await handlers.figures_between(
                work.connection, day(first), day(last), known_on=day(known_on)
            )

    async def on(self, text: str, *, known_on: str = "2030-01-01") -> Moment:
        """The programme on a day."""
        return (await self.figures(text, text, known_on=known_on)).after

    async def persons(self, text: str, *, known_on: str = "2030-01-01") -> dict[str, int | None]:
        """Persons placed on a day, by kind."""
        moment = await self.on(text, known_on=known_on)
        return {kind: persons.everywhere for kind, persons in moment.persons.items()}


def joined(cvr: str = COMPANY, on: str = "2016-06-11") -> CompanyJoined:
    """A company joined."""
    return CompanyJoined(cvr=cvr, joined_on=day(on))


def pledged(pledge: str = "p1", places: int = 10, **fields: object) -> PlacesPledged:
    """A company pledged places."""
    told = {
        "pledge": pledge,
        "cvr": COMPANY,
        "places": places,
        "kind": "any",
        "first_day": day("2016-07-01"),
        **fields,
    }
    return PlacesPledged.model_validate(told)


def started(placement: str = "0101/1", number: int = 1, **fields: object) -> PlacementStarted:
    """A person started."""
    told = {
        "placement": placement,
        "person": person(number),
        "employer": COMPANY,
        "kind": "ordinary",
        "started_on": day("2016-08-01"),
        **fields,
    }
    return PlacementStarted.model_validate(told)


def about(
    kind: type[PlacementEvent], placement: str = "0101/1", number: int = 1, **fields: object
) -> PlacementEvent:
    """Something else about a person's placement."""
    return kind.model_validate({"placement": placement, "person": person(number), **fields})


def assessed(case: str = "c1", **fields: object) -> BonusAssessed:
    """An instalment was assessed."""
    told = {
        "case": case,
        "scheme": "ordinary",
        "employer": COMPANY,
        "milestone": "M6",
        "status": "DUE",
        "law": "integrationsloven § 46",
        "amount_ore": 2_000_000,
        "due_on": day("2017-02-01"),
        **fields,
    }
    return BonusAssessed.model_validate(told)


def sent(notification: str, on: str) -> NotificationSent:
    """A mail was sent."""
    return NotificationSent(
        notification=notification, template="company_joined", channel="file", sent_on=day(on)
    )
