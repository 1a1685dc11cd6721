"""A company is told nothing of a person's other employers: not by JSON, not by a page."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from shared.contracts.placements import (
    CourseCompleted,
    LeaveRecorded,
    PlacementEnded,
    PlacementExtended,
    PlacementStarted,
)
from tests.integration.bonus.browser import browser
from tests.integration.bonus.office import (
    EMPLOYER,
    OTHER_EMPLOYER,
    PERSON,
    Office,
    person,
    private,
)

FIRST, SECOND = "0101/first", "0101/second"
NAMES = {EMPLOYER: (EMPLOYER, FIRST), OTHER_EMPLOYER: (OTHER_EMPLOYER, SECOND)}
"""What each employer is known by."""


def course(
    placement: str, employer: str, started_on: str, continues: str | None = None
) -> PlacementStarted:
    return PlacementStarted(
        placement=placement,
        person=PERSON,
        employer=employer,
        kind="igu",
        started_on=date.fromisoformat(started_on),
        continues=continues,
    )


def leave(placement: str, kind: str, first_day: str, last_day: str) -> LeaveRecorded:
    first, last = date.fromisoformat(first_day), date.fromisoformat(last_day)
    return LeaveRecorded(
        placement=placement, person=PERSON, leave=kind, first_day=first, last_day=last
    )


def ended(reason: Any) -> PlacementEnded:  # noqa: ANN401 # a word of the contract
    last_day = date(2017, 3, 31)
    return PlacementEnded(placement=FIRST, person=PERSON, last_day=last_day, reason=reason)


async def told_to(office: Office, employer: str) -> dict[str, str]:
    """Everything a company can read of its case, by address."""
    async with office.system.client("company", cvr=employer) as client:
        case = (await client.get("/bonus/v1/cases")).json()["cases"][0]["case"]
        path = f"/bonus/v1/cases/{case}"
        kept = (await client.get(f"{path}/assessments")).json()["assessments"]
        addresses = ["/bonus/v1/cases", path, f"{path}/assessments"]
        addresses += [f"{path}/assessments/{each['assessment']}" for each in kept]
        told = {each: (await client.get(each)).text for each in addresses}
    async with browser(office, "company", cvr=employer) as company:
        for page in ("/bonus/company", f"/bonus/cases/{case}", f"/bonus/cases/{case}?language=da"):
            told[page] = (await company.read(page)).text
    return told


async def found(office: Office, employer: str, words: tuple[str, ...]) -> set[tuple[str, str]]:
    told = await told_to(office, employer)
    return {(address, word) for address, text in told.items() for word in words if word in text}


@pytest.fixture
async def carried_over(office: Office) -> Office:
    """A course that went on at another company after a dismissal, with a leave at each."""
    await office.hear(
        private(),
        private(OTHER_EMPLOYER),
        person(born_on=date(1990, 1, 5), resident_since=date(2016, 3, 12)),
        course(FIRST, EMPLOYER, "2016-08-01"),
        leave(FIRST, "maternity", "2016-10-03", "2016-11-04"),
        ended("dismissed"),
        course(SECOND, OTHER_EMPLOYER, "2017-04-03", continues=FIRST),
        leave(SECOND, "illness", "2017-06-05", "2017-08-11"),
        PlacementExtended(placement=SECOND, person=PERSON, days=40),
        CourseCompleted(
            placement=SECOND,
            person=PERSON,
            certificate_issued_on=date(2018, 8, 9),
            schooling_documented=True,
            practice_hours="2700",
        ),
    )
    return office


async def test_who_dismissed_learns_nothing_of_where_the_course_goes_on(
    carried_over: Office,
) -> None:
    days = ("2017-04-03", "2017-06-05", "2018-08-09")
    words = (*NAMES[OTHER_EMPLOYER], "illness", "Extension", "Forlængelse", *days, PERSON)
    assert await found(carried_over, EMPLOYER, words) == set()


async def test_who_takes_over_learns_the_days_that_count_and_not_from_whom(
    carried_over: Office,
) -> None:
    words = (*NAMES[EMPLOYER], "maternity", "2016-10-03", PERSON)
    assert await found(carried_over, OTHER_EMPLOYER, words) == set()
    texts = (await told_to(carried_over, OTHER_EMPLOYER)).values()
    assert any("Extension" in text for text in texts)
    assert any("<td>2016-08-01</td><td>2017-03-31</td><td>another employer" in t for t in texts)


async def test_a_caseworker_sees_the_whole_course(carried_over: Office) -> None:
    async with carried_over.system.client("caseworker") as client:
        listed = (await client.get("/bonus/v1/cases")).json()["cases"]
    async with browser(carried_over, "caseworker") as caseworker:
        page = await caseworker.read(f"/bonus/cases/{listed[0]['case']}")
    for text in (*NAMES[EMPLOYER], *NAMES[OTHER_EMPLOYER], "maternity", "illness"):
        assert text in page.text, text


async def test_a_right_earned_elsewhere_is_said_without_where_and_when(office: Office) -> None:
    await office.hear(
        private(),
        private(OTHER_EMPLOYER),
        person(born_on=date(1990, 1, 5), resident_since=date(2016, 3, 12)),
        course(FIRST, EMPLOYER, "2016-08-01"),
        ended("resigned"),
        course(SECOND, OTHER_EMPLOYER, "2017-04-03"),
    )
    await office.advance_to("2017-11-01")
    for placement, employer in ((FIRST, EMPLOYER), (SECOND, OTHER_EMPLOYER)):
        async with office.system.client("company", cvr=employer) as client:
            asked = {"placement": placement, "milestone": "M6"}
            answer = await client.post("/bonus/v1/applications", json=asked)
            assert answer.status_code == 201, answer.text
    words = (*NAMES[EMPLOYER], "2016-08-01", "2017-02-01", "01.08.2016")
    assert await found(office, OTHER_EMPLOYER, words) == set()
    texts = "".join((await told_to(office, OTHER_EMPLOYER)).values())
    assert "a job at another employer decides it" in texts
    assert "en ansættelse hos en anden arbejdsgiver afgør det" in texts


async def test_a_review_asks_about_an_earlier_job_without_saying_where(office: Office) -> None:
    before = course(FIRST, EMPLOYER, "2016-01-04").model_copy(
        update={"placement": "0101/before", "kind": "ordinary"}
    )
    await office.hear(
        private(),
        private(OTHER_EMPLOYER),
        person(born_on=date(1990, 1, 5), resident_since=date(2016, 3, 12)),
        before,
        course(FIRST, EMPLOYER, "2016-08-01"),
        ended("dismissed"),
        course(SECOND, OTHER_EMPLOYER, "2017-04-03", continues=FIRST),
    )
    words = (*NAMES[EMPLOYER], "2016-01-04", "04.01.2016")
    assert await found(office, OTHER_EMPLOYER, words) == set()
    texts = "".join((await told_to(office, OTHER_EMPLOYER)).values())
    assert "IGU_PRIOR_EMPLOYMENT" in texts
    assert "a job at another employer decides it" in texts


async def test_a_contradiction_names_neither_the_person_nor_another_employer(
    office: Office,
) -> None:
    at_one = course(SECOND, EMPLOYER, "2016-08-01")
    at_another = course(SECOND, OTHER_EMPLOYER, "2016-08-01", continues=FIRST)
    await office.hear(private(), person(), at_one, at_another)
    words = (EMPLOYER, PERSON, FIRST)
    assert await found(office, OTHER_EMPLOYER, words) == set()
    assert "PLACEMENT_TOLD_DIFFERENTLY" in "".join((await told_to(office, OTHER_EMPLOYER)).values())
