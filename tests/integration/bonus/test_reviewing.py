"""What the rules leave to a caseworker is decided as a fact: stored, dated, replayed, told."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from services.bonus.handlers import proving
from shared.web.identity import Role
from tests.integration.bonus.finance import Finance
from tests.integration.bonus.office import (
    EMPLOYER,
    HALF_YEAR,
    Office,
    hired,
    person,
    private,
)
from tests.integration.bonus.test_claiming import post
from tests.integration.bonus.test_doors import answer, apply

DECISIONS = "SELECT outcome, reason, decided_by FROM bonus.review_decision ORDER BY decided_at"
TOLD = """
SELECT convert_from(value, 'UTF8')::jsonb::text AS value
  FROM bonus.outbox
 WHERE headers::text LIKE '%.ReviewDecided.v1%'
 ORDER BY position
"""
ACCEPTED = {"outcome": "accepted", "reason": "the register says private"}
REFUSED = {"outcome": "refused", "reason": "a municipality owns it"}


@pytest.fixture
async def doubtful(office: Office) -> Office:
    """An office that has an application on 2 March 2017, and knows no sector of the employer."""
    await office.hear(person(), hired(), HALF_YEAR)
    await office.advance_to("2017-03-02")
    assert (await apply(office, "company"))[1]["status"] == "REVIEW"
    return office


async def reviews(office: Office, query: str = "") -> list[dict[str, Any]]:
    _, listed = await answer(office, "GET", "/bonus/v1/cases", "caseworker")
    path = f"/bonus/v1/cases/{listed['cases'][0]['case']}{query}"
    _, told = await answer(office, "GET", path, "caseworker")
    found: list[dict[str, Any]] = told["reviews"]
    return found


async def first_review(office: Office) -> str:
    return str((await reviews(office))[0]["review"])


async def decide(
    office: Office, body: dict[str, Any], role: Role = "caseworker"
) -> tuple[int, dict[str, Any]]:
    return await post(office, f"reviews/{await first_review(office)}/decision", body, role)


async def test_a_case_names_its_reviews_and_what_they_ask(doubtful: Office) -> None:
    first, second = await reviews(doubtful)
    assert (first["milestone"], second["milestone"]) == ("M6", "M12")
    assert (first["reason"], first["state"]) == ("SECTOR_UNKNOWN", "open")
    assert first["question"] == f"employer {EMPLOYER} on 2017-03-01: no report is valid"
    assert first["law"].startswith("integrationsloven § 46")


async def test_an_accepted_review_lets_the_instalment_be_paid(doubtful: Office) -> None:
    status, told = await decide(doubtful, ACCEPTED)
    assert (status, told["status"], told["amount_ore"]) == (200, "DUE", 2_000_000)
    assert (told["decided_on"], told["reason"]) == ("2017-03-02", None)
    assert [kroner for _, kroner in await Finance(doubtful).orders()] == [20_000]
    assert [each["state"] for each in await reviews(doubtful)] == ["accepted", "open"]


async def test_a_refused_review_refuses_the_instalment(doubtful: Office) -> None:
    _, told = await decide(doubtful, REFUSED)
    assert (told["status"], told["reason"]) == ("REFUSED", "REVIEW_REFUSED")
    assert (await reviews(doubtful))[0]["state"] == "refused"


async def test_a_decision_is_told_without_the_person_or_the_reasons(doubtful: Office) -> None:
    await decide(doubtful, ACCEPTED)
    [row] = await Finance(doubtful).rows(TOLD)
    told = json.loads(row["value"])
    case = told.pop("case")
    assert told == {
        "scheme": "ordinary",
        "employer": EMPLOYER,
        "milestone": "M6",
        "review": "SECTOR_UNKNOWN",
        "outcome": "accepted",
        "decided_on": "2017-03-02",
    }
    assert (await answer(doubtful, "GET", f"/bonus/v1/cases/{case}", "caseworker"))[0] == 200


async def test_who_decided_and_why_is_kept(doubtful: Office) -> None:
    await decide(doubtful, ACCEPTED)
    assert [tuple(row) for row in await Finance(doubtful).rows(DECISIONS)] == [
        ("accepted", ACCEPTED["reason"], "development:caseworker")
    ]


async def test_the_last_decision_counts_and_what_was_paid_is_claimed_back(doubtful: Office) -> None:
    await decide(doubtful, ACCEPTED)
    finance = Finance(doubtful)
    [(payout, _)] = await finance.orders()
    await finance.settle(payout, 20_000)
    await doubtful.advance_to("2017-03-20")
    assert (await decide(doubtful, REFUSED))[1]["status"] == "REFUSED"
    assert await finance.claims() == [("proposed", 20_000, "REVIEW_REFUSED")]
    assert len(await finance.rows(DECISIONS)) == 2


async def test_of_two_decisions_at_once_the_second_counts(doubtful: Office) -> None:
    await decide(doubtful, REFUSED)
    assert (await decide(doubtful, ACCEPTED))[1]["status"] == "DUE"
    assert (await reviews(doubtful))[0]["state"] == "accepted"


async def test_a_decision_is_known_from_its_day_on(doubtful: Office) -> None:
    await doubtful.advance_to("2017-03-05")
    await decide(doubtful, ACCEPTED)
    before = await reviews(doubtful, "?known_on=2017-03-04")
    assert before[0]["state"] == "open"
    assert (await reviews(doubtful, "?known_on=2017-03-05"))[0]["state"] == "accepted"


async def test_a_replay_of_the_facts_comes_to_the_same(doubtful: Office) -> None:
    await decide(doubtful, ACCEPTED)
    await proving.check_ledger(doubtful.system.system.context("bonus"))
    metrics = doubtful.system.system.metrics.exposition().decode()
    assert 'sammen_ledger_faults{check="replay"} 0.0' in metrics


@pytest.mark.parametrize("role", ["company", "finance", "approver"])
async def test_only_a_caseworker_decides_a_review(doubtful: Office, role: Role) -> None:
    assert (await decide(doubtful, ACCEPTED, role))[0] == 403
    assert (await reviews(doubtful))[0]["state"] == "open"


@pytest.mark.parametrize(
    "body",
    [
        {"outcome": "accepted"},
        {"outcome": "perhaps", "reason": "x"},
        {"outcome": "accepted", "reason": ""},
        {"outcome": "accepted", "reason": "about 610180-1234"},
        {**ACCEPTED, "decided_on": "2017-01-01"},
    ],
)
async def test_what_is_no_decision_is_refused(doubtful: Office, body: dict[str, Any]) -> None:
    assert (await decide(doubtful, body))[0] == 422
    assert (await reviews(doubtful))[0]["state"] == "open"


async def test_what_was_decided_is_not_decided_so_again(doubtful: Office) -> None:
    await decide(doubtful, ACCEPTED)
    status, told = await decide(doubtful, ACCEPTED)
    assert (status, "accepted on 2017-03-02" in told["detail"]) == (422, True)
    assert await doubtful.count_published("ReviewDecided") == 1


async def test_a_review_that_is_not_raised_is_not_there(doubtful: Office) -> None:
    known = (await first_review(doubtful)).partition(".")[0]
    foreign = "0192f0a0-0000-4000-8000-00000000ffff"
    for unknown in (f"{known}.PERSON_SCOPE", known, f"{foreign}.SECTOR_UNKNOWN", "nonsense", ".."):
        assert (await post(doubtful, f"reviews/{unknown}/decision", ACCEPTED))[0] == 404, unknown
    await doubtful.hear(private())
    assert (await post(doubtful, f"reviews/{known}.SECTOR_UNKNOWN/decision", ACCEPTED))[0] == 404


async def test_an_id_may_be_written_in_capitals(doubtful: Office) -> None:
    instalment, _, reason = (await first_review(doubtful)).partition(".")
    asked = f"reviews/{instalment.upper()}.{reason}/decision"
    assert (await post(doubtful, asked, ACCEPTED))[1]["status"] == "DUE"


async def test_nobody_accepts_an_amount_that_is_not_known(office: Office) -> None:
    await office.hear(private(), hired(), HALF_YEAR)
    await office.advance_to("2017-03-02")
    status, told = await decide(office, ACCEPTED)
    assert (status, "permit" in told["detail"]) == (422, True)
    assert (await decide(office, REFUSED))[1]["status"] == "REFUSED"
    await office.hear(person(permit_granted_on=date(2016, 5, 1)))
    assert ("M6", "AWAITING") in [(each[1], each[3]) for each in await office.instalments()]
