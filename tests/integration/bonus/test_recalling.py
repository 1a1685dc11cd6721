"""Every assessment is kept with the facts it knew, and can be repeated as it was made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.bonus.handlers import assessing
from services.bonus.rules.editions import Edition, own_edition
from services.bonus.store import assessments, facts
from shared.database import Database
from shared.web.identity import Role
from tests.integration.bonus.browser import browser
from tests.integration.bonus.office import (
    EMPLOYER,
    HALF_YEAR,
    OTHER_EMPLOYER,
    PERSON,
    Office,
    hired,
    person,
    private,
    received,
)
from tests.integration.bonus.test_assessing import apply
from tests.integration.bonus.test_doors import answer, case_id

UNHEARD_OF = "0192f0a0-0000-4000-8000-00000000dead"
WITHOUT_TRIGGERS = "SET LOCAL session_replication_role = replica"


async def told(office: Office, rest: str = "") -> Any:  # noqa: ANN401 # JSON
    path = f"/bonus/v1/cases/{await case_id(office)}/assessments{rest}"
    status, answered = await answer(office, "GET", path, "caseworker")
    assert status == 200, answered
    return answered


async def kept(office: Office) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (await told(office))["assessments"]
    return listed


async def late_hours(office: Office) -> None:
    """Hours recorded on 2 March 2017 that came on 20 March, by way of a dead letter."""
    await office.hear(private(), person(), hired())
    await office.advance_to("2017-03-02")
    recorded_at = datetime(2017, 3, 2, 9, tzinfo=UTC)
    await apply(office.system)
    await office.advance_to("2017-03-20")
    await office.hear(received(HALF_YEAR, recorded_at))


async def test_each_assessment_keeps_what_it_knew_and_what_it_gave(office: Office) -> None:
    await office.hear(private(), person(), hired())
    await office.advance_to("2017-03-02")
    await office.hear(HALF_YEAR)
    await apply(office.system)
    found = await kept(office)
    assert [(each["as_of"], each["facts"], each["instalments"][0]["status"]) for each in found] == [
        ("2016-09-02", 3, "PENDING"),
        ("2017-03-02", 3, "AWAITING"),
        ("2017-03-02", 4, "AWAITING"),
        ("2017-03-02", 5, "DUE"),
    ]
    assert [each["instalments"][0]["missing"] for each in found[1:]] == [
        ["application", "confirmation"],
        ["application"],
        [],
    ]
    assert {each["rules"] for each in found} == {own_edition().name}
    assert all(each["late"] == [] for each in found)


async def count(office: Office) -> int:
    """How many assessments of the person are kept at all."""
    async with office.system.system.context("bonus").begin() as work:
        return len(await assessments.list_assessments(work.connection, PERSON))


async def test_a_fact_that_changes_nothing_is_kept_as_known(office: Office) -> None:
    await office.hear(private(), person(), hired())
    await office.hear(person())
    assert [each["facts"] for each in await kept(office)] == [3, 4]


async def test_a_look_that_changes_nothing_leaves_no_assessment(office: Office) -> None:
    await office.hear(private(), person(), hired())
    async with office.system.system.context("bonus").begin() as work:
        locked = await facts.lock_persons(work.connection, [PERSON])
        await assessing.assess_persons(work, locked, {})
    assert await count(office) == 1


async def test_a_fact_that_came_late_is_told_to_be_late(office: Office) -> None:
    await late_hours(office)
    last = (await kept(office))[-1]
    [late] = last["late"]
    assert (late["fact"], late["recorded_on"], late["known_on"]) == (
        "EmploymentConfirmed",
        "2017-03-02",
        "2017-03-20",
    )
    path = f"/bonus/v1/cases/{await case_id(office)}"
    _, case = await answer(office, "GET", path, "caseworker")
    assert case["late_facts"] == [late]
    async with browser(office, "caseworker") as caseworker:
        page = path.replace("/v1", "")
        english = await caseworker.read(page)
        danish = await caseworker.read(f"{page}?language=da")
    assert "EmploymentConfirmed of 2017-03-02, counted from 2017-03-20</li>" in english.text
    assert "02.03.2017, medregnet fra 20.03.2017</li>" in danish.text


async def test_by_the_law_a_late_fact_was_known_by_what_was_assessed_it_was_not(
    office: Office,
) -> None:
    await late_hours(office)
    path = f"/bonus/v1/cases/{await case_id(office)}?as_of=2017-03-02&known_on=2017-03-02"
    _, by_law = await answer(office, "GET", path, "caseworker")
    assert by_law["instalments"][0]["status"] == "DUE"
    before, after = (await kept(office))[-2:]
    for which, status in ((before, "AWAITING"), (after, "DUE")):
        again = await told(office, f"/{which['assessment']}")
        assert again["instalments"][0]["status"] == status
        assert again["gives_what_was_stored"]
        assert again["stored"] == which["instalments"]
        assert again["instalments"][0]["explanation"]["checks"]


async def test_a_repetition_that_gives_something_else_says_so(office: Office) -> None:
    await office.hear(private(), person(), hired())
    url = office.system.database.superuser_url
    superuser = await Database.connect(url, application_name="test")
    async with superuser.transaction() as connection:
        await connection.execute(WITHOUT_TRIGGERS)
        await connection.execute(
            "UPDATE bonus.assessment SET lines = jsonb_set(lines, '{0,amount_ore}', '100')"
        )
    await superuser.close()
    [made] = await kept(office)
    again = await told(office, f"/{made['assessment']}")
    assert not again["gives_what_was_stored"]
    assert again["stored"][0]["amount_ore"] == 100
    assert again["instalments"][0]["amount_dkk"] == 20_000


async def test_an_assessment_is_repeated_by_the_rules_it_was_made_by(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    cheaper = Edition("0123456789abcdef", own_edition().content.replace("20000", "15000"))
    with monkeypatch.context() as patched:
        patched.setattr(assessing, "own_edition", lambda: cheaper)
        await office.hear(private(), person(), hired())
    [made] = await kept(office)
    again = await told(office, f"/{made['assessment']}")
    assert (made["rules"], again["repeated_by_rules"]) == (cheaper.name, cheaper.name)
    assert again["instalments"][0]["amount_dkk"] == 15_000
    assert not again["gives_what_was_stored"]  # by the package's rules it had given 20,000


async def test_rules_that_can_t_be_read_any_more_give_way_to_today_s(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(assessing, "own_edition", lambda: Edition("0123456789abcdef", "{}"))
        await office.hear(private(), person(), hired())
    [made] = await kept(office)
    again = await told(office, f"/{made['assessment']}")
    assert again["repeated_by_rules"] == own_edition().name
    assert again["gives_what_was_stored"]


async def test_what_happened_elsewhere_is_not_told(office: Office) -> None:
    await office.hear(private(), person(), hired())
    before = await kept(office)
    early = office.clock.now()
    office.clock.advance_to(early + timedelta(days=1))
    elsewhere = hired(placement="0461/2", employer=OTHER_EMPLOYER, kind="internship")
    await office.hear(private(OTHER_EMPLOYER), elsewhere)
    assert await kept(office) == before
    assert await count(office) == 2
    late = hired(placement="0461/3", employer=OTHER_EMPLOYER, kind="internship")
    await office.hear(received(late, early + timedelta(hours=1)), person())
    last = (await kept(office))[-1]
    assert (last["facts"], last["late"]) == (4, [])


@pytest.mark.parametrize(
    ("role", "claims", "status"),
    [
        ("caseworker", {}, 200),
        ("finance", {}, 200),
        ("approver", {}, 200),
        ("company", {"cvr": EMPLOYER}, 200),
        ("company", {"cvr": OTHER_EMPLOYER}, 404),
        ("municipality", {"municipality": "0101"}, 200),
        ("municipality", {"municipality": "0461"}, 404),
        ("operations", {}, 403),
    ],
)
async def test_a_case_s_assessments_are_shown_to_those_it_concerns(
    office: Office, role: Role, claims: dict[str, str], status: int
) -> None:
    await office.hear(private(), person(), hired())
    path = f"/bonus/v1/cases/{await case_id(office)}/assessments"
    [made] = await kept(office)
    for each in (path, f"{path}/{made['assessment']}"):
        assert (await answer(office, "GET", each, role, **claims))[0] == status


async def test_an_assessment_is_found_in_its_own_case_only(office: Office) -> None:
    await office.hear(private(), person(), hired())
    path = f"/bonus/v1/cases/{await case_id(office)}/assessments"
    for unknown in (UNHEARD_OF, "no-id"):
        assert (await answer(office, "GET", f"{path}/{unknown}", "caseworker"))[0] == 404
