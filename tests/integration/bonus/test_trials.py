"""Anybody with a token may try the rules out; the answer is the command's, and nothing is kept."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from services.bonus.api import trials
from services.bonus.assess import Style, run
from shared.web.identity import Role
from shared.web.problems import Problem
from tests.integration.bonus.office import Office
from tests.unit.bonus.test_cases import worked

ADDRESS = "/bonus/v1/assessments"
EMPTY = {"as_of": "2017-06-01", "known_on": "2017-06-01", "facts": []}
STARTED = {
    "fact": "PlacementStarted",
    "recorded_on": "2016-09-01",
    "placement": "L1",
    "person": "P1",
    "employer": "99000007",
    "kind": "ordinary",
    "started_on": "2016-09-01",
}


async def asked(
    office: Office, content: object, query: str = "", role: Role = "finance", **claims: str
) -> tuple[int, Any]:
    async with office.system.client(role, **claims) as client:
        response = await client.post(ADDRESS + query, json=content)
        return response.status_code, response.json()


def commanded(content: object, folder: Path, *, explained: bool) -> Any:  # noqa: ANN401 # JSON
    (folder / "cases.json").write_text(json.dumps(content), encoding="utf-8")
    out = io.StringIO()
    style = Style(as_json=True, explained=explained)
    assert run(str(folder / "cases.json"), style, stdout=out, stderr=out) == 0
    return json.loads(out.getvalue())


@pytest.mark.parametrize(
    ("query", "explained"), [("", False), ("?explain=false", False), ("?explain=true", True)]
)
async def test_the_answer_is_that_of_the_command(
    office: Office, tmp_path: Path, query: str, *, explained: bool
) -> None:
    cases = worked()
    assert await asked(office, cases, query) == (
        200,
        commanded(cases, tmp_path, explained=explained),
    )
    status, one = await asked(office, cases[0], query)
    assert (status, one) == (200, commanded(cases[0], tmp_path, explained=explained))
    assert ("explanation" in one["instalments"][0]) is explained


@pytest.mark.parametrize(
    ("role", "claims"),
    [
        ("municipality", {"municipality": "0101"}),
        ("company", {"cvr": "99000007"}),
        ("caseworker", {}),
        ("approver", {}),
        ("finance", {}),
        ("operations", {}),
    ],
)
async def test_anybody_with_a_token_may_ask_and_nobody_without(
    office: Office, role: Role, claims: dict[str, str]
) -> None:
    told: dict[str, list[object]] = {"instalments": [], "repayment_claims": [], "flags": []}
    assert await asked(office, EMPTY, role=role, **claims) == (200, told)
    async with office.system.client(role, **claims) as client:
        del client.headers["Authorization"]
        response = await client.post(ADDRESS, json=EMPTY)
    assert (response.status_code, response.json()["type"]) == (
        401,
        "urn:sammen:problem:unauthenticated",
    )


@pytest.mark.parametrize(
    ("content", "message", "place"),
    [
        (7, "case 1: a case is an object, not a number", {"case": 1}),
        (
            [EMPTY, {"id": "a", **EMPTY, "as_of": "never"}],
            "case 2 (id 'a'): field as_of: 'never' is no date such as 2017-03-01",
            {"case": 2, "field": "as_of"},
        ),
        (
            {**EMPTY, "facts": [STARTED, {**STARTED, "started_on": "2017-02-30"}]},
            "case 1: fact 2: PlacementStarted, field started_on: 2017-02-30 is not in the calendar",
            {"case": 1, "fact": 2, "field": "started_on"},
        ),
        (
            {**EMPTY, "facts": [STARTED, {**STARTED, "person": "P2"}]},
            "case 1: fact 2: PlacementStarted, field person: 'P2' is a second person;"
            " fact 1 is about 'P1'",
            {"case": 1, "fact": 2, "field": "person"},
        ),
        (
            {**EMPTY, "facts": {}},
            "case 1: field facts: is a list, not an object",
            {"case": 1, "field": "facts"},
        ),
    ],
)
async def test_bad_input_is_refused_with_case_fact_field_and_why(
    office: Office, content: object, message: str, place: dict[str, object]
) -> None:
    status, told = await asked(office, content)
    assert (status, told["type"]) == (422, "urn:sammen:problem:invalid-request")
    assert told["detail"] == message
    assert told["errors"] == [{**place, "kind": "invalid-case", "message": message}]


async def test_content_that_is_no_json_or_not_said_to_be_is_refused(office: Office) -> None:
    async with office.system.client("finance") as client:
        text = await client.post(ADDRESS, content="{}", headers={"Content-Type": "text/plain"})
        cut = await client.post(ADDRESS, content="{", headers={"Content-Type": "application/json"})
    assert (text.status_code, cut.status_code) == (415, 400)


async def test_an_id_that_is_no_text_of_its_own_is_answered_escaped(office: Office) -> None:
    started = {**STARTED, "employer": "\ud800", "kind": "igu"}
    content = json.dumps({**EMPTY, "facts": [started]})
    async with office.system.client("finance") as client:
        headers = {"Content-Type": "application/json"}
        response = await client.post(f"{ADDRESS}?explain=true", content=content, headers=headers)
    assert response.status_code == 200
    assert '"employer": "\\ud800"' in response.text


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ([EMPTY] * (trials.CASES_MAX + 1), "At most 1000 cases are taken in one request"),
        (
            [EMPTY, {**EMPTY, "facts": [STARTED] * (trials.FACTS_OF_A_CASE_MAX + 1)}],
            "case 2: at most 1000 facts are taken",
        ),
    ],
)
async def test_more_than_one_request_can_bear_is_refused_with_the_remedy(
    office: Office, content: object, why: str
) -> None:
    status, told = await asked(office, content)
    assert (status, told["type"]) == (413, "urn:sammen:problem:too-much-to-try")
    assert told["detail"] == f"{why}; send fewer, or use `sammen assess`, which has no limit."


async def test_work_that_takes_too_long_is_given_up(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials, "SECONDS_MAX", -1.0)
    status, told = await asked(office, EMPTY)
    assert (status, told["type"]) == (413, "urn:sammen:problem:too-much-to-try")


async def test_whoever_waits_too_long_for_the_turn_is_asked_to_come_again() -> None:
    turn = trials.Turn(wait_seconds_max=0.01)
    async with turn.taken():
        with pytest.raises(Problem) as caught:
            async with turn.taken():
                raise AssertionError("two at once")
    assert caught.value.status == 503
    async with turn.taken():
        pass


async def test_nothing_is_stored(office: Office) -> None:
    await asked(office, worked())
    assert await office.instalments() == []
    async with office.owner.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM bonus.fact") == 0
