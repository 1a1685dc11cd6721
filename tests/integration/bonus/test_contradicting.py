"""Facts that only other facts contradict are kept, and shown to whom they concern."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from shared.contracts.placements import PersonCorrected, PlacementCorrected, PlacementEnded
from shared.web.identity import Role
from tests.integration.bonus.browser import browser
from tests.integration.bonus.office import (
    EMPLOYER,
    HALF_YEAR,
    PERSON,
    PLACEMENT,
    Office,
    hired,
    person,
    private,
)


@pytest.fixture
async def contradicted(office: Office) -> Office:
    """An office that was told hours before the start, an end before it, and two permit dates."""
    await office.hear(private(), person(), hired(), HALF_YEAR)
    about: dict[str, Any] = {"placement": PLACEMENT, "person": PERSON}
    await office.hear(
        PlacementEnded(**about, last_day=date(2016, 9, 30), reason="resigned"),
        PlacementCorrected(**about, started_on=date(2016, 10, 1)),
        PersonCorrected(person=PERSON, permit_granted_on=date(2016, 3, 11)),
    )
    return office


async def seen(office: Office, role: Role, **claims: str) -> list[str]:
    async with office.system.client(role, **claims) as client:
        listed = (await client.get("/bonus/v1/cases")).json()["cases"]
        if not listed:
            return []
        case = (await client.get(f"/bonus/v1/cases/{listed[0]['case']}")).json()
    assert {each["law"] for each in case["contradictions"]} == {"docs/law.md, W7"}
    return [each["code"] for each in case["contradictions"]]


async def test_the_sender_and_the_caseworker_are_shown_what_contradicts(
    contradicted: Office,
) -> None:
    of_placement = ["END_BEFORE_START", "HOURS_OUTSIDE_PLACEMENT"]
    of_person = ["PERSON_TOLD_DIFFERENTLY"]
    assert await seen(contradicted, "municipality", municipality="0101") == of_person + of_placement
    assert await seen(contradicted, "caseworker") == of_person + of_placement
    assert await seen(contradicted, "company", cvr=EMPLOYER) == of_placement
    assert await seen(contradicted, "municipality", municipality="0461") == []


@pytest.mark.parametrize(
    ("role", "claims", "about_the_person"),
    [
        ("caseworker", {}, True),
        ("municipality", {"municipality": "0101"}, True),
        ("company", {"cvr": EMPLOYER}, False),
    ],
)
async def test_the_page_says_what_contradicts(
    contradicted: Office, role: Role, claims: dict[str, str], *, about_the_person: bool
) -> None:
    async with contradicted.system.client(role, **claims) as client:
        case = (await client.get("/bonus/v1/cases")).json()["cases"][0]["case"]
    async with browser(contradicted, role, **claims) as reader:
        english = await reader.read(f"/bonus/cases/{case}")
        danish = await reader.read(f"/bonus/cases/{case}?language=da")
    assert "Facts that contradict each other" in english.text
    assert "<li>hours outside the employment: EmploymentConfirmed of" in english.text
    assert "<li>slut før start: " in danish.text
    assert ("the person was told in different ways" in english.text) is about_the_person


async def test_what_is_contradicted_has_the_effect_the_rules_give_it(contradicted: Office) -> None:
    refused = {(status, reason) for *_, status, reason in await contradicted.instalments()}
    assert refused == {("REFUSED", "ENDED_BEFORE_MILESTONE")}
