"""A report as far as deciding about it needs, and everything that can become of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from services.placements.domain.persons import PersonFields
from shared.values.dates import add_months

LATE_AFTER_MONTHS = 1
"""Companies have a month to report a course (IGU act); later than that is late."""


class Thing(StrEnum):
    """What facts can contradict each other about: of those about one thing the last counts."""

    START = "start"
    START_DATE = "start_date"
    END = "end"
    ANNULMENT = "annulment"
    LEAVE = "leave"
    EXTENSION = "extension"
    HOURS = "hours"
    COURSE = "course"
    PERSON = "person"


THING_OF: Mapping[str, Thing] = {
    "PlacementStarted": Thing.START,
    "PlacementCorrected": Thing.START_DATE,
    "PlacementEnded": Thing.END,
    "PlacementEndRetracted": Thing.END,
    "PlacementAnnulled": Thing.ANNULMENT,
    "PlacementReinstated": Thing.ANNULMENT,
    "LeaveRecorded": Thing.LEAVE,
    "PlacementExtended": Thing.EXTENSION,
    "EmploymentConfirmed": Thing.HOURS,
    "CourseCompleted": Thing.COURSE,
    "PersonCorrected": Thing.PERSON,
}


@dataclass(frozen=True, slots=True)
class Period:
    """Days a fact is about, both included."""

    first_day: date
    last_day: date

    def shares_a_day_with(self, other: Period) -> bool:
        """Whether some day belongs to both."""
        return self.first_day <= other.last_day and other.first_day <= self.last_day


@dataclass(frozen=True, slots=True)
class Refused:
    """The report does not count, for a reason its sender can read and act on."""

    reason: str
    detail: str
    code: str | None = None
    """The rule it breaks, where a look at the report alone shows it."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The fact counts, from this instant on."""

    person: str
    stamp: datetime


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The same fact counts already, told under another report id."""


@dataclass(frozen=True, slots=True)
class Parked:
    """The report waits for the start of its placement."""


OutcomeWord = Literal["accepted", "duplicate", "parked", "refused"]
"""An outcome as it is kept, and said to the sender."""

Outcome = Accepted | Duplicate | Parked | Refused


@dataclass(frozen=True, slots=True)
class Repeated:
    """The very same report was told before; this is what has become of it."""

    first: Outcome


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """One report. Two reports are never the same object's equal, however alike they are."""

    report_id: str | None
    """None when the sender gave none that can be kept."""
    content: bytes
    """Digest of everything sent under the report id."""
    refused: Refused | None = None
    """Why it can't count whatever is known: unreadable, contradicting itself, not the sender's."""
    fact: str = ""
    meaning: bytes = b""
    """Digest of what is told, without the report id."""
    placement: str | None = None
    """`<sender>/<their id>`; None for facts about a person alone."""
    person: str | None = None
    """The person the report itself names."""
    period: Period | None = None
    corrections: PersonFields = field(default_factory=PersonFields)
    true_on: date | None = None
    """The day from which the fact could have been told, where it has one."""

    @property
    def thing(self) -> Thing:
        """What the fact is about."""
        return THING_OF[self.fact]


def is_late(true_on: date | None, told_on: date) -> bool:
    """Whether a fact was told more than a month after it was true."""
    return true_on is not None and told_on > add_months(true_on, LATE_AFTER_MONTHS)
