"""Facts that can't be weighed are refused, each with where and why; so is too much at once."""

from __future__ import annotations

import pytest

from services.bonus.handlers import trying
from tests.integration.bonus.office import Office, hired
from tests.integration.bonus.test_what_if import OWN_ANNULLED, SOMEBODY, asked, told

START = told(hired())


@pytest.mark.parametrize(
    ("fact", "kind", "message"),
    [
        (7, "invalid-fact", "a fact is an object, not a number"),
        ({}, "invalid-fact", "fact: null is none that can be weighed; those are Person"),
        ({"fact": "PayoutSettled"}, "invalid-fact", "fact: 'PayoutSettled' is none that can be"),
        ({**START, "started_on": "2017-02-30"}, "invalid-fact", "PlacementStarted: started_on: "),
        ({**START, "person": "P1"}, "invalid-fact", "must be a person reference"),
        ({**START, "placement": "no-sender"}, "invalid-fact", "must be the whole id of a"),
        ({**START, "person": None}, "invalid-fact", "PlacementStarted: person: is missing"),
        ({**START, "colour": "red"}, "invalid-fact", "colour: is no field that belongs here"),
        ({**START, "recorded_on": "2017-01-01"}, "invalid-fact", "recorded_on: is not told here"),
        ({**START, "person": SOMEBODY}, "other-person", "was told with another person"),
        (
            {**OWN_ANNULLED, "placement": "0101/\u0000"},
            "invalid-fact",
            "PlacementAnnulled: placement: ",
        ),
        (
            {"fact": "ReviewDecided", "person": "P1", "outcome": "maybe"},
            "invalid-fact",
            "ReviewDecided: person: must be a person reference",
        ),
    ],
)
async def test_a_fact_that_cannot_be_weighed_is_named_with_why(
    office: Office, fact: object, kind: str, message: str
) -> None:
    await office.hear(hired())
    status, answer = await asked(office, [OWN_ANNULLED, fact])
    assert (status, answer["type"]) == (422, "urn:sammen:problem:invalid-request")
    (error,) = answer["errors"]
    assert (error["place"], error["fact"], error["kind"]) == ("body.1", 2, kind)
    assert message in error["message"]
    assert answer["detail"].startswith("One fact can't be weighed; the first is fact 2: ")


async def test_more_than_can_be_weighed_at_once_is_refused(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.hear(hired())
    monkeypatch.setattr(trying, "FACTS_OF_A_PERSON_MAX", 1)
    status, answer = await asked(office, [OWN_ANNULLED] * 2)
    assert (status, answer["type"]) == (413, "urn:sammen:problem:too-much-to-try")
    assert "2 facts are about one person, and at most 1 are weighed" in answer["detail"]
    monkeypatch.setattr(trying, "PERSONS_MAX", 0)
    status, answer = await asked(office, [OWN_ANNULLED])
    assert (status, "at most 0 are weighed" in answer["detail"]) == (413, True)
    assert (await asked(office, [OWN_ANNULLED] * 10_001))[0] == 413
