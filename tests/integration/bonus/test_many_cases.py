"""Where there are more cases than a list holds, it says so, and the others can be reached."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from services.bonus.store import cases
from tests.integration.bonus.browser import browser
from tests.integration.bonus.office import (
    EMPLOYER,
    OTHER_EMPLOYER,
    PERSON,
    PLACEMENT,
    Office,
    hired,
    person,
    private,
)

SECOND_PERSON, SECOND = PERSON.replace("1", "2"), "0101/2016 0002 & co"


@pytest.fixture
async def crowded(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Two cases at one company, and lists that hold one."""
    monkeypatch.setattr(cases, "CASES_LISTED_MAX", 1)
    other = hired(placement=SECOND, person=SECOND_PERSON)
    await office.hear(private(), person(), person(person=SECOND_PERSON), hired(), other)
    return office


async def test_the_interface_says_that_more_were_left_out(crowded: Office) -> None:
    async with crowded.system.client("caseworker") as client:
        told = (await client.get("/bonus/v1/cases")).json()
        one = (await client.get("/bonus/v1/cases", params={"placement": SECOND})).json()
    assert (len(told["cases"]), told["has_more"]) == (1, True)
    assert (len(one["cases"]), one["has_more"]) == (1, False)


@pytest.mark.parametrize(
    ("language", "more"), [("en", "Only the first"), ("da", "Kun de første 1.000 sager")]
)
async def test_the_page_says_so_and_narrows(crowded: Office, language: str, more: str) -> None:
    async with browser(crowded, "municipality", municipality="0101") as municipality:
        page = await municipality.read(f"/bonus/cases?language={language}")
        assert more in page.text
        found = set()
        for placement in (PLACEMENT, f" {SECOND} "):
            asked = {"language": language, "employer": "9900 0007", "placement": placement}
            page = await municipality.read(f"/bonus/cases?{urlencode(asked)}")
            assert more not in page.text
            found.add(page.text.split("/bonus/cases/")[1].split("?")[0])
        asked["employer"] = OTHER_EMPLOYER
        none = await municipality.read(f"/bonus/cases?{urlencode(asked)}")
    assert len(found) == 2
    assert ("No case you may look at fits" in none.text) is (language == "en")


async def test_a_company_is_told_that_it_has_more(crowded: Office) -> None:
    async with browser(crowded, "company", cvr=EMPLOYER) as company:
        page = await company.read("/bonus/company")
        assert "Only the company&#39;s first 1,000 cases are shown here." in page.text
        await company.send_and_see(page.forms[-1], placement=SECOND, milestone="M6")
    assert await crowded.count_published("BonusApplied") == 1
