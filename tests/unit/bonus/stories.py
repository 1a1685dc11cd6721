"""Facts told in a few words, and the answer looked up in a few more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import cast

from services.bonus.domain.assessment import Assessment, Instalment
from services.bonus.domain.engine import assess
from services.bonus.domain.facts import Fact
from services.bonus.domain.parsing import parse_fact
from services.bonus.rules import load_rules

ALFA = "99000007"
BETA = "99000015"
GAMMA = "99000023"
FIRST_TOLD = "2016-01-01"
"""The day on which a story's facts are recorded unless it matters."""


def tell(name: str, /, **fields: object) -> Fact:
    """Read a fact as it would come in JSON; `on` is the day and `at` the instant of recording."""
    recorded = {"recorded_on": fields.pop("on", FIRST_TOLD), "recorded_at": fields.pop("at", None)}
    return parse_fact({"fact": name, **recorded, **fields})


def person(
    permit: str = "2016-03-10", category: str = "refugee", on: str = FIRST_TOLD, **more: object
) -> Fact:
    return tell(
        "PersonRegistered",
        on=on,
        person="P1",
        category=category,
        permit_granted_on=permit,
        **more,
    )


def corrected_person(on: str = FIRST_TOLD, **fields: object) -> Fact:
    return tell("PersonCorrected", on=on, person="P1", **fields)


def sector(
    employer: str = ALFA,
    of: str = "private",
    since: str = "2015-01-01",
    percent: str | None = None,
    on: str = FIRST_TOLD,
) -> Fact:
    return tell(
        "EmployerSectorReported",
        on=on,
        employer=employer,
        effective_from=since,
        sector=of,
        public_funding_percent=percent,
    )


def started(
    day: str,
    placement: str = "L1",
    employer: str = ALFA,
    kind: str = "ordinary",
    on: str = FIRST_TOLD,
    **more: object,
) -> Fact:
    return tell(
        "PlacementStarted",
        on=on,
        placement=placement,
        person="P1",
        employer=employer,
        kind=kind,
        started_on=day,
        **more,
    )


def ended(day: str, reason: str = "resigned", placement: str = "L1", on: str = FIRST_TOLD) -> Fact:
    return tell("PlacementEnded", on=on, placement=placement, last_day=day, reason=reason)


def confirmed(
    first: str, last: str, hours: str, placement: str = "L1", on: str = FIRST_TOLD
) -> Fact:
    return tell(
        "EmploymentConfirmed",
        on=on,
        placement=placement,
        first_day=first,
        last_day=last,
        hours=hours,
    )


def applied(
    milestone: str, filed: str = "2017-01-01", placement: str = "L1", on: str = FIRST_TOLD
) -> Fact:
    return tell("BonusApplied", on=on, placement=placement, milestone=milestone, filed_on=filed)


def decided(
    review: str,
    outcome: str,
    milestone: str = "M6",
    scheme: str = "ordinary",
    employer: str = ALFA,
    on: str = FIRST_TOLD,
) -> Fact:
    return tell(
        "ReviewDecided",
        on=on,
        person="P1",
        employer=employer,
        scheme=scheme,
        milestone=milestone,
        review=review,
        outcome=outcome,
        decided_on=on,
    )


def paid(
    amount: int,
    milestone: str = "M6",
    placement: str = "L1",
    settled: str = "2017-03-10",
    settlement: str | None = None,
    on: str = "2017-03-10",
) -> Fact:
    return tell(
        "PayoutSettled",
        on=on,
        placement=placement,
        milestone=milestone,
        amount_dkk=amount,
        settled_on=settled,
        settlement=settlement,
    )


def job(start: str = "2016-09-01", placement: str = "L1", employer: str = ALFA) -> list[Fact]:
    """An ordinary job with plenty of hours for years, applied for at both milestones."""
    return [
        started(start, placement=placement, employer=employer),
        confirmed(start, "2021-12-31", "100000", placement=placement),
        applied("M6", placement=placement),
        applied("M12", placement=placement),
    ]


def course(start: str = "2016-09-01", placement: str = "L1", employer: str = ALFA) -> list[Fact]:
    """A course applied for at both milestones, completed with 26 hours a week of 731 days."""
    return [
        started(start, placement=placement, employer=employer, kind="igu", on=start),
        applied("M6", placement=placement),
        applied("M24", placement=placement),
        completed(placement=placement),
    ]


def completed(
    practice: str = "3000",
    absence: str | None = None,
    schooling: bool = True,  # noqa: FBT001, FBT002  # a field of the fact
    placement: str = "L1",
    on: str = FIRST_TOLD,
) -> Fact:
    return tell(
        "CourseCompleted",
        on=on,
        placement=placement,
        certificate_issued_on="2018-09-03",
        schooling_documented=schooling,
        practice_hours=practice,
        documented_absence_hours=absence,
    )


def trainee(**fields: object) -> Fact:
    """A person with all the dates a course asks for."""
    return person(**{"born_on": "1990-01-01", "resident_since": "2016-04-01", **fields})  # type: ignore[arg-type]


def assessed(
    *facts: Fact | Sequence[Fact], as_of: str = "2025-01-01", known_on: str = "2025-01-01"
) -> Assessment:
    """Assess facts and lists of facts together."""
    told: list[Fact] = []
    for each in facts:
        told += each if isinstance(each, list) else [cast(Fact, each)]
    return assess(
        told,
        as_of=date.fromisoformat(as_of),
        known_on=date.fromisoformat(known_on),
        rules=load_rules(),
    )


def line(
    assessment: Assessment, milestone: str = "M6", scheme: str = "ordinary", employer: str = ALFA
) -> Instalment:
    """Find the one line of a milestone, scheme and employer."""
    (found,) = [
        each
        for each in assessment.instalments
        if (each.milestone, each.scheme, each.employer) == (milestone, scheme, employer)
    ]
    return found


def outcome(
    assessment: Assessment, milestone: str = "M6", scheme: str = "ordinary", employer: str = ALFA
) -> str:
    """Write a line as `DUE 20000` or `REFUSED ANNULLED`."""
    found = line(assessment, milestone, scheme, employer)
    return f"{found.status} {found.reason or found.amount_dkk}"
