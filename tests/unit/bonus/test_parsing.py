"""Bad input is refused as a whole, with the fact, the field and the why."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.bonus.domain.facts import FACT_TYPES, PersonRegistered, fact_as_object
from services.bonus.domain.parsing import (
    InvalidCaseError,
    InvalidFactError,
    parse_case,
    parse_fact,
)

STARTED: dict[str, Any] = {
    "fact": "PlacementStarted",
    "recorded_on": "2017-03-01",
    "placement": "L1",
    "person": "P1",
    "employer": "99000007",
    "kind": "ordinary",
    "started_on": "2017-03-01",
}
CONFIRMED: dict[str, Any] = {
    "fact": "EmploymentConfirmed",
    "recorded_on": "2017-03-01",
    "placement": "L1",
    "first_day": "2017-02-01",
    "last_day": "2017-02-28",
    "hours": "100",
}
SECTOR: dict[str, Any] = {
    "fact": "EmployerSectorReported",
    "recorded_on": "2017-03-01",
    "employer": "99000007",
    "effective_from": "2015-01-01",
    "sector": "institution",
}
PAID: dict[str, Any] = {
    "fact": "PayoutSettled",
    "recorded_on": "2017-03-01",
    "placement": "L1",
    "milestone": "M6",
    "amount_dkk": 20000,
    "settled_on": "2017-03-01",
}
COMPLETED: dict[str, Any] = {
    "fact": "CourseCompleted",
    "recorded_on": "2017-03-01",
    "placement": "L1",
    "certificate_issued_on": "2017-03-01",
    "schooling_documented": True,
    "practice_hours": "2700",
}
DECIDED: dict[str, Any] = {
    "fact": "ReviewDecided",
    "recorded_on": "2017-03-01",
    "person": "P1",
    "employer": "99000007",
    "scheme": "ordinary",
    "milestone": "M6",
    "review": "SECTOR_UNKNOWN",
    "outcome": "accepted",
    "decided_on": "2017-03-01",
}
EXTENDED: dict[str, Any] = {
    "fact": "PlacementExtended",
    "recorded_on": "2017-03-01",
    "placement": "L1",
    "days": 60,
}


@pytest.mark.parametrize(
    ("fact", "field", "value", "why"),
    [
        (STARTED, "placement", None, "is missing"),
        (STARTED, "placement", 7, "is text, not a number"),
        (STARTED, "placement", "", "is empty"),
        (STARTED, "recorded_on", None, "is missing"),
        (STARTED, "started_on", "2017-02-29", "2017-02-29 is not in the calendar"),
        (STARTED, "started_on", "2017-2-1", "'2017-2-1' is no date such as 2017-03-01"),
        (STARTED, "started_on", "20170301", "'20170301' is no date such as 2017-03-01"),
        (STARTED, "started_on", "٢٠١٧-03-01", "is no date such as 2017-03-01"),
        (STARTED, "started_on", 20170301, "a number is no date such as 2017-03-01"),
        (STARTED, "contract_signed_on", "soon", "'soon' is no date such as 2017-03-01"),
        (STARTED, "recorded_at", "2017-03-01", "'2017-03-01' is no UTC instant"),
        (STARTED, "recorded_at", "2017-03-01T10:30:00+01:00", "is no UTC instant"),
        (STARTED, "recorded_at", "2017-03-01T25:00:00Z", "2017-03-01T25:00:00Z is no instant"),
        (STARTED, "recorded_at", "2017-03-01T23:00:00Z", "falls on 2017-03-02 in Copenhagen"),
        (STARTED, "recorded_at", "9999-12-31T23:30:00Z", "lies outside the calendar"),
        (CONFIRMED, "last_day", "2017-01-31", "2017-01-31 lies before the first day 2017-02-01"),
        (CONFIRMED, "hours", "-1", "-1 hours are negative"),
        (CONFIRMED, "hours", "-0.01", "-0.01 hours are negative"),
        (CONFIRMED, "hours", "1e3", "'1e3' is no decimal text"),
        (CONFIRMED, "hours", "NaN", "'NaN' is no decimal text"),
        (CONFIRMED, "hours", "1,5", "'1,5' is no decimal text"),
        (CONFIRMED, "hours", 100, "a number is no decimal text"),
        (CONFIRMED, "hours", True, "true or false is no decimal text"),
        (CONFIRMED, "hours", [], "a list is no decimal text"),
        (CONFIRMED, "hours", {}, "an object is no decimal text"),
        (COMPLETED, "documented_absence_hours", "-5", "-5 hours are negative"),
        (COMPLETED, "schooling_documented", "yes", "is true or false, not 'yes'"),
        (COMPLETED, "schooling_documented", 1, "is true or false, not a number"),
        (SECTOR, "public_funding_percent", "100.01", "100.01 lies outside 0 to 100"),
        (SECTOR, "public_funding_percent", "-0.01", "-0.01 lies outside 0 to 100"),
        (PAID, "amount_dkk", "20000", "'20000' is no whole number"),
        (PAID, "amount_dkk", 20000.5, "a number is no whole number"),
        (PAID, "amount_dkk", True, "true or false is no whole number"),
        (PAID, "amount_dkk", 10**12 + 1, "is above 1000000000000 or below -1000000000000"),
        (DECIDED, "outcome", "maybe", "'maybe' is neither accepted nor refused"),
        (EXTENDED, "days", -1, "-1 days are negative"),
    ],
)
def test_a_field_that_cannot_be_read_is_named(
    fact: dict[str, Any], field: str, value: object, why: str
) -> None:
    with pytest.raises(InvalidFactError) as caught:
        parse_fact({**fact, field: value})
    assert (caught.value.fact, caught.value.field) == (fact["fact"], field)
    assert why in caught.value.why


def test_person_numbers_and_control_characters_are_not_repeated_in_messages() -> None:
    with pytest.raises(InvalidFactError) as caught:
        parse_fact({**STARTED, "started_on": "610180-1234\n\x1b[2J"})
    assert "1234" not in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("PlacementStarted", "fact, field fact: a fact is an object, not text"),
        (None, "fact, field fact: a fact is an object, not null"),
        ({}, "fact, field fact: is missing"),
        ({"fact": 7}, "fact, field fact: is text, not a number"),
        ({"fact": "PlacementBegan"}, "fact, field fact: 'PlacementBegan' is unknown"),
    ],
)
def test_what_is_no_known_fact_is_refused(told: object, why: str) -> None:
    with pytest.raises(InvalidFactError) as caught:
        parse_fact(told)
    assert str(caught.value).startswith(why)


@pytest.mark.parametrize(
    ("fact", "field", "value"),
    [
        (STARTED, "recorded_at", "2017-03-01T22:59:59.999999Z"),
        (STARTED, "recorded_at", "2017-02-28T23:00:00+00:00"),
        (STARTED, "continues", None),
        (STARTED, "unheard_of", "ignored"),
        (CONFIRMED, "hours", "0"),
        (CONFIRMED, "last_day", "2017-02-01"),
        (SECTOR, "public_funding_percent", "100.00"),
        (SECTOR, "public_funding_percent", "0"),
        (PAID, "amount_dkk", -20000),
        (PAID, "amount_dkk", 10**12),
        (EXTENDED, "days", 0),
    ],
)
def test_values_at_their_boundary_are_read(fact: dict[str, Any], field: str, value: object) -> None:
    assert isinstance(parse_fact({**fact, field: value}), FACT_TYPES[fact["fact"]])


@pytest.mark.parametrize(
    "told",
    [STARTED, CONFIRMED, SECTOR, PAID, COMPLETED, DECIDED, EXTENDED],
    ids=lambda t: t["fact"],
)
def test_a_fact_is_written_as_it_was_read(told: dict[str, Any]) -> None:
    stamped = {**told, "recorded_at": "2017-03-01T09:30:00Z"}
    assert fact_as_object(parse_fact(stamped)) == stamped
    assert fact_as_object(parse_fact(told)) == told


def test_values_are_exact() -> None:
    fact = parse_fact({**CONFIRMED, "hours": "0.1"})
    assert fact.hours == Decimal("0.1")  # type: ignore[union-attr]


def case(*facts: object, **changes: object) -> dict[str, object]:
    return {"as_of": "2017-03-01", "known_on": "2017-03-02", "facts": list(facts), **changes}


def test_a_case_is_read_without_its_other_keys() -> None:
    read = parse_case(case(STARTED, id="1", expected={"instalments": 7}))
    assert (read.as_of, read.known_on) == (date(2017, 3, 1), date(2017, 3, 2))
    assert len(read.facts) == 1


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ([], "a case is an object, not a list"),
        (7, "a case is an object, not a number"),
        (case(as_of=None), "field as_of: is missing"),
        (case(known_on="2017-13-01"), "field known_on: 2017-13-01 is not in the calendar"),
        (case(facts=None), "field facts: is missing"),
        (case(facts="none"), "field facts: is a list, not text"),
        (case(STARTED, 7), "fact 2: fact, field fact: a fact is an object, not a number"),
        (
            case({**STARTED, "started_on": None}),
            "fact 1: PlacementStarted, field started_on: is missing",
        ),
    ],
)
def test_a_case_that_cannot_be_read_says_why(told: object, why: str) -> None:
    with pytest.raises(InvalidCaseError) as caught:
        parse_case(told)
    assert str(caught.value) == why


@pytest.mark.parametrize("fact", [STARTED, DECIDED])
def test_a_second_person_is_refused_whatever_is_known_on_the_day(fact: dict[str, Any]) -> None:
    other = {**fact, "person": "P2", "recorded_on": "2030-01-01"}
    with pytest.raises(InvalidCaseError) as caught:
        parse_case(case(CONFIRMED, STARTED, other))
    assert str(caught.value) == (
        f"fact 3: {fact['fact']}, field person: 'P2' is a second person; fact 2 is about 'P1'"
    )


def test_every_kind_of_fact_has_its_own_name() -> None:
    assert len(FACT_TYPES) == 16
    assert FACT_TYPES["PersonRegistered"] is PersonRegistered
