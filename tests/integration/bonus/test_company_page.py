"""A company sees its instalments by what is next, and applies once however often it presses."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from shared.contracts.placements import PersonCorrected
from tests.integration.bonus.browser import Page, browser
from tests.integration.bonus.finance import Finance
from tests.integration.bonus.office import (
    EMPLOYER,
    HALF_YEAR,
    OTHER_EMPLOYER,
    PERSON,
    PLACEMENT,
    Office,
    hired,
    person,
    private,
)

PAGE = "/bonus/company"
APPLY = "/bonus/company/applications"


@pytest.fixture
async def employed(office: Office) -> Office:
    """An office that knows of one half year's work, on 2 March 2017."""
    await office.hear(private(), person(), hired(), HALF_YEAR)
    await office.advance_to("2017-03-02")
    return office


async def page_of(office: Office, cvr: str = EMPLOYER, query: str = "") -> Page:
    async with browser(office, "company", cvr=cvr) as company:
        return await company.read(f"{PAGE}{query}")


async def test_a_company_reads_what_to_do_next_and_until_when(employed: Office) -> None:
    page = await page_of(employed)
    for text in ("Apply now", "Not reached yet", PLACEMENT, "DKK 20,000"):
        assert text in page.text
    assert "application: from the company, by 2020-03-01" in page.text
    danish = await page_of(employed, query="?language=da")
    for text in ("Søg nu", "ansøgning: fra virksomheden, senest 01.03.2020", "20.000 kr."):
        assert text in danish.text
    assert '<html lang="da">' in danish.text


async def test_a_company_is_told_nothing_of_the_person_or_of_others(employed: Office) -> None:
    page = await page_of(employed)
    assert PERSON not in page.text
    other = await page_of(employed, OTHER_EMPLOYER)
    assert PLACEMENT not in other.text
    assert "no instalments" in other.text


async def test_an_application_from_the_page_is_what_the_interface_makes_of_it(
    employed: Office,
) -> None:
    async with browser(employed, "company", cvr=EMPLOYER) as company:
        form = (await company.read(PAGE)).form(APPLY)
        assert (form.fields["placement"], form.fields["milestone"]) == (PLACEMENT, "M6")
        page = await company.send_and_see(form)
    assert "The application was received." in page.text
    assert "On its way" in page.text
    assert "Sent to be paid on 2017-03-02" in page.text
    assert (EMPLOYER, "M6", 20_000, "DUE", None) in await employed.instalments()
    assert [kroner for _, kroner in await Finance(employed).orders()] == [20_000]


async def test_a_double_click_applies_once(employed: Office) -> None:
    async with browser(employed, "company", cvr=EMPLOYER) as company:
        form = (await company.read(PAGE)).form(APPLY)
        answers = await asyncio.gather(*(company.send(form) for _ in range(5)))
        assert {answer.status_code for answer in answers} == {303}
        assert len({answer.headers["location"] for answer in answers}) == 1
        assert (await company.send(form)).status_code == 303
    assert await employed.count_published("BonusApplied") == 1


async def test_a_form_sent_again_with_other_content_says_what_helps(employed: Office) -> None:
    async with browser(employed, "company", cvr=EMPLOYER) as company:
        form = (await company.read(PAGE)).forms[-1]
        await company.send_and_see(form, placement=f" {PLACEMENT} ", milestone="M12")
        answer = await company.send(form, placement=PLACEMENT, milestone="M6")
    assert answer.status_code == 422
    assert "This form was sent before, with other content" in answer.text
    assert "load the page again" in answer.text
    assert "Idempotency-Key" not in answer.text
    assert await employed.count_published("BonusApplied") == 1


async def test_any_placement_can_be_applied_for_by_its_id(employed: Office) -> None:
    async with browser(employed, "company", cvr=EMPLOYER) as company:
        form = (await company.read(PAGE)).forms[-1]
        assert form.fields["placement"] == ""
        await company.send_and_see(form, placement=PLACEMENT, milestone="M12")
        refused = await company.send(
            (await company.read(PAGE)).forms[-1], placement=PLACEMENT, milestone="M24"
        )
        unknown = await company.send(
            (await company.read(PAGE)).forms[-1], placement="0101/nobody", milestone="M6"
        )
        bad = await company.send(
            (await company.read(PAGE)).forms[-1], placement="x", milestone="M6"
        )
    assert refused.status_code == 422
    assert "M6 and M12" in refused.text
    assert unknown.status_code == 404
    assert bad.status_code == 422
    assert await employed.count_published("BonusApplied") == 1


async def test_one_company_applies_for_none_of_another_s(employed: Office) -> None:
    async with browser(employed, "company", cvr=OTHER_EMPLOYER) as other:
        form = (await other.read(PAGE)).forms[-1]
        answer = await other.send(form, placement=PLACEMENT, milestone="M6")
    assert answer.status_code == 404
    assert await employed.count_published("BonusApplied") == 0


async def test_what_is_paid_claimed_and_refused_is_said(employed: Office) -> None:
    async with browser(employed, "company", cvr=EMPLOYER) as company:
        await company.send((await company.read(PAGE)).form(APPLY))
        [(payout, _)] = await Finance(employed).orders()
        await Finance(employed).settle(payout, 20_000)
        assert "Paid: DKK 20,000" in (await company.read(PAGE)).text
        await employed.advance_to("2017-03-10")
        await employed.hear(PersonCorrected(person=PERSON, permit_granted_on=date(2014, 3, 10)))
        page = await company.read(PAGE)
    assert "Waits for a caseworker" in page.text
    assert "Claimed back: DKK 20,000 (a caseworker decides it)" in page.text
    assert "the residence permit was too old at the hire" in page.text
    assert "integrationsloven § 46" in page.text


async def test_a_payment_that_failed_is_said(employed: Office) -> None:
    async with browser(employed, "company", cvr=EMPLOYER) as company:
        await company.send((await company.read(PAGE)).form(APPLY))
        [(payout, _)] = await Finance(employed).orders()
        await Finance(employed).reject(payout)
        assert "could not be made" in (await company.read(PAGE)).text


async def test_what_a_sender_called_a_placement_stays_text(employed: Office) -> None:
    hostile = '0101/"><script>alert(1)</script>'
    other = "0192f0a0-0000-4000-8000-000000000002"
    await employed.hear(person(person=other), hired(person=other, placement=hostile))
    async with browser(employed, "company", cvr=EMPLOYER) as company:
        page = await company.read(PAGE)
        forms = [each for each in page.forms if each.fields.get("placement") == hostile]
        assert "script" not in page.tags
        assert page.inline == []
        assert (await company.send(forms[0])).status_code == 303
