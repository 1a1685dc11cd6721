"""Who may apply for what, and who may look at which case."""

from __future__ import annotations

from typing import Any

import pytest

from shared.web.identity import Role
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

APPLICATION = {"placement": PLACEMENT, "milestone": "M6"}


@pytest.fixture
async def employed(office: Office) -> Office:
    """An office that knows of one half year's work, on 2 March 2017."""
    await office.hear(private(), person(), hired(), HALF_YEAR)
    await office.advance_to("2017-03-02")
    return office


async def answer(
    office: Office, method: str, path: str, role: Role, body: object = None, **claims: str
) -> tuple[int, Any]:
    async with office.system.client(role, **claims) as client:
        response = await client.request(method, path, json=body)
        return response.status_code, response.json()


async def apply(office: Office, role: Role, **more: object) -> tuple[int, Any]:
    claims = {"cvr": str(more.pop("cvr", EMPLOYER))} if role == "company" else {}
    body = {**APPLICATION, **more}
    return await answer(office, "POST", "/bonus/v1/applications", role, body, **claims)


async def case_id(office: Office) -> str:
    _, told = await answer(office, "GET", "/bonus/v1/cases", "caseworker")
    assert [each["employer"] for each in told["cases"]] == [EMPLOYER]
    return str(told["cases"][0]["case"])


async def test_a_company_applies_and_is_told_where_it_stands(employed: Office) -> None:
    status, told = await apply(employed, "company")
    assert status == 201
    assert (told["status"], told["filed_on"]) == ("DUE", "2017-03-02")
    assert await employed.count_published("BonusApplied") == 1


@pytest.mark.parametrize(
    ("role", "more", "status"),
    [
        ("company", {"cvr": OTHER_EMPLOYER}, 404),
        ("company", {"placement": "0101/unheard-of"}, 404),
        ("company", {"milestone": "M24"}, 422),
        ("company", {"milestone": "M7"}, 422),
        ("company", {"filed_on": "2017-03-01"}, 422),
        ("caseworker", {"filed_on": "2017-03-03"}, 422),
        ("caseworker", {"filed_on": "2017-03-01"}, 201),
        ("municipality", {}, 403),
        ("finance", {}, 403),
    ],
)
async def test_an_application_is_taken_or_refused(
    employed: Office, role: Role, more: dict[str, object], status: int
) -> None:
    if role == "municipality":
        path = "/bonus/v1/applications"
        given, told = await answer(employed, "POST", path, role, APPLICATION, municipality="0101")
    else:
        given, told = await apply(employed, role, **more)
    assert given == status, told
    assert await employed.count_published("BonusApplied") == (1 if status == 201 else 0)


async def test_a_kind_without_a_bonus_can_t_be_applied_for(employed: Office) -> None:
    await employed.hear(hired(placement="0101/intern", kind="internship"))
    status, told = await apply(employed, "company", placement="0101/intern")
    assert (status, told["type"]) == (422, "urn:sammen:problem:invalid-request")
    assert "internship" in told["detail"]


@pytest.mark.parametrize(
    ("role", "claims", "sees"),
    [
        ("caseworker", {}, True),
        ("finance", {}, True),
        ("approver", {}, True),
        ("company", {"cvr": EMPLOYER}, True),
        ("company", {"cvr": OTHER_EMPLOYER}, False),
        ("municipality", {"municipality": "0101"}, True),
        ("municipality", {"municipality": "0461"}, False),
    ],
)
async def test_a_case_is_shown_to_those_it_concerns(
    employed: Office, role: Role, claims: dict[str, str], *, sees: bool
) -> None:
    case = await case_id(employed)
    status, told = await answer(employed, "GET", f"/bonus/v1/cases/{case}", role, **claims)
    assert status == (200 if sees else 404)
    _, listed = await answer(employed, "GET", "/bonus/v1/cases", role, **claims)
    assert len(listed["cases"]) == (1 if sees else 0)
    knows_person = role not in {"company"}
    if sees:
        assert (listed["cases"][0].get("person") == PERSON) is knows_person
        assert [each["milestone"] for each in told["instalments"]] == ["M6", "M12"]


async def test_a_case_is_explained_as_it_was_known_on_another_day(employed: Office) -> None:
    path = f"/bonus/v1/cases/{await case_id(employed)}?as_of=2017-03-01&known_on=2016-09-01"
    _, told = await answer(employed, "GET", path, "caseworker")
    assert told["instalments"] == []
    _, told = await answer(employed, "GET", path.split("?", maxsplit=1)[0], "caseworker")
    first = told["instalments"][0]
    assert (first["status"], first["missing"]) == ("AWAITING", ["application"])
    (hours,) = [
        check for check in first["explanation"]["checks"] if check["code"] == "HOURS_NOT_OVER_19"
    ]
    assert hours["arithmetic"].startswith("780 h x 7 / 181 days = ")
    assert hours["arithmetic"].endswith(" > 19")
    (wait,) = first["explanation"]["waits"]
    assert wait == {"missing": "application", "suppliers": ["company"], "until": "2020-03-01"}


@pytest.mark.parametrize(
    "query", ["placement=%00", "employer=%00", "employer=99000008", "placement=610180-1234"]
)
async def test_a_filter_that_can_fit_nothing_is_refused(employed: Office, query: str) -> None:
    status, told = await answer(employed, "GET", f"/bonus/v1/cases?{query}", "caseworker")
    assert (status, told["type"]) == (422, "urn:sammen:problem:invalid-request")


@pytest.mark.parametrize("day", ["0", "1483228800", "2017-02-30", "9999-12-31", "20170301"])
async def test_a_day_is_written_in_one_way_only(employed: Office, day: str) -> None:
    path = f"/bonus/v1/cases/{await case_id(employed)}"
    for query in (f"as_of={day}", f"known_on={day}"):
        status, _ = await answer(employed, "GET", f"{path}?{query}", "caseworker")
        assert status == 422


@pytest.mark.parametrize("unknown", ["nonsense", "0192f0a0-0000-4000-8000-00000000ffff"])
async def test_an_unknown_case_is_not_found(employed: Office, unknown: str) -> None:
    status, _ = await answer(employed, "GET", f"/bonus/v1/cases/{unknown}", "caseworker")
    assert status == 404


async def test_the_case_page_shows_the_rules_behind_each_instalment(employed: Office) -> None:
    case = await case_id(employed)
    async with employed.system.client("caseworker") as client:
        page = await client.get(f"/bonus/cases/{case}", headers={"Accept": "text/html"})
        listing = await client.get("/bonus/cases", headers={"Accept": "text/html"})
        cleared = await client.get(f"/bonus/cases/{case}?as_of=&known_on=")
        danish = await client.get(f"/bonus/cases/{case}?language=da")
    assert cleared.text == page.text
    assert page.status_code == listing.status_code == 200
    assert "integrationsloven § 46" in page.text
    assert case in listing.text
    assert "waits for: application: from company, by 2020-03-01" in page.text
    assert "afventer: ansøgning: fra virksomheden, senest 01.03.2020" in danish.text


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"filed_on": "2017-03-03"}, "FILED_ON_A_DAY_TO_COME"),
        ({"filed_on": "2017-02-30"}, "DATE_IMPOSSIBLE"),
        ({"milestone": "M24"}, "MILESTONE_NOT_OF_KIND"),
        ({"milestone": "M7"}, "WORD_UNKNOWN"),
        ({"placement": ""}, "FIELD_UNREADABLE"),
    ],
)
async def test_an_application_that_one_look_disproves_is_refused_with_its_rule(
    employed: Office, wrong: dict[str, str], code: str
) -> None:
    status, told = await apply(employed, "caseworker", **wrong)
    assert (status, told["code"], told["rule"]) == (422, code, "F10")
    assert await employed.count_published("BonusApplied") == 0
