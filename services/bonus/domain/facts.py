"""The facts the bonus is a function of: what was told, and when it was recorded."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Something told to the system."""

    recorded_on: date
    """The calendar day in Copenhagen on which it was recorded."""
    recorded_at: datetime | None = None
    """The instant of recording, aware and in UTC, where known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutPlacement(Recorded):
    """Something told about one placement, under one of its ids."""

    placement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRegistered(Recorded):
    """A person, with the dates the law asks for."""

    person: str
    category: str
    permit_granted_on: date
    born_on: date | None = None
    resident_since: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonCorrected(Recorded):
    """Replaces the fields it carries."""

    person: str
    category: str | None = None
    permit_granted_on: date | None = None
    born_on: date | None = None
    resident_since: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmployerSectorReported(Recorded):
    """An employer's sector from `effective_from` until the next report's `effective_from`."""

    employer: str
    effective_from: date
    sector: str
    public_funding_percent: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementStarted(AboutPlacement):
    """A person started at an employer."""

    person: str
    employer: str
    kind: str
    started_on: date
    contract_signed_on: date | None = None
    continues: str | None = None
    """An id of the placement taken over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementCorrected(AboutPlacement):
    """The placement has another start date."""

    started_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementEnded(AboutPlacement):
    """The placement's last day, inclusive, and why it ended."""

    last_day: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementEndRetracted(AboutPlacement):
    """The end reported was wrong: the placement runs on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementAnnulled(AboutPlacement):
    """The placement (or, with reason `duplicate`, this id) should never have been registered."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementReinstated(AboutPlacement):
    """The annulment was wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveRecorded(AboutPlacement):
    """Leave, both days inclusive; changes no instalment."""

    leave: str
    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementExtended(AboutPlacement):
    """The total agreed extension of the whole course, in days."""

    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EmploymentConfirmed(AboutPlacement):
    """Hours worked in a period, both days inclusive."""

    first_day: date
    last_day: date
    hours: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseCompleted(AboutPlacement):
    """A certificate, with hours over the whole course."""

    certificate_issued_on: date
    schooling_documented: bool
    practice_hours: Decimal
    documented_absence_hours: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BonusApplied(AboutPlacement):
    """The company's application for one milestone."""

    milestone: str
    filed_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewDecided(Recorded):
    """A caseworker's answer to a review; `review` is its reason."""

    person: str
    employer: str
    scheme: str
    milestone: str
    review: str
    outcome: str
    """`accepted` or `refused`."""
    decided_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutSettled(AboutPlacement):
    """Money out, in whole kroner; negative for money returned."""

    milestone: str
    amount_dkk: int
    settled_on: date
    settlement: str | None = None
    """The id of the movement: told again under the same id, it is the same movement."""


Fact = (
    PersonRegistered
    | PersonCorrected
    | EmployerSectorReported
    | PlacementStarted
    | PlacementCorrected
    | PlacementEnded
    | PlacementEndRetracted
    | PlacementAnnulled
    | PlacementReinstated
    | LeaveRecorded
    | PlacementExtended
    | EmploymentConfirmed
    | CourseCompleted
    | BonusApplied
    | ReviewDecided
    | PayoutSettled
)

FACT_TYPES: Final[dict[str, type[Fact]]] = {
    kind.__name__: kind
    for kind in (
        PersonRegistered,
        PersonCorrected,
        EmployerSectorReported,
        PlacementStarted,
        PlacementCorrected,
        PlacementEnded,
        PlacementEndRetracted,
        PlacementAnnulled,
        PlacementReinstated,
        LeaveRecorded,
        PlacementExtended,
        EmploymentConfirmed,
        CourseCompleted,
        BonusApplied,
        ReviewDecided,
        PayoutSettled,
    )
}
"""Every kind of fact by the name it is told under."""


def fact_as_object(fact: Fact) -> dict[str, str | int | bool]:
    """Turn a fact into the JSON object `parsing.parse_fact` reads back; absent fields are left out.

    Dates and instants are ISO text, hours and percentages decimal text.
    """
    told: dict[str, str | int | bool] = {"fact": type(fact).__name__}
    for field in fields(fact):
        value = getattr(fact, field.name)
        match value:
            case None:
                continue
            case bool() | int() | str():
                told[field.name] = value
            case datetime():
                told[field.name] = value.isoformat().replace("+00:00", "Z")
            case date():
                told[field.name] = value.isoformat()
            case _:
                assert isinstance(value, Decimal), f"a fact holds no {type(value).__name__}"
                told[field.name] = f"{value:f}"
    return told
