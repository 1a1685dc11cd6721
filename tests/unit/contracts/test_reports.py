"""At the door each fact stands or falls by itself, and the sender learns what is wrong with it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.door_rules import DoorRule
from shared.contracts.reported import ReportedPlacementStarted
from shared.contracts.reports import (
    FACTS_MAX,
    REPORTED_FACTS,
    RefusedFact,
    UnreadableReportsError,
    parse_reported_fact,
    parse_reported_facts,
)
from shared.contracts.samples import SAMPLES

PERSON = "6f1d2c3e-8a4b-4c5d-9e0f-1a2b3c4d5e6f"
STARTED = {
    "report_id": "r-1",
    "fact": "PlacementStarted",
    "placement": "2017-00042",
    "person": PERSON,
    "employer": "99000007",
    "kind": "ordinary",
    "started_on": "2017-02-01",
}
HOURS = {
    "report_id": "r-2",
    "fact": "EmploymentConfirmed",
    "placement": "2017-00042",
    "first_day": "2017-02-01",
    "last_day": "2017-02-28",
    "hours": "148.00",
}


def told(*facts: object) -> bytes:
    return json.dumps(facts).encode()


def problem_of(fact: dict[str, Any]) -> str:
    [outcome] = parse_reported_facts(told(fact))
    assert isinstance(outcome, RefusedFact), outcome
    assert 0 < len(outcome.problem) <= 600
    assert outcome.problem.isprintable()
    return outcome.problem


def test_the_example_of_the_contract_page_is_taken_in() -> None:
    [started] = parse_reported_facts(told(STARTED))
    assert isinstance(started, ReportedPlacementStarted)
    assert started.placement == "2017-00042"
    assert started.employer == "99000007"


def test_facts_answer_in_the_order_they_were_told_in() -> None:
    body = told(STARTED, {"report_id": "bad"}, HOURS, 7, STARTED)
    outcomes = parse_reported_facts(body)
    assert [getattr(outcome, "report_id", None) for outcome in outcomes] == [
        "r-1",
        "bad",
        "r-2",
        None,
        "r-1",
    ]
    assert [isinstance(outcome, RefusedFact) for outcome in outcomes] == [
        False,
        True,
        False,
        True,
        False,
    ]


def test_every_fact_a_municipality_tells_is_known() -> None:
    assert set(REPORTED_FACTS) == {
        "PlacementStarted",
        "PlacementCorrected",
        "EmploymentConfirmed",
        "LeaveRecorded",
        "PlacementExtended",
        "PlacementEnded",
        "PlacementEndRetracted",
        "PlacementAnnulled",
        "PlacementReinstated",
        "CourseCompleted",
        "PersonCorrected",
    }


@pytest.mark.parametrize("typed", ["DK99000007", "99 00 00 07", "DK-99-00-00-07"])
def test_a_company_number_may_be_typed_as_people_do(typed: str) -> None:
    [fact] = parse_reported_facts(told({**STARTED, "employer": typed}))
    assert isinstance(fact, ReportedPlacementStarted)
    assert fact.employer == "99000007"


def test_a_reference_may_be_typed_in_capitals() -> None:
    [fact] = parse_reported_facts(told({**STARTED, "person": PERSON.upper()}))
    assert isinstance(fact, ReportedPlacementStarted)
    assert fact.person == PERSON


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"started_on": "2017-02-30"}, "started_on: must be a date written YYYY-MM-DD that exists"),
        ({"started_on": 20170201}, "started_on: must be a date written YYYY-MM-DD"),
        ({"started_on": None}, "started_on: must be a date written YYYY-MM-DD"),
        ({"employer": "99000008"}, "employer: is no CVR number"),
        ({"employer": "9900"}, "employer: must be the 8 digits of a CVR number"),
        ({"employer": 99000007}, "employer: must be a text"),
        ({"kind": "Ordinary"}, "kind: must be a code: 1 to 40 lower-case letters"),
        ({"person": "P1"}, "person: must be a person reference (a UUID)"),
        ({"placement": "610180-1234"}, "placement: contains what looks like a civil registration"),
        ({"placement": "x\u200b"}, "placement: must not begin or end with a blank nor hold"),
        ({"placement": " x"}, "placement: must not begin or end with a blank"),
        ({"placement": "x" * 101}, "placement: "),
        ({"started": "2017-02-01"}, "started: is no field that belongs here; a misspelt name?"),
        ({"recorded_on": "2017-02-01"}, "recorded_on: is no field that belongs here"),
        ({"municipality": "0147"}, "municipality: is no field that belongs here"),
        ({"fact": "BonusApplied"}, "fact: none of this name is told here; known are Placement"),
        ({"fact": 7}, "fact: none of this name"),
        ({"fact": None}, "fact: is missing"),
        ({"report_id": None}, "report_id: must be a text"),
    ],
)
def test_a_start_that_can_not_be_right_is_explained(
    changed: dict[str, object], problem: str
) -> None:
    assert problem_of({**STARTED, **changed}).startswith(problem)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (
            {"last_day": "2017-01-31"},
            "the period ends (2017-01-31) before it begins (2017-02-01)",
        ),
        ({"hours": "672.01"}, "672.01 hours are more than 28 day(s) have"),
        ({"hours": "-1"}, "hours: must be decimal text that is not negative"),
        ({"hours": 148.0}, "hours: must be a text"),
        ({"hours": "1e3"}, "hours: must be decimal text"),
        (
            {"first_day": "x", "hours": "x"},
            "first_day: must be a date written YYYY-MM-DD that exists; hours: must be decimal text",
        ),
    ],
)
def test_hours_that_can_not_be_right_are_explained(
    changed: dict[str, object], problem: str
) -> None:
    assert problem_of({**HOURS, **changed}).startswith(problem)


def test_an_unknown_reason_is_answered_with_the_known_ones() -> None:
    ended = {**SAMPLES[REPORTED_FACTS["PlacementEnded"]], "reason": "COMPLETED"}
    problem = problem_of(ended)
    assert problem.startswith("reason: must be one of 'completed', 'fixed_term_ended'")
    assert "'never_showed_up'" in problem


def test_a_correction_corrects_something() -> None:
    assert problem_of({"report_id": "r-1", "fact": "PersonCorrected", "person": PERSON}).startswith(
        "corrects nothing: give category"
    )


def test_a_field_named_twice_is_refused_whatever_it_says() -> None:
    body = b'[{"report_id":"r-1","fact":"PlacementReinstated","placement":"a","placement":"a"}]'
    assert parse_reported_facts(body) == [
        RefusedFact("r-1", "a field is named twice; name each field once", DoorRule.FIELD_TWICE)
    ]


def test_a_refusal_never_repeats_a_person_number() -> None:
    for name in ("placement", "kind", "employer", "started_on", "fact", "610180-1234"):
        problem = problem_of({**STARTED, name: "610180-1234"})
        assert "610180" not in problem
    [refused] = parse_reported_facts(told({**STARTED, "report_id": "610180-1234"}))
    assert isinstance(refused, RefusedFact)
    assert refused.report_id is None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "must be a JSON array"),
        (b"{}", "must be a JSON array"),
        (b"\xef\xbb\xbf[]", "must be a JSON array"),
        (b"\xff\xfe[", "not UTF-8"),
        (b"[", "no JSON from line 1, column 2"),
        (b"[1", "not followed by"),
        (b"[1,]", "no JSON from line 1, column 4"),
        (b"[1 2]", "not followed by"),
        (b"[1]]", "something follows"),
        (b"[NaN]", "NaN is no JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[" + b"1," * FACTS_MAX + b"1]", "send several bodies"),
    ],
)
def test_a_body_that_is_no_list_of_facts_is_refused_whole(body: bytes, said: str) -> None:
    with pytest.raises(UnreadableReportsError, match=said):
        parse_reported_facts(body)


def test_an_empty_list_has_no_outcomes() -> None:
    assert parse_reported_facts(b" [ ] ") == []


def test_a_huge_number_spoils_its_own_fact_only() -> None:
    body = told(STARTED)[:-1] + b',{"report_id":"r-2","fact":' + b"9" * 6000 + b"}]"
    first, second = parse_reported_facts(body)
    assert isinstance(first, ReportedPlacementStarted)
    assert isinstance(second, RefusedFact)


def test_one_fact_is_read_as_a_record_of_its_own() -> None:
    assert parse_reported_fact(told(STARTED)[1:-1]) == parse_reported_facts(told(STARTED))[0]
    with pytest.raises(UnreadableReportsError, match="something follows"):
        parse_reported_fact(b"{} {}")


@given(body=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_bytes_make_the_door_fall_in(body: bytes) -> None:
    for text in (body, b"[" + body + b"]", b'[{"fact":' + body + b"}]"):
        try:
            parse_reported_facts(text)
        except UnreadableReportsError as error:
            assert str(error)  # noqa: PT017 - most bodies are no JSON, a few are
