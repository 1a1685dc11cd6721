from __future__ import annotations

from tests.integration.membership.office import (
    COMPANY,
    IDA,
    Office,
    joining,
    pledge,
    problem,
)

COMPANIES = "/membership/v1/companies"
PLEDGES = f"{COMPANIES}/{COMPANY}/pledges"


async def test_a_member_pledges_places(office: Office) -> None:
    await office["company"].post(COMPANIES, json=joining(IDA))
    told = pledge(last_day="2016-12-31", municipality="101")
    answer = await office["company"].post(PLEDGES, json=told)
    assert answer.status_code == 201
    pledged = answer.json()
    expected = {
        "pledge": pledged["pledge"],
        "places": 12,
        "kind": "internship",
        "first_day": "2016-07-01",
        "last_day": "2016-12-31",
        "municipality": "0101",
    }
    assert pledged == {**expected, "pledged_on": "2016-06-11"}
    assert (await office.contents())[1:] == [("PlacesPledged", {**expected, "cvr": COMPANY})]


async def test_a_standing_pledge_has_no_last_day_and_no_municipality(office: Office) -> None:
    await office["company"].post(COMPANIES, json=joining())
    await office["caseworker"].post(PLEDGES, json=pledge(kind="any"))
    [_, (_, content)] = await office.contents()
    assert set(content) == {"pledge", "cvr", "places", "kind", "first_day"}


async def test_pledges_are_shown_to_the_company_and_to_caseworkers(office: Office) -> None:
    await office["company"].post(COMPANIES, json=joining())
    for first_day in ("2016-09-01", "2016-07-01"):
        await office["company"].post(PLEDGES, json=pledge(first_day=first_day))
    shown = (await office["company"].get(PLEDGES)).json()["pledges"]
    assert [each["first_day"] for each in shown] == ["2016-07-01", "2016-09-01"]
    assert (await office["caseworker"].get(PLEDGES)).json()["pledges"] == shown
    assert (await office["company"].get(f"{COMPANIES}/{COMPANY}")).json()["pledges"] == shown
    for caller in ("other_company", "municipality", "finance"):
        assert problem(await office[caller].get(PLEDGES)) == (403, "forbidden")


async def test_only_members_pledge(office: Office) -> None:
    assert problem(await office["company"].post(PLEDGES, json=pledge())) == (404, "not-found")
    assert problem(await office["company"].get(PLEDGES)) == (404, "not-found")
    assert await office.contents() == []


async def test_a_pledge_sent_twice_with_one_key_is_one_pledge(office: Office) -> None:
    await office["company"].post(COMPANIES, json=joining())
    headers = {"Idempotency-Key": "pledge-1"}
    answers = [
        (await office["company"].post(PLEDGES, json=pledge(), headers=headers)).json()
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert len(await office.contents()) == 2


IMPOSSIBLE: tuple[object, ...] = (
    {},
    pledge(places=0),
    pledge(places=10_001),
    pledge(places=1.5),
    pledge(places="12"),
    pledge(places=True),
    pledge(kind="Praktik"),
    pledge(first_day="2016-02-30"),
    pledge(first_day=20160701),
    pledge(first_day="1467331200"),
    pledge(last_day="2016-06-30"),
    pledge(municipality="0411"),
    pledge(surprise=1),
)


async def test_what_cannot_be_meant_is_refused(office: Office) -> None:
    await office["company"].post(COMPANIES, json=joining())
    for content in IMPOSSIBLE:
        assert problem(await office["company"].post(PLEDGES, json=content))[0] == 422, content
    assert len(await office.contents()) == 1


async def test_who_may_pledge(office: Office) -> None:
    await office["company"].post(COMPANIES, json=joining())
    for caller in ("other_company", "municipality", "operations", "approver", "finance"):
        answer = await office[caller].post(PLEDGES, json=pledge())
        assert problem(answer) == (403, "forbidden"), caller
    for caller in ("company", "caseworker"):
        assert (await office[caller].post(PLEDGES, json=pledge())).status_code == 201, caller


async def test_nobody_pledges_without_a_token(office: Office) -> None:
    assert problem(await office.anonymous.post(PLEDGES, json=pledge()))[0] == 401
    assert problem(await office.anonymous.get(PLEDGES))[0] == 401
