"""A case as a page: its two years as a picture, the explanation, and both days to choose."""

from __future__ import annotations

from datetime import date

import pytest

from shared.contracts.placements import LeaveRecorded
from tests.integration.bonus.browser import browser
from tests.integration.bonus.finance import ordered
from tests.integration.bonus.office import (
    EMPLOYER,
    OTHER_EMPLOYER,
    PERSON,
    PLACEMENT,
    Office,
    hired,
    private,
)
from tests.integration.bonus.test_claiming import paid_too_much

LEAVE = LeaveRecorded(
    placement=PLACEMENT,
    person=PERSON,
    leave="illness",
    first_day=date(2016, 10, 3),
    last_day=date(2016, 10, 14),
)


async def case_path(office: Office) -> str:
    async with office.system.client("caseworker") as client:
        told = (await client.get("/bonus/v1/cases", params={"employer": EMPLOYER})).json()
    return f"/bonus/cases/{told['cases'][0]['case']}"


async def test_the_two_years_are_a_picture_and_a_table(office: Office) -> None:
    finance, payout = await ordered(office)
    await finance.settle(payout, 20_000)
    await office.hear(LEAVE)
    async with browser(office, "company", cvr=EMPLOYER) as company:
        page = await company.read(await case_path(office))
    for text in (
        "Employment: 2016-09-01 - still running.",
        '<th scope="row">Hours confirmed</th><td>2016-09-01</td><td>2017-02-28</td>'
        "<td>780.00 hours</td>",
        '<th scope="row">Leave</th><td>2016-10-03</td><td>2016-10-14</td><td>illness</td>',
        '<th scope="row">Milestone</th><td>2017-03-01</td><td></td>',
        '<th scope="row">Paid</th><td>2017-03-02</td><td></td><td>6 months, DKK 20,000</td>',
        "Applied M6",
        "Ordered M6: DKK 20,000",
    ):
        assert text in page.text, text
    assert {"svg", "title", "desc", "table"} <= set(page.tags)
    assert 'role="img" aria-labelledby="timeline-title timeline-desc"' in page.text
    assert page.inline == []
    assert "script" not in page.tags


async def test_a_case_is_shown_in_danish_throughout(office: Office) -> None:
    await paid_too_much(office)
    await office.hear(LEAVE)
    async with browser(office, "municipality", municipality="0101") as municipality:
        page = await municipality.read(f"{await case_path(office)}?language=da")
    texts = ("Sagen over tid", "Krævet tilbage", "til udbetaling", "Tilbagebetalingskrav,")
    for text in (*texts, "780,00 timer", "<td>sygdom</td>"):
        assert text in page.text
    assert '<html lang="da">' in page.text
    for english in ("illness", "780.00", "Employment", "Milestone", "Look again", "Sign out"):
        assert english not in page.text


async def test_a_case_is_drawn_as_it_was_known(office: Office) -> None:
    await ordered(office)
    path = await case_path(office)
    async with browser(office, "caseworker") as caseworker:
        page = await caseworker.read(f"{path}?as_of=2017-02-01&known_on=2016-09-02")
        assert "Ordered M6" not in page.text
        assert "M6: PENDING" in page.text
        assert 'name="known_on" value="2016-09-02"' in page.text
        before = await caseworker.read(f"{path}?known_on=2016-01-01")
        assert "svg" not in before.tags
        assert "Nothing is known of this case on that date." in before.text


async def test_what_was_paid_and_is_claimed_stands_with_the_instalment(office: Office) -> None:
    await paid_too_much(office)
    async with browser(office, "caseworker") as caseworker:
        page = await caseworker.read(await case_path(office))
    assert "<dt>Paid to this day</dt><dd>DKK 20,000</dd>" in page.text
    assert "<dt>Claimed back</dt><dd>DKK 5,000, to be decided</dd>" in page.text


@pytest.mark.parametrize(("role", "decides"), [("caseworker", True), ("approver", False)])
async def test_the_forms_stand_beside_the_explanation_for_who_decides(
    office: Office, role: str, *, decides: bool
) -> None:
    finance, _ = await paid_too_much(office)
    async with office.system.client(role) as client:  # type: ignore[arg-type]
        headers = {"Accept": "text/html"}
        page = await client.get(await case_path(office), headers=headers)
    action = f'action="/bonus/work/claims/{await finance.claim()}"'
    assert (action in page.text) is decides


async def test_an_employer_is_not_told_of_another(office: Office) -> None:
    await ordered(office)
    elsewhere = hired(placement="0101/second", employer=OTHER_EMPLOYER)
    await office.hear(private(OTHER_EMPLOYER), elsewhere)
    path = await case_path(office)
    async with browser(office, "company", cvr=EMPLOYER) as company:
        page = await company.read(path)
        assert "two employers" not in page.text
        assert OTHER_EMPLOYER not in page.text
    async with browser(office, "caseworker") as caseworker:
        assert "two employers at the same time" in (await caseworker.read(path)).text
