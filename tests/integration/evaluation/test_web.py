"""The figures as anyone may ask for them, through a running system."""

from __future__ import annotations

from collections.abc import AsyncIterator
from html.parser import HTMLParser

import httpx
import pytest

from services.evaluation.service import SERVICE
from shared.runtime.service import ServiceContext
from tests.integration.evaluation.office import (
    OTHER_COMPANY,
    Office,
    assessed,
    joined,
    pledged,
    started,
)
from tests.support.clock import clock_at
from tests.support.services import StartSystem, SystemUnderTest

FIGURES = "/evaluation/v1/figures"
PERIOD = {"from": "2016-07-01", "to": "2017-03-01", "known_on": "2018-01-01"}


@pytest.fixture
async def system(start_system: StartSystem) -> SystemUnderTest:
    """Evaluation with a small programme: 7 persons in ordinary jobs, 3 in IGU, 4 instalments."""
    system = await start_system(SERVICE, clock=clock_at("2018-07-02"))
    context: ServiceContext = system.system.context(SERVICE.name)
    office = Office(context)
    await office.told(joined(), joined(OTHER_COMPANY), pledged(places=10))
    await office.told(*(started(f"0101/{number}", number) for number in range(7)))
    await office.told(*(started(f"0101/i{n}", n + 20, kind="igu") for n in range(3)))
    await office.told(*(assessed(f"c{number}") for number in range(4)))
    return system


@pytest.fixture
async def anyone(system: SystemUnderTest) -> AsyncIterator[httpx.AsyncClient]:
    async with system.client() as client:
        yield client


async def test_anyone_may_ask_and_is_told_no_small_counts(anyone: httpx.AsyncClient) -> None:
    answer = await anyone.get(FIGURES, params=PERIOD)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["from"], told["to"], told["known_on"]) == tuple(PERIOD.values())
    assert told["before"]["companies"] == 2
    assert told["before"]["persons_placed"] == {}
    assert told["after"] == {
        "companies": 2,
        "places_pledged": {"any": 10},
        "persons_placed": {
            "igu": {"everywhere": None, "at_members": None},
            "ordinary": {"everywhere": 7, "at_members": 7},
        },
        "bonus_decided": [
            {"scheme": "ordinary", "milestone": "M6", "instalments": None, "amount_ore": None}
        ],
        "notices_sent": 0,
    }
    assert told["persons_started"] == {"igu": None, "ordinary": 7}
    assert "1 to 4" in told["withheld"]


async def test_who_may_see_small_counts(system: SystemUnderTest) -> None:
    for role, sees_all in (
        ("caseworker", True),
        ("operations", True),
        ("finance", False),
        ("approver", False),
        ("municipality", False),
        ("company", False),
    ):
        claims = {"municipality": {"municipality": "0101"}, "company": {"cvr": OTHER_COMPANY}}
        async with system.client(role, **claims.get(role, {})) as client:  # type: ignore[arg-type] # one of the roles
            told = (await client.get(FIGURES, params=PERIOD)).json()
        assert (told["persons_started"]["igu"] == 3) is sees_all, role
        assert ("withheld" in told) is not sees_all, role


async def test_a_token_that_is_not_good_is_refused_though_none_is_needed(
    anyone: httpx.AsyncClient,
) -> None:
    answer = await anyone.get(FIGURES, headers={"Authorization": "Bearer made-up"})
    assert answer.status_code == 401


async def test_days_left_out_are_filled_in(anyone: httpx.AsyncClient) -> None:
    told = (await anyone.get(FIGURES)).json()
    assert (told["from"], told["to"], told["known_on"]) == (
        "2016-07-02",
        "2018-07-02",
        "2018-07-02",
    )
    told = (await anyone.get(FIGURES, params={"to": "1900-06-01"})).json()
    assert told["from"] == "1900-01-01"


async def test_days_that_cannot_be_meant_are_refused(anyone: httpx.AsyncClient) -> None:
    for params in (
        {"from": "2017-02-30"},
        {"to": "yesterday"},
        {"to": "1483228800"},
        {"known_on": "99999-01-01"},
        {"from": "1066-10-14"},
        {"from": "2017-03-02", "to": "2017-03-01"},
    ):
        answer = await anyone.get(FIGURES, params=params)
        assert answer.status_code == 422, params
        assert answer.headers["content-type"] == "application/problem+json"


class Page(HTMLParser):
    """What a page says to those who can't see it: cells under their rows, links, fields."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: dict[str, list[str]] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._row: list[str] = []
        self._cell: list[str] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self._row = []
        if tag in {"td", "th"}:
            self._cell = []

    def handle_data(self, text: str) -> None:
        if self._cell is not None:
            self._cell.append(text)

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"} and self._cell is not None:
            self._row.append(" ".join("".join(self._cell).split()))
            self._cell = None
        if tag == "tr" and self._row:
            self.rows[self._row[0]] = self._row[1:]

    def values(self) -> dict[str | None, str | None]:
        """The fields of the form and what they hold."""
        return {each.get("name"): each.get("value") for tag, each in self.tags if tag == "input"}


async def test_the_first_page_shows_the_figures_without_small_counts(
    anyone: httpx.AsyncClient,
) -> None:
    answer = await anyone.get("/", params=PERIOD)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    page = Page(answer.text)
    assert page.rows["Companies in the partnership"] == ["2", "2"]
    assert page.rows["Places: Any kind"] == ["10", "10"]
    assert page.rows["Ordinary employment, M6"] == ["0", "DKK 0", "< 5", "–"]
    assert page.rows["Basic integration training (IGU)"] == ["< 5"]
    assert page.rows["Ordinary employment"] == ["7"]
    assert page.values() == {"language": "en", **PERIOD}


async def test_the_first_page_needs_no_script_and_speaks_danish(
    anyone: httpx.AsyncClient,
) -> None:
    answer = await anyone.get("/", params={**PERIOD, "language": "da"})
    page = Page(answer.text)
    assert ("html", {"lang": "da"}) in page.tags
    assert answer.headers["content-language"] == "da"
    assert page.rows["Virksomheder i partnerskabet"] == ["2", "2"]
    assert "script" not in {tag for tag, _ in page.tags}
    labelled = {each["for"] for tag, each in page.tags if tag == "label"}
    assert labelled == {"from", "to", "known_on"}
    assert page.values()["language"] == "da"


async def test_the_first_page_opens_without_choosing_and_with_empty_fields(
    anyone: httpx.AsyncClient,
) -> None:
    for params in ({}, {"from": "", "to": "", "known_on": ""}):
        page = Page((await anyone.get("/", params=params)).text)
        assert page.values() == {
            "language": "en",
            "from": "2016-07-02",
            "to": "2018-07-02",
            "known_on": "2018-07-02",
        }


async def test_days_that_cannot_be_meant_are_said_on_the_page(anyone: httpx.AsyncClient) -> None:
    evil = "<script>alert(1)</script>"
    for params, said in (
        ({"from": evil}, "Not a day"),
        ({"to": "2017-02-30"}, "Not a day: “2017-02-30”"),
        ({"known_on": "1483228800"}, "Not a day"),
        ({"from": "2018-01-01", "to": "2017-01-01"}, "The day after lies before"),
        ({"to": "2017-02-30", "language": "da"}, "er ikke en dag"),
    ):
        answer = await anyone.get("/", params=params)
        assert answer.status_code == 422, params
        assert said in answer.text
        assert "<script" not in answer.text
        assert 'role="alert"' in answer.text
