"""Histories of one person, told under ids of their own, to be delivered in any order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Final
from uuid import uuid4

from hypothesis import strategies as st

from shared.contracts.base import Event
from shared.contracts.envelope import encode, envelope_for, new_event_id
from shared.contracts.membership import CompanyJoined, ContactRecorded, EmployerSectorReported
from shared.contracts.placements import (
    EmploymentConfirmed,
    PersonCorrected,
    PersonRegistered,
    PlacementAnnulled,
    PlacementCorrected,
    PlacementEnded,
    PlacementEndRetracted,
    PlacementReinstated,
    PlacementStarted,
)
from shared.messaging.transport import OutgoingRecord
from shared.values.cvr import is_cvr

TOLD_FROM: Final = datetime(2017, 9, 1, 8, tzinfo=UTC)
STARTED_ON: Final = date(2016, 9, 1)
NUMBERS = (str(number) for number in count(99_100_000) if is_cvr(str(number)))


@dataclass(frozen=True)
class Ids:
    """Whom a history is about: nobody else's ids, so that histories can share a system."""

    person: str = field(default_factory=lambda: str(uuid4()))
    employer: str = field(default_factory=lambda: next(NUMBERS))
    contact: str = field(default_factory=lambda: str(uuid4()))

    @property
    def address(self) -> str:
        """Where the company's contact is written to."""
        return f"kontakt@{self.employer}.example"

    @property
    def placement(self) -> str:
        """The placement's id, from the person's, so that it is nobody else's."""
        return f"0101/{self.person[:13]}"


Chapter = tuple[str, str]
"""A kind of fact, and the one value that varies in it."""

CHAPTERS: Final[tuple[Chapter, ...]] = (
    ("permit", "2015-03-10"),
    ("permit", "2013-03-10"),
    ("start", "2016-10-03"),
    ("end", "2017-02-27"),
    ("end", "2017-06-30"),
    ("retracted", ""),
    ("annulled", ""),
    ("reinstated", ""),
    ("hours", "400.00"),
    ("hours", "800.00"),
    ("public", ""),
)

chapters = st.lists(st.sampled_from(CHAPTERS), max_size=5)
"""What happened after the hire, in the order it was told."""


def history(told: Sequence[Chapter], ids: Ids) -> list[Event]:
    """A company with a contact, a refugee, a job with a year's hours, and then the chapters."""
    mine = {"placement": ids.placement, "person": ids.person}
    half_years = (("2016-09-01", "2017-02-28"), ("2017-03-01", "2017-08-31"))
    return [
        CompanyJoined(cvr=ids.employer, joined_on=date(2016, 7, 1)),
        ContactRecorded(
            contact=ids.contact,
            organisation="company",
            cvr=ids.employer,
            name="Opdigtet Kontakt",
            email=ids.address,
            language="da",
            roles=(),
            wishes=(),
        ),
        _sector(ids, "private", date(2015, 1, 1)),
        PersonRegistered(
            person=ids.person, category="refugee", permit_granted_on=date(2016, 3, 10)
        ),
        PlacementStarted(
            placement=ids.placement,
            person=ids.person,
            employer=ids.employer,
            kind="ordinary",
            started_on=STARTED_ON,
        ),
        *(
            EmploymentConfirmed(
                **mine,
                first_day=date.fromisoformat(first),
                last_day=date.fromisoformat(last),
                hours="790.00",
            )
            for first, last in half_years
        ),
        *(_fact(chapter, ids) for chapter in told),
    ]


def _fact(chapter: Chapter, ids: Ids) -> Event:  # noqa: PLR0911 # one return a kind of fact
    mine = {"placement": ids.placement, "person": ids.person}
    match chapter:
        case ("permit", day):
            return PersonCorrected(person=ids.person, permit_granted_on=date.fromisoformat(day))
        case ("start", day):
            return PlacementCorrected(**mine, started_on=date.fromisoformat(day))
        case ("end", day):
            last_day = date.fromisoformat(day)
            return PlacementEnded(**mine, last_day=last_day, reason="dismissed")
        case ("retracted", _):
            return PlacementEndRetracted(**mine)
        case ("annulled", _):
            return PlacementAnnulled(**mine, reason="typing_error")
        case ("reinstated", _):
            return PlacementReinstated(**mine)
        case ("hours", hours):
            return EmploymentConfirmed(
                **mine, first_day=STARTED_ON, last_day=date(2017, 2, 28), hours=hours
            )
        case ("public", _):
            return _sector(ids, "public_authority", date(2017, 1, 1))
    raise AssertionError(f"no such chapter: {chapter}")


def _sector(ids: Ids, sector: str, effective_from: date) -> EmployerSectorReported:
    return EmployerSectorReported(
        employer=ids.employer, effective_from=effective_from, sector=sector
    )


def records(events: Sequence[Event]) -> list[OutgoingRecord]:
    """The events as they lie on the bus, each told a minute after the one before."""
    return [
        _record(event, TOLD_FROM + timedelta(minutes=number)) for number, event in enumerate(events)
    ]


def _record(event: Event, told_at: datetime) -> OutgoingRecord:
    envelope = envelope_for(event, time=told_at, event_id=new_event_id())
    encoded = encode(event, envelope)
    return OutgoingRecord(encoded.topic, encoded.key, encoded.value, tuple(encoded.headers))
