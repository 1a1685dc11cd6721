"""What a fact about a person or a placement says, whoever tells it: a sender or a service.

The fields are those of the domain spec 6.1; `reports` adds a sender's ids to them, `placements` the
ids everyone knows. Bad input (a period that ends before it begins, more hours than a day has) is
refused in both places by the same rule.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Self

from pydantic import Field, model_validator

from shared.contracts.base import Contract
from shared.contracts.door_rules import DoorRule
from shared.contracts.fields import (
    Code,
    Cvr,
    Day,
    DecimalText,
    EndReason,
    contradiction,
)

HOURS_PER_DAY = 24


def _require_order(first_day: date, last_day: date) -> None:
    if last_day < first_day:
        raise contradiction(
            "the period ends ({last_day}) before it begins ({first_day})",
            DoorRule.PERIOD_ENDS_BEFORE_IT_BEGINS,
            first_day=first_day.isoformat(),
            last_day=last_day.isoformat(),
        )


class PersonFacts(Contract):
    """What the law needs to know about a person, and nothing else."""

    category: Code = Field(
        description="`refugee`, `family_refugee` or `family_other`; any other value isn't covered."
    )
    permit_granted_on: Day = Field(description="Day of the first residence permit.")
    born_on: Day | None = Field(default=None, description="Day of birth; needed for IGU.")
    resident_since: Day | None = Field(
        default=None, description="First day with a registered address; needed for IGU."
    )


class PersonCorrectionFacts(Contract):
    """The fields about a person that are now known to be otherwise; those left out stay."""

    category: Code | None = Field(default=None, description="The corrected category.")
    permit_granted_on: Day | None = Field(
        default=None, description="The corrected day of the first residence permit."
    )
    born_on: Day | None = Field(default=None, description="The corrected day of birth.")
    resident_since: Day | None = Field(
        default=None, description="The corrected first day with a registered address."
    )

    @model_validator(mode="after")
    def _corrects_something(self) -> Self:
        corrected = (self.category, self.permit_granted_on, self.born_on, self.resident_since)
        if all(value is None for value in corrected):
            raise contradiction(
                "corrects nothing: give category, permit_granted_on, born_on or resident_since",
                DoorRule.CORRECTS_NOTHING,
            )
        return self


class StartFacts(Contract):
    """Who employs from when, and as what."""

    employer: Cvr = Field(description="The employer's CVR number.")
    kind: Code = Field(
        description="`ordinary` and `igu` carry a bonus; every other kind (`internship`,"
        " `wage_subsidy`, ...) none."
    )
    started_on: Day = Field(description="First day of the placement.")
    contract_signed_on: Day | None = Field(
        default=None, description="Day on which the contract was signed."
    )


class CorrectedStartFacts(Contract):
    """Another start date."""

    started_on: Day = Field(description="The corrected first day of the placement.")


class HoursFacts(Contract):
    """Hours worked in a period, both days included."""

    first_day: Day = Field(description="First day of the period.")
    last_day: Day = Field(description="Last day of the period, included.")
    hours: DecimalText = Field(description="Hours worked in the period.")

    @model_validator(mode="after")
    def _fits_the_calendar(self) -> Self:
        _require_order(self.first_day, self.last_day)
        days = (self.last_day - self.first_day).days + 1
        if Decimal(self.hours) > HOURS_PER_DAY * days:
            raise contradiction(
                "{hours} hours are more than {days} day(s) have",
                DoorRule.HOURS_ABOVE_24_A_DAY,
                hours=self.hours,
                days=str(days),
            )
        return self


class LeaveFacts(Contract):
    """A period of leave; it changes no instalment."""

    leave: Code = Field(description="Kind of leave, such as `parental` or `illness`.")
    first_day: Day = Field(description="First day of the leave.")
    last_day: Day = Field(description="Last day of the leave, included.")

    @model_validator(mode="after")
    def _fits_the_calendar(self) -> Self:
        _require_order(self.first_day, self.last_day)
        return self


class ExtensionFacts(Contract):
    """The agreed extension of a course."""

    days: int = Field(
        ge=0,
        le=3_660,
        description="Total agreed extension of the whole course, in days; moves M24 only.",
    )


class EndFacts(Contract):
    """The end of a placement."""

    last_day: Day = Field(description="Last day of the placement, included.")
    reason: EndReason = Field(description="Why it ended; `never_showed_up` counts as an annulment.")


class AnnulmentFacts(Contract):
    """Why a placement should never have been registered."""

    reason: Code = Field(
        description="`duplicate` = the placement is known under another id; any other reason ="
        " it never was."
    )


class CourseFacts(Contract):
    """A completed IGU course, with hours over the whole of it."""

    certificate_issued_on: Day = Field(description="Day on which the certificate was issued.")
    schooling_documented: bool = Field(description="Whether the schooling is documented.")
    practice_hours: DecimalText = Field(description="Hours of practice over the whole course.")
    documented_absence_hours: DecimalText | None = Field(
        default=None, description="Documented hours of absence over the whole course."
    )
