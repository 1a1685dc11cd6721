from __future__ import annotations

import asyncio
from typing import Any

from tests.integration.membership.office import OTHER_COMPANY, Office, problem

SECTOR = f"/membership/v1/employers/{OTHER_COMPANY}/sector"


def sector(**fields: object) -> dict[str, Any]:
    return {"sector": "private", "effective_from": "2016-01-01", **fields}


async def test_the_sector_of_any_employer_can_be_told(office: Office) -> None:
    answer = await office["caseworker"].post(SECTOR, json=sector(public_funding_percent="49.5"))
    assert answer.status_code == 201
    expected = {
        "employer": OTHER_COMPANY,
        "effective_from": "2016-01-01",
        "sector": "private",
        "public_funding_percent": "49.5",
    }
    assert answer.json() == expected
    assert await office.contents() == [("EmployerSectorReported", expected)]
    keys = await office.fetch("SELECT convert_from(key, 'UTF8') FROM membership.outbox")
    assert [row[0] for row in keys] == [OTHER_COMPANY]


async def test_the_same_report_again_is_not_told_again(office: Office) -> None:
    for caller, status in (("caseworker", 201), ("operations", 200)):
        assert (await office[caller].post(SECTOR, json=sector())).status_code == status
    assert len(await office.contents()) == 1


async def test_a_correction_and_its_correction_are_told(office: Office) -> None:
    for told in ("private", "institution", "private"):
        answer = await office["operations"].post(SECTOR, json=sector(sector=told))
        assert answer.status_code == 201
    later = sector(effective_from="2017-01-01")
    assert (await office["operations"].post(SECTOR, json=later)).status_code == 201
    assert [content["sector"] for _, content in await office.contents()] == [
        "private",
        "institution",
        "private",
        "private",
    ]


async def test_the_same_report_from_two_at_once_is_told_once(office: Office) -> None:
    answers = await asyncio.gather(
        *(office["operations"].post(SECTOR, json=sector()) for _ in range(8))
    )
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len(await office.contents()) == 1


IMPOSSIBLE: tuple[object, ...] = (
    {},
    sector(sector="Private"),
    sector(sector=""),
    sector(effective_from="1 January 2016"),
    sector(effective_from=None),
    sector(public_funding_percent="101"),
    sector(public_funding_percent="-1"),
    sector(public_funding_percent="NaN"),
    sector(public_funding_percent=50),
    sector(surprise=1),
)


async def test_what_cannot_be_meant_is_refused(office: Office) -> None:
    for content in IMPOSSIBLE:
        answer = await office["operations"].post(SECTOR, json=content)
        assert problem(answer)[0] == 422, content
    assert await office.contents() == []


async def test_who_may_tell_a_sector(office: Office) -> None:
    for caller in ("other_company", "company", "municipality", "approver", "finance"):
        answer = await office[caller].post(SECTOR, json=sector())
        assert problem(answer) == (403, "forbidden"), caller
    for caller in ("caseworker", "operations"):
        assert (await office[caller].post(SECTOR, json=sector())).is_success, caller


async def test_nobody_tells_a_sector_without_a_token(office: Office) -> None:
    assert problem(await office.anonymous.post(SECTOR, json=sector()))[0] == 401


async def test_what_one_look_disproves_is_refused_with_its_rule(office: Office) -> None:
    wrong: list[tuple[dict[str, object], str]] = [
        ({"public_funding_percent": "100.1"}, "PERCENT_OUT_OF_RANGE"),
        ({"public_funding_percent": "-1"}, "PERCENT_OUT_OF_RANGE"),
        ({"public_funding_percent": "half"}, "FIELD_UNREADABLE"),
        ({"effective_from": "2017-02-30"}, "DATE_IMPOSSIBLE"),
        ({"sectr": "private"}, "FIELD_UNKNOWN"),
    ]
    for fields, code in wrong:
        answer = await office["caseworker"].post(SECTOR, json=sector(**fields))
        told = answer.json()
        assert (answer.status_code, told["code"], told["rule"]) == (422, code, "F10")
        assert told["errors"][0]["code"] == code
    no_number = SECTOR.replace(OTHER_COMPANY, "99000008")
    answer = await office["caseworker"].post(no_number, json=sector())
    assert answer.json()["code"] == "NO_CVR_NUMBER"
