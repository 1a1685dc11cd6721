from __future__ import annotations

import asyncio

from tests.integration.membership.office import (
    COMPANY,
    CONTACTS,
    IDA,
    OTHER_COMPANY,
    SAM,
    Office,
    joining,
    problem,
)

COMPANIES = "/membership/v1/companies"


async def test_a_company_joins_once_and_each_contact_is_told(office: Office) -> None:
    answer = await office["company"].post(COMPANIES, json=joining(IDA, SAM))
    assert answer.status_code == 201
    told = answer.json()
    assert (told["cvr"], told["joined_on"], len(told["contacts"])) == (COMPANY, "2016-06-11", 2)
    assert await office.contents() == [
        ("CompanyJoined", {"cvr": COMPANY, "joined_on": "2016-06-11"})
    ]
    recorded = await office.contents(CONTACTS)
    assert {name for name, _ in recorded} == {"ContactRecorded"}
    assert sorted(content["contact"] for _, content in recorded) == told["contacts"]
    first = {key: value for key, value in recorded[0][1].items() if key != "contact"}
    assert first == {
        "organisation": "company",
        "cvr": COMPANY,
        "name": "Ida Holm",
        "email": "ida@firma.example",
        "language": "da",
        "roles": [],
        "wishes": [],
    }


async def test_joining_again_with_the_same_content_tells_nothing_new(office: Office) -> None:
    first = await office["company"].post(COMPANIES, json=joining(IDA, SAM))
    again = await office["caseworker"].post(COMPANIES, json=joining(SAM, IDA, cvr=f"DK {COMPANY}"))
    assert (again.status_code, again.json()) == (200, first.json())
    assert len(await office.contents()) == 1
    assert len(await office.contents(CONTACTS)) == 2


async def test_joining_again_with_other_content_updates(office: Office) -> None:
    await office["company"].post(COMPANIES, json=joining(IDA, SAM))
    ida_now = {**IDA, "language": "en"}
    new = {"name": "Bo", "email": "bo@firma.example", "language": "da", "roles": ["membership"]}
    answer = await office["company"].post(COMPANIES, json=joining(ida_now, new, name="Aaen A/S"))
    assert answer.status_code == 200
    assert [name for name, _ in await office.contents()] == ["CompanyJoined", "CompanyUpdated"]
    told = await office.contents(CONTACTS)
    assert [content.get("email", content.get("key")) for _, content in told[2:]] == [
        "ida@firma.example",
        "bo@firma.example",
        told[1][1]["key"],  # what was told of him before is empty now
    ]
    assert told[2][1]["contact"] == told[0][1]["contact"]
    shown = (await office["company"].get(f"{COMPANIES}/{COMPANY}")).json()
    assert shown["name"] == "Aaen A/S"
    assert [(each["email"], each["language"]) for each in shown["contacts"]] == [
        ("bo@firma.example", "da"),
        ("ida@firma.example", "en"),
    ]


async def test_joining_at_once_is_joining_once(office: Office) -> None:
    answers = await asyncio.gather(
        *(office["company"].post(COMPANIES, json=joining(IDA, SAM)) for _ in range(8))
    )
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.text for answer in answers}) == 1
    assert len(await office.contents()) == 1
    assert len(await office.contents(CONTACTS)) == 2


async def test_the_same_change_at_once_is_one_change(office: Office) -> None:
    await office["company"].post(COMPANIES, json=joining(IDA))
    answers = await asyncio.gather(
        *(office["company"].post(COMPANIES, json=joining(IDA, SAM, name="Ny")) for _ in range(8))
    )
    assert [answer.status_code for answer in answers] == [200] * 8
    assert len({answer.text for answer in answers}) == 1
    assert [name for name, _ in await office.contents()] == ["CompanyJoined", "CompanyUpdated"]
    assert len(await office.contents(CONTACTS)) == 2


async def test_a_key_used_twice_is_answered_twice_and_acted_on_once(office: Office) -> None:
    headers = {"Idempotency-Key": "join-1"}
    first = await office["company"].post(COMPANIES, json=joining(IDA), headers=headers)
    again = await office["company"].post(COMPANIES, json=joining(IDA), headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    other = await office["company"].post(COMPANIES, json=joining(SAM), headers=headers)
    assert problem(other) == (422, "idempotency-key-reused")
    assert len(await office.contents()) == 1


async def test_no_name_and_no_address_leaves_but_in_contacts(office: Office) -> None:
    headers = {"Idempotency-Key": "join-1"}
    await office["company"].post(COMPANIES, json=joining(IDA, SAM), headers=headers)
    for told in ("Åen", "Ida", "Holm", "ida@", "Sam", "sam@"):
        assert told not in str(await office.contents())
        rows = await office.fetch(
            "SELECT convert_from(body, 'UTF8') FROM membership.idempotency_key"
        )
        assert told not in str([row[0] for row in rows])


IMPOSSIBLE: tuple[object, ...] = (
    {},
    {"cvr": COMPANY, "name": "Åen"},
    {**joining(), "cvr": "99000008"},
    {**joining(), "surprise": 1},
    joining(name=""),
    joining(name="Åen\nApS"),
    joining(name="=?UTF-8?Q?=0A?=Bcc: eve@firma.example"),
    joining({**IDA, "email": "ida@firma.example\r\nBcc: eve@firma.example"}),
    joining({**IDA, "email": "=?UTF-8?Q?=0A?=Bcc:eve@firma.example"}),
    joining({**IDA, "email": "ida@firma.example, eve@firma.example"}),
    joining({**IDA, "email": "Ida <ida@firma.example>"}),
    joining({**IDA, "email": 7}),
    joining({**IDA, "name": "Ida 610180-0001"}),
    joining({**IDA, "language": "sv"}),
    joining({**IDA, "roles": ["Bonus!"]}),
    joining(IDA, {**SAM, "email": "IDA@firma.example"}),
    joining(*({**IDA, "email": f"ida{place}@firma.example"} for place in range(21))),
)


async def test_what_cannot_be_meant_is_refused_whole(office: Office) -> None:
    for content in IMPOSSIBLE:
        answer = await office["caseworker"].post(COMPANIES, json=content)
        assert problem(answer)[0] == 422, content
        assert "610180" not in answer.text
    assert await office.contents() == []
    assert await office.contents(CONTACTS) == []


async def test_who_may_let_a_company_join(office: Office) -> None:
    for caller in ("other_company", "municipality", "operations", "approver", "finance"):
        answer = await office[caller].post(COMPANIES, json=joining(IDA))
        assert problem(answer) == (403, "forbidden"), caller
    assert await office.contents() == []
    for caller in ("company", "caseworker"):
        assert (await office[caller].post(COMPANIES, json=joining(IDA))).is_success, caller


async def test_nobody_joins_or_looks_without_a_token(office: Office) -> None:
    assert problem(await office.anonymous.post(COMPANIES, json=joining(IDA)))[0] == 401
    assert problem(await office.anonymous.get(f"{COMPANIES}/{COMPANY}"))[0] == 401
    assert await office.contents() == []


async def test_a_company_is_shown_to_itself_and_to_caseworkers(office: Office) -> None:
    await office["company"].post(COMPANIES, json=joining(IDA))
    shown = await office["company"].get(f"{COMPANIES}/{COMPANY}")
    assert shown.json()["name"] == "Åen & Søn ApS"
    assert shown.json()["contacts"][0]["email"] == "ida@firma.example"
    assert (await office["caseworker"].get(f"{COMPANIES}/{COMPANY}")).json() == shown.json()
    for caller in ("other_company", "municipality", "operations", "finance"):
        assert problem(await office[caller].get(f"{COMPANIES}/{COMPANY}")) == (403, "forbidden")


async def test_who_is_no_member_is_not_found(office: Office) -> None:
    answer = await office["caseworker"].get(f"{COMPANIES}/{OTHER_COMPANY}")
    assert problem(answer) == (404, "not-found")
    assert problem(await office["caseworker"].get(f"{COMPANIES}/123"))[0] == 422
