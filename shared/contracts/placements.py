"""What the placements service tells: who works where, from when, until when.

A person is a random reference; on `placements.persons.v1`, which bonus alone may read, travel the
dates the law needs.
"""

from __future__ import annotations

from typing import ClassVar, Final

from pydantic import Field

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
    PersonFacts,
    StartFacts,
)
from shared.contracts.fields import PersonReference, PlacementId


class PersonEvent(Event):
    """An event about a person, on the topic only bonus may read."""

    publisher: ClassVar[str] = "placements"
    topic: ClassVar[str] = "placements.persons.v1"
    key_field: ClassVar[str] = "person"
    draft: ClassVar[bool] = False

    person: PersonReference = Field(description="Reference of the person.")


class PersonRegistered(PersonFacts, PersonEvent):
    """A person is known, with what the law needs to know."""


class PersonCorrected(PersonCorrectionFacts, PersonEvent):
    """Something known about a person was wrong; replaces the fields it carries."""


class PlacementEvent(Event):
    """An event about a placement; all events of one person keep their order."""

    publisher: ClassVar[str] = "placements"
    topic: ClassVar[str] = "placements.events.v1"
    key_field: ClassVar[str] = "person"
    subject_field: ClassVar[str | None] = "placement"
    draft: ClassVar[bool] = False

    placement: PlacementId = Field(description="Id of the placement, `<sender>/<their id>`.")
    person: PersonReference = Field(description="Reference of the person placed.")


class PlacementStarted(StartFacts, PlacementEvent):
    """A person has started with an employer."""

    continues: PlacementId | None = Field(
        default=None, description="Id of the placement this one takes over."
    )


class PlacementCorrected(CorrectedStartFacts, PlacementEvent):
    """A placement began on another day than told before."""


class EmploymentConfirmed(HoursFacts, PlacementEvent):
    """Hours worked in a period of a placement have been confirmed."""


class LeaveRecorded(LeaveFacts, PlacementEvent):
    """A person has been on leave from a placement."""


class PlacementExtended(ExtensionFacts, PlacementEvent):
    """A course has been extended; each one tells the whole extension agreed so far."""


class PlacementEnded(EndFacts, PlacementEvent):
    """A placement has ended."""


class PlacementEndRetracted(PlacementEvent):
    """The end told of was wrong: the placement runs on."""


class PlacementAnnulled(AnnulmentFacts, PlacementEvent):
    """A placement should never have been registered, or not under this id."""


class PlacementReinstated(PlacementEvent):
    """The annulment was wrong."""


class CourseCompleted(CourseFacts, PlacementEvent):
    """An IGU course has been completed."""


EVENTS: Final[tuple[type[Event], ...]] = (
    PersonRegistered,
    PersonCorrected,
    PlacementStarted,
    PlacementCorrected,
    EmploymentConfirmed,
    LeaveRecorded,
    PlacementExtended,
    PlacementEnded,
    PlacementEndRetracted,
    PlacementAnnulled,
    PlacementReinstated,
    CourseCompleted,
)
"""Every event of this publisher, in the order of the contract page; receipts stand in `reports`."""
