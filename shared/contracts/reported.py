"""Facts as told at the door by whoever reports.

The same fields as the events that come of them, with the sender's own ids: a `report_id` of its
own, and a `placement` without the sender in front.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from pydantic import BeforeValidator, Field

from shared.contracts import placements
from shared.contracts.base import Event
from shared.contracts.facts import (
    AnnulmentFacts,
    CorrectedStartFacts,
    CourseFacts,
    EndFacts,
    ExtensionFacts,
    HoursFacts,
    LeaveFacts,
    PersonCorrectionFacts,
    StartFacts,
)
from shared.contracts.fields import (
    Cvr,
    PersonReference,
    SenderId,
)
from shared.values.cvr import parse_cvr
from shared.values.persons import parse_person_reference


def _tidy_cvr(value: object) -> object:
    """Take out blanks, hyphens and a leading DK; what is no CVR number is left to its type."""
    if not isinstance(value, str):
        return value
    try:
        return parse_cvr(value)
    except ValueError:
        return value


def _tidy_person(value: object) -> object:
    """Write a reference the one way it is written everywhere else."""
    if not isinstance(value, str):
        return value
    try:
        return parse_person_reference(value)
    except ValueError:
        return value


TypedCvr = Annotated[Cvr, BeforeValidator(_tidy_cvr)]
TypedPersonReference = Annotated[PersonReference, BeforeValidator(_tidy_person)]


class Report(Event):
    """One fact as told by a sender; also a record on a municipality's own topic."""

    publisher: ClassVar[str] = "municipality"
    topic: ClassVar[str] = "municipality.<code>.reports.v1"
    key_field: ClassVar[str] = "placement"
    subject_field: ClassVar[str | None] = "report_id"
    unknown_fields: ClassVar[Literal["ignore", "forbid"]] = "forbid"
    tells: ClassVar[type[Event]]
    """Event that comes of the fact once it is accepted."""

    report_id: SenderId = Field(description="The sender's own id of this report.")


class PlacementReport(Report):
    """A fact about a placement of the sender's."""

    placement: SenderId = Field(description="The sender's own id of the placement.")


class ReportedPlacementStarted(StartFacts, PlacementReport):
    """Told: a person has started with an employer."""

    event_name: ClassVar[str | None] = "PlacementStarted"
    tells: ClassVar[type[Event]] = placements.PlacementStarted

    fact: Literal["PlacementStarted"] = Field(description="Name of the fact.")
    person: TypedPersonReference = Field(description="Reference of the person placed.")
    employer: TypedCvr = Field(description="The employer's CVR number.")
    continues: SenderId | None = Field(
        default=None, description="The sender's own id of the placement this one takes over."
    )


class ReportedPlacementCorrected(CorrectedStartFacts, PlacementReport):
    """Told: a placement began on another day than told before."""

    event_name: ClassVar[str | None] = "PlacementCorrected"
    tells: ClassVar[type[Event]] = placements.PlacementCorrected

    fact: Literal["PlacementCorrected"] = Field(description="Name of the fact.")


class ReportedEmploymentConfirmed(HoursFacts, PlacementReport):
    """Told: hours worked in a period of a placement."""

    event_name: ClassVar[str | None] = "EmploymentConfirmed"
    tells: ClassVar[type[Event]] = placements.EmploymentConfirmed

    fact: Literal["EmploymentConfirmed"] = Field(description="Name of the fact.")


class ReportedLeaveRecorded(LeaveFacts, PlacementReport):
    """Told: a person has been on leave from a placement."""

    event_name: ClassVar[str | None] = "LeaveRecorded"
    tells: ClassVar[type[Event]] = placements.LeaveRecorded

    fact: Literal["LeaveRecorded"] = Field(description="Name of the fact.")


class ReportedPlacementExtended(ExtensionFacts, PlacementReport):
    """Told: a course has been extended, by so many days in all."""

    event_name: ClassVar[str | None] = "PlacementExtended"
    tells: ClassVar[type[Event]] = placements.PlacementExtended

    fact: Literal["PlacementExtended"] = Field(description="Name of the fact.")


class ReportedPlacementEnded(EndFacts, PlacementReport):
    """Told: a placement has ended."""

    event_name: ClassVar[str | None] = "PlacementEnded"
    tells: ClassVar[type[Event]] = placements.PlacementEnded

    fact: Literal["PlacementEnded"] = Field(description="Name of the fact.")


class ReportedPlacementEndRetracted(PlacementReport):
    """Told: the end reported was wrong, the placement runs on."""

    event_name: ClassVar[str | None] = "PlacementEndRetracted"
    tells: ClassVar[type[Event]] = placements.PlacementEndRetracted

    fact: Literal["PlacementEndRetracted"] = Field(description="Name of the fact.")


class ReportedPlacementAnnulled(AnnulmentFacts, PlacementReport):
    """Told: a placement should never have been registered, or not under this id."""

    event_name: ClassVar[str | None] = "PlacementAnnulled"
    tells: ClassVar[type[Event]] = placements.PlacementAnnulled

    fact: Literal["PlacementAnnulled"] = Field(description="Name of the fact.")


class ReportedPlacementReinstated(PlacementReport):
    """Told: the annulment was wrong."""

    event_name: ClassVar[str | None] = "PlacementReinstated"
    tells: ClassVar[type[Event]] = placements.PlacementReinstated

    fact: Literal["PlacementReinstated"] = Field(description="Name of the fact.")


class ReportedCourseCompleted(CourseFacts, PlacementReport):
    """Told: an IGU course has been completed."""

    event_name: ClassVar[str | None] = "CourseCompleted"
    tells: ClassVar[type[Event]] = placements.CourseCompleted

    fact: Literal["CourseCompleted"] = Field(description="Name of the fact.")


class ReportedPersonCorrected(PersonCorrectionFacts, Report):
    """Told: something known about a person was wrong."""

    event_name: ClassVar[str | None] = "PersonCorrected"
    tells: ClassVar[type[Event]] = placements.PersonCorrected
    key_field: ClassVar[str] = "person"

    fact: Literal["PersonCorrected"] = Field(description="Name of the fact.")
    person: TypedPersonReference = Field(description="Reference of the person.")


ReportedFact = (
    ReportedPlacementStarted
    | ReportedPlacementCorrected
    | ReportedEmploymentConfirmed
    | ReportedLeaveRecorded
    | ReportedPlacementExtended
    | ReportedPlacementEnded
    | ReportedPlacementEndRetracted
    | ReportedPlacementAnnulled
    | ReportedPlacementReinstated
    | ReportedCourseCompleted
    | ReportedPersonCorrected
)
"""Any fact that may be told at the door."""


EVENTS: Final[tuple[type[Event], ...]] = (
    ReportedPlacementStarted,
    ReportedPlacementCorrected,
    ReportedEmploymentConfirmed,
    ReportedLeaveRecorded,
    ReportedPlacementExtended,
    ReportedPlacementEnded,
    ReportedPlacementEndRetracted,
    ReportedPlacementAnnulled,
    ReportedPlacementReinstated,
    ReportedCourseCompleted,
    ReportedPersonCorrected,
)
"""Every record on the municipalities' own report topics."""
