"""A caseworker finds on one page all that waits for a person, and decides it there."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from services.bonus.store import worklist
from tests.integration.bonus.browser import Page, browser
from tests.integration.bonus.finance import Finance, ordered
from tests.integration.bonus.office import (
    EMPLOYER,
    HALF_YEAR,
    OTHER_EMPLOYER,
    PERSON,
    Office,
    hired,
    person,
    private,
)
from tests.integration.bonus.test_claiming import paid_too_much
from tests.integration.bonus.test_doors import apply

PAGE = "/bonus/work"
REVIEWS, CLAIMS = f"{PAGE}/reviews/", f"{PAGE}/claims/"
PAYOUTS, FLAGS = f"{PAGE}/payouts/", f"{PAGE}/flags/"
NOTES = "SELECT person::text, flag, reason, noted_by FROM bonus.flag_note"
RELEASES = "SELECT reason FROM bonus.payout_release"


async def list_of(office: Office, query: str = "") -> Page:
    async with browser(office, "caseworker") as caseworker:
        return await caseworker.read(f"{PAGE}{query}")


@pytest.fixture
async def doubtful(office: Office) -> Office:
    """An office that has an application, and knows no sector of the employer."""
    await office.hear(person(), hired(), HALF_YEAR)
    await office.advance_to("2017-03-02")
    assert (await apply(office, "company"))[1]["status"] == "REVIEW"
    return office


@pytest.mark.parametrize("outcome", ["accepted", "refused"])
async def test_a_review_is_decided_where_it_is_listed(doubtful: Office, outcome: str) -> None:
    async with browser(doubtful, "caseworker") as caseworker:
        page = await caseworker.read(PAGE)
        assert "Reviews (2)" in page.text
        assert f"employer {EMPLOYER} on 2017-03-01: no report is valid" in page.text
        form = page.form(REVIEWS)
        assert form.buttons == [{"outcome": "accepted"}, {"outcome": "refused"}]
        page = await caseworker.send_and_see(form, outcome=outcome, reason="asked\nthe register")
    assert "It was saved." in page.text
    assert "Reviews (1)" in page.text
    lines = {(each[1], each[3], each[4]) for each in await doubtful.instalments()}
    expected = ("DUE", None) if outcome == "accepted" else ("REFUSED", "REVIEW_REFUSED")
    assert ("M6", *expected) in lines
    assert await doubtful.count_published("ReviewDecided") == 1


async def test_pressing_twice_decides_once(doubtful: Office) -> None:
    async with browser(doubtful, "caseworker") as caseworker:
        form = (await caseworker.read(PAGE)).form(REVIEWS)
        for _ in range(2):
            answer = await caseworker.send(form, outcome="accepted", reason="seen")
            assert answer.status_code == 303
    assert await doubtful.count_published("ReviewDecided") == 1


@pytest.mark.parametrize(
    ("typed", "state", "kroner"),
    [
        ({"outcome": "upheld"}, "upheld", 5_000),
        ({"outcome": "lowered", "kroner": "2.000"}, "upheld", 2_000),
        ({"outcome": "dropped"}, "dropped", 0),
    ],
)
async def test_a_claim_is_decided_where_it_is_listed(
    office: Office, typed: dict[str, str], state: str, kroner: int
) -> None:
    finance, _ = await paid_too_much(office)
    async with browser(office, "caseworker") as caseworker:
        form = (await caseworker.read(PAGE)).form(CLAIMS)
        await caseworker.send_and_see(form, reason="hearing of 12 March", **typed)
    [(found, amount, _)] = await finance.claims()
    assert (found, amount) == (state, kroner)


async def test_a_claim_that_changed_meanwhile_is_looked_at_again(office: Office) -> None:
    finance, _ = await paid_too_much(office)
    async with browser(office, "caseworker") as caseworker:
        form = (await caseworker.read(PAGE)).form(CLAIMS)
        seen, form.fields["seen_ore"] = form.fields["seen_ore"], "400000"
        answer = await caseworker.send(form, outcome="upheld", reason="seen")
        assert answer.status_code == 422
        assert "look again" in answer.text
        form.fields["seen_ore"] = seen
        for kroner in ("", "a lot", "1.00", "-5"):
            form.fields["submission"] += "x"
            answer = await caseworker.send(form, outcome="lowered", reason="x", kroner=kroner)
            assert answer.status_code == 422, kroner
        for outcome in ("upheld", "dropped"):
            form.fields["submission"] += "x"
            answer = await caseworker.send(form, outcome=outcome, reason="x", kroner="2.000")
            assert (answer.status_code, "only lowering takes" in answer.text) == (422, True)
    assert [state for state, *_ in await finance.claims()] == ["proposed"]


async def test_a_stopped_payout_is_released_where_it_is_listed(office: Office) -> None:
    finance, payout = await ordered(office)
    assert "Stopped payouts (0)" in (await list_of(office)).text
    await finance.reject(payout)
    async with browser(office, "caseworker") as caseworker:
        page = await caseworker.read(PAGE)
        assert "Stopped payouts (1)" in page.text
        page = await caseworker.send_and_see(page.form(PAYOUTS), reason="there is an account now")
    assert "Stopped payouts (0)" in page.text
    assert len(await finance.orders()) == 2
    assert [row["reason"] for row in await finance.rows(RELEASES)] == ["there is an account now"]


async def test_a_flag_is_noted_and_the_note_is_shown(office: Office) -> None:
    elsewhere = hired(placement="0101/second", employer=OTHER_EMPLOYER)
    await office.hear(private(), private(OTHER_EMPLOYER), person(), hired(), elsewhere)
    async with browser(office, "caseworker") as caseworker:
        page = await caseworker.read(PAGE)
        assert "Flags (1)" in page.text
        assert "two employers at the same time" in page.text
        assert OTHER_EMPLOYER in page.text
        page = await caseworker.send_and_see(page.form(FLAGS), reason="two half jobs")
        assert "Flags (0)" in page.text
        assert "two half jobs" in page.text
    [note] = await Finance(office).rows(NOTES)
    assert tuple(note) == (
        PERSON,
        "OVERLAPPING_EMPLOYERS",
        "two half jobs",
        "development:caseworker",
    )


async def test_a_flag_that_does_not_stand_is_not_noted(office: Office) -> None:
    elsewhere = hired(placement="0101/second", employer=OTHER_EMPLOYER)
    await office.hear(private(), person(), hired(), elsewhere)
    async with browser(office, "caseworker") as caseworker:
        form = (await caseworker.read(PAGE)).form(FLAGS)
        for action in (f"{FLAGS}{PERSON}/LATE_IGU_REGISTRATION", f"{FLAGS}nobody/x"):
            form.action = action
            assert (await caseworker.send(form, reason="x")).status_code == 404
    assert await Finance(office).rows(NOTES) == []


async def test_the_list_is_narrowed_to_an_employer(doubtful: Office) -> None:
    assert "Reviews (2)" in (await list_of(doubtful, f"?employer={EMPLOYER}")).text
    assert "Reviews (0)" in (await list_of(doubtful, f"?employer={OTHER_EMPLOYER}")).text
    assert "Reviews (2)" in (await list_of(doubtful, "?employer=")).text
    async with browser(doubtful, "caseworker") as caseworker:
        await caseworker.read(f"{PAGE}?employer=99000008", 422)


async def test_a_number_is_taken_as_people_write_it(doubtful: Office) -> None:
    for written in ("9900 0007", "DK99000007", "99-00-00-07", " 99000007 "):
        page = await list_of(doubtful, "?" + urlencode({"employer": written}))
        assert "Reviews (2)" in page.text
        assert 'name="employer" value="99000007"' in page.text


async def test_what_no_page_holds_stands_on_the_next(
    doubtful: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worklist, "LISTED_MAX", 1)
    async with browser(doubtful, "caseworker") as caseworker:
        first = await caseworker.read(f"{PAGE}?employer={EMPLOYER}")
        assert ("6 months" in first.text, "12 months" in first.text) == (True, False)
        assert f'href="?language=en&amp;employer={EMPLOYER}&page=2"' in first.text
        second = await caseworker.read(f"{PAGE}?employer={EMPLOYER}&page=2")
        assert ("Reviews (2)" in second.text, "6 months" in second.text) == (True, False)
        assert "Next page" not in second.text
        after = await caseworker.send_and_see(
            second.form(REVIEWS), outcome="accepted", reason="seen"
        )
    assert "It was saved." in after.text
    assert "Reviews (1)" in after.text
    assert "None on this page." in after.text
    assert f'name="employer" value="{EMPLOYER}"' in after.text


async def test_the_list_speaks_danish(doubtful: Office) -> None:
    page = await list_of(doubtful, "?language=da")
    for text in (
        "Til afgørelse",
        "arbejdsgiverens sektor",
        "Giv afslag",
        "ingen gældende oplysning",
    ):
        assert text in page.text
    assert page.form(REVIEWS).fields["language"] == "da"


async def test_a_reason_with_a_person_number_is_refused(doubtful: Office) -> None:
    async with browser(doubtful, "caseworker") as caseworker:
        form = (await caseworker.read(PAGE)).form(REVIEWS)
        for reason in ("about 610180-1234", "", "   ", "x" * 601):
            answer = await caseworker.send(form, outcome="accepted", reason=reason)
            assert answer.status_code == 422
            assert "610180" not in answer.text
    assert await doubtful.count_published("ReviewDecided") == 0


async def test_a_note_with_markup_stays_text(office: Office) -> None:
    elsewhere = hired(placement='0101/"><svg onload=x>', employer=OTHER_EMPLOYER)
    await office.hear(private(), person(), hired(), elsewhere)
    async with browser(office, "caseworker") as caseworker:
        page = await caseworker.read(PAGE)
        page = await caseworker.send_and_see(page.form(FLAGS), reason="<script>alert(1)</script>")
        assert "&lt;script&gt;" in page.text
        assert "script" not in page.tags
        case = page.text.split("/bonus/cases/")[-1].split("?")[0]
        shown = await caseworker.read(f"/bonus/cases/{case}")
        assert (shown.inline, shown.tags.count("svg")) == ([], 1)
