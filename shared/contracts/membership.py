"""What the membership service tells: companies, municipalities, pledges, meetings and contacts."""

from __future__ import annotations

from typing import ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from shared.contracts.base import Event
from shared.contracts.door_rules import DoorRule
from shared.contracts.fields import (
    Code,
    ContactName,
    Cvr,
    Day,
    EmailAddress,
    Identifier,
    Language,
    MunicipalityCode,
    PercentText,
    contradiction,
)


class MembershipEvent(Event):
    """An event about a company, keyed by its CVR number."""

    publisher: ClassVar[str] = "membership"
    topic: ClassVar[str] = "membership.events.v1"
    key_field: ClassVar[str] = "cvr"


class CompanyJoined(MembershipEvent):
    """A company has joined the partnership."""

    draft: ClassVar[bool] = False

    cvr: Cvr = Field(description="The company's CVR number.")
    joined_on: Day = Field(description="First day of its membership.")


class CompanyUpdated(MembershipEvent):
    """What membership knows about a company has changed; the details stay with membership."""

    draft: ClassVar[bool] = False

    cvr: Cvr = Field(description="The company's CVR number.")
    updated_on: Day = Field(description="Day of the change.")


class CompanyLeft(MembershipEvent):
    """A company has left the partnership."""

    cvr: Cvr = Field(description="The company's CVR number.")
    left_on: Day = Field(description="First day on which it is no longer a member.")


class PlacesPledged(MembershipEvent):
    """A company has promised places; a promise is no placement and is never counted as one."""

    draft: ClassVar[bool] = False
    subject_field: ClassVar[str | None] = "pledge"

    pledge: Identifier = Field(description="Id of the pledge.")
    cvr: Cvr = Field(description="CVR number of the company that pledges.")
    places: int = Field(ge=1, le=100_000, description="Number of places promised.")
    kind: Code = Field(description="Kind of place (ordinary, igu, internship, ...) or `any`.")
    first_day: Day = Field(description="First day on which the places stand open.")
    last_day: Day | None = Field(
        default=None, description="Last day on which they stand open; absent = until withdrawn."
    )
    municipality: MunicipalityCode | None = Field(
        default=None, description="Code of the municipality they are meant for; absent = any."
    )

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.last_day is not None and self.last_day < self.first_day:
            raise contradiction(
                "last_day lies before first_day", DoorRule.PERIOD_ENDS_BEFORE_IT_BEGINS
            )
        return self


class PledgeWithdrawn(MembershipEvent):
    """A company has taken back a pledge."""

    subject_field: ClassVar[str | None] = "pledge"

    pledge: Identifier = Field(description="Id of the pledge.")
    cvr: Cvr = Field(description="CVR number of the company that pledged.")
    withdrawn_on: Day = Field(description="First day on which the places no longer stand open.")


class EmployerSectorReported(MembershipEvent):
    """An employer's sector is known from a day on; any employer, member of the partnership or not.

    Valid until the next later `effective_from` (domain spec 6.1).
    """

    draft: ClassVar[bool] = False
    key_field: ClassVar[str] = "employer"

    employer: Cvr = Field(description="The employer's CVR number.")
    effective_from: Day = Field(description="First day on which it holds.")
    sector: Code = Field(
        description="`private`, `institution` or `public_authority`; any other value: unknown."
    )
    public_funding_percent: PercentText | None = Field(
        default=None,
        description="Share of public funding; from 50 percent a private employer or an"
        " institution counts as public.",
    )


class MunicipalityJoined(MembershipEvent):
    """A municipality has joined the partnership."""

    key_field: ClassVar[str] = "municipality"

    municipality: MunicipalityCode = Field(description="The municipality's code.")
    joined_on: Day = Field(description="First day on which it takes part.")


class MeetingScheduled(MembershipEvent):
    """A meeting of the partnership has been called."""

    key_field: ClassVar[str] = "meeting"

    meeting: Identifier = Field(description="Id of the meeting.")
    held_on: Day = Field(description="Day on which it is held.")
    municipality: MunicipalityCode | None = Field(
        default=None, description="Code of the municipality it is held in, where known."
    )


class MeetingSignedUp(MembershipEvent):
    """A company has signed up for a meeting."""

    subject_field: ClassVar[str | None] = "meeting"

    meeting: Identifier = Field(description="Id of the meeting.")
    cvr: Cvr = Field(description="CVR number of the company that will come.")


class ContactRecorded(Event):
    """Whom to write to at a company, municipality or authority, as known now.

    The only event that holds a name or an address of anybody; a record without a value erases it.
    """

    publisher: ClassVar[str] = "membership"
    topic: ClassVar[str] = "membership.contacts.v1"
    key_field: ClassVar[str] = "contact"
    draft: ClassVar[bool] = False
    compacted: ClassVar[bool] = True

    contact: Identifier = Field(description="Id of the contact.")
    organisation: Literal["company", "municipality", "authority"] = Field(
        description="What the contact belongs to."
    )
    cvr: Cvr | None = Field(default=None, description="The company's CVR number.")
    municipality: MunicipalityCode | None = Field(
        default=None, description="The municipality's code."
    )
    name: ContactName = Field(description="What the contact is called.")
    email: EmailAddress = Field(description="Address that notices are sent to.")
    language: Language = Field(description="Language of the notices.")
    roles: tuple[Code, ...] = Field(
        max_length=20, description="What the contact does there, such as `personnel`."
    )
    wishes: tuple[Code, ...] = Field(
        max_length=20, description="What the contact wishes to hear about, beyond the necessary."
    )

    @model_validator(mode="after")
    def _names_its_organisation(self) -> Self:
        if self.organisation == "company" and self.cvr is None:
            raise contradiction("a company's contact needs the company's cvr")
        if self.organisation == "municipality" and self.municipality is None:
            raise contradiction("a municipality's contact needs the municipality's code")
        return self


EVENTS: Final[tuple[type[Event], ...]] = (
    CompanyJoined,
    CompanyUpdated,
    CompanyLeft,
    PlacesPledged,
    PledgeWithdrawn,
    EmployerSectorReported,
    MunicipalityJoined,
    MeetingScheduled,
    MeetingSignedUp,
    ContactRecorded,
)
"""Every event of this publisher, in the order of the contract page."""
