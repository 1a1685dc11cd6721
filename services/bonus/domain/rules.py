"""The law's parameters as dated values: the loader fills them, the tests look them up by day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Generic, TypeVar

from services.bonus.domain.assessment import Code
from services.bonus.domain.days import day_before, months_after

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Limit:
    """A length of time in calendar months that may, or must not quite, be reached."""

    months: int
    anniversary_included: bool

    def ends_on(self, since: date) -> date:
        """The anniversary, the same day of the month or the month's last day."""
        return months_after(since, self.months)

    def last_day(self, since: date) -> date:
        """The last day within the limit counted from `since`."""
        end = self.ends_on(since)
        return end if self.anniversary_included else day_before(end)

    def holds(self, since: date, day: date) -> bool:
        """Whether `day` comes no later than the limit counted from `since`."""
        end = self.ends_on(since)
        return day <= end if self.anniversary_included else day < end

    def written(self, since: date, day: date) -> str:
        """How the day stands to the limit, in signs: what is written is true."""
        within, beyond = ("<=", ">") if self.anniversary_included else ("<", ">=")
        sign = within if self.holds(since, day) else beyond
        return f"{day} {sign} {since} + {self.months} months = {self.ends_on(since)}"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a test comes from: rule id, law reference, and `law` or `default`."""

    rule: str
    law: str
    mark: str


@dataclass(frozen=True, slots=True)
class Version(Generic[T_co]):
    """A value with the days on which it is in force; None is without bound."""

    value: T_co
    unit: str
    law: str
    mark: str
    """`law` where a source says so, `default` where it is this system's reading."""
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class Parameter(Generic[T_co]):
    """One number of the law: its versions cover every day once."""

    name: str
    rule: str
    versions: tuple[Version[T_co], ...]

    def version_on(self, day: date) -> Version[T_co]:
        """The version in force on a day."""
        for version in self.versions:
            if version.last_day is None or day <= version.last_day:
                return version
        raise AssertionError(f"{self.name} has no value on {day}")

    def on(self, day: date) -> T_co:
        """The value in force on a day."""
        for version in self.versions:
            if version.last_day is None or day <= version.last_day:
                return version.value
        raise AssertionError(f"{self.name} has no value on {day}")

    def source_on(self, day: date) -> Source:
        """Where the value in force on a day comes from."""
        version = self.version_on(day)
        return Source(self.rule, version.law, version.mark)


@dataclass(frozen=True, slots=True)
class SharedRules:
    """What both schemes have in common."""

    public_share_from: Parameter[Fraction]
    """Percent of public funding from which an employer is public."""
    days_before_milestone: Parameter[int]
    """The employment lasts at least to so many days before the milestone's date."""
    application_limit: Parameter[Limit]
    """From the milestone to the application."""
    repayment_limit: Parameter[Limit]
    """From a payment to its repayment; looked up on the day of the payment."""
    ceiling: Parameter[int]
    """Whole kroner for one person at one employer."""


@dataclass(frozen=True, slots=True)
class OrdinaryRules:
    """Bonus for ordinary employment, integrationsloven § 46."""

    milestones: Parameter[Mapping[str, int]]
    first_hire: Parameter[date]
    last_hire: Parameter[date]
    covered: Parameter[frozenset[str]]
    for_review: Parameter[frozenset[str]]
    permit_age: Parameter[Limit]
    early_permit_age: Parameter[Limit]
    early_amount: Parameter[int]
    late_amount: Parameter[int]
    weekly_hours_over: Parameter[Fraction]


@dataclass(frozen=True, slots=True)
class IguRules:
    """Bonus for integrationsgrunduddannelse, lov om integrationsgrunduddannelse § 11."""

    milestones: Parameter[Mapping[str, int]]
    first_start: Parameter[date]
    last_start: Parameter[date]
    covered: Parameter[frozenset[str]]
    age_from_months: Parameter[int]
    age_limit: Parameter[Limit]
    residence_limit: Parameter[Limit]
    prior_employment_months: Parameter[int | None]
    """How far back prior ordinary employment bars the course; None is without limit."""
    amount: Parameter[int]
    weekly_practice_from: Parameter[Fraction]
    course_months: Parameter[int]
    registration_limit: Parameter[Limit]
    gap_limit: Parameter[Limit]


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything the assessment takes from the law, frozen."""

    shared: SharedRules
    ordinary: OrdinaryRules
    igu: IguRules
    sources: Mapping[tuple[str, Code], Source]
    """Of the tests without a parameter of their own, by scheme and the code a test gives."""
