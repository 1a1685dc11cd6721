from __future__ import annotations

import asyncio
import hashlib
import re
import uuid

from tests.integration.placements.door import NUMBER, OTHER_NUMBER, Door, names

PERSONS = "placements.persons.v1"


async def test_a_number_becomes_a_random_reference(door: Door) -> None:
    person = await door["copenhagen"].register(resident_since="2016-05-01")
    assert uuid.UUID(person).version == 4
    [event] = await door.published(PERSONS)
    assert (event.name, event.key) == ("PersonRegistered", person)
    assert event.content == {
        "person": person,
        "category": "refugee",
        "permit_granted_on": "2016-03-01",
        "born_on": "1980-01-01",
        "resident_since": "2016-05-01",
    }


async def test_a_person_has_one_reference_whoever_asks(door: Door) -> None:
    person = await door["copenhagen"].register(NUMBER)
    assert await door["odense"].register(NUMBER.replace("-", "")) == person
    assert await door["caseworker"].register() == person
    assert await door["odense"].register(OTHER_NUMBER) != person
    assert names(await door.published(PERSONS)) == ["PersonRegistered"] * 2


async def test_registering_at_once_gives_one_reference(door: Door) -> None:
    callers = [door["copenhagen"], door["odense"], door["caseworker"]] * 5
    persons = await asyncio.gather(*(caller.register() for caller in callers))
    assert len(set(persons)) == 1
    assert names(await door.published(PERSONS)) == ["PersonRegistered"]
    assert len(await door.fetch("SELECT FROM vault.access")) == 15


async def test_a_later_registration_corrects_what_differs(door: Door) -> None:
    person = await door["copenhagen"].register()
    await door["odense"].register(permit_granted_on="2016-04-01", resident_since="2016-05-01")
    await door["odense"].register(permit_granted_on="2016-04-01")
    corrected = (await door.published(PERSONS))[1:]
    assert names(corrected) == ["PersonCorrected"]
    assert corrected[0].content == {
        "person": person,
        "permit_granted_on": "2016-04-01",
        "resident_since": "2016-05-01",
    }


async def test_a_birth_date_told_is_not_undone_by_the_number(door: Door) -> None:
    await door["copenhagen"].register(born_on="1981-12-24")
    await door["odense"].register()
    [event] = await door.published(PERSONS)
    assert event.content["born_on"] == "1981-12-24"


async def test_every_look_up_leaves_its_purpose(door: Door) -> None:
    person = await door["copenhagen"].register(purpose="placement 2017-00042")
    await door["caseworker"].register(purpose="complaint")
    rows = await door.fetch(
        "SELECT operation, who, organisation, purpose, reference::text, happened_at"
        " FROM vault.access ORDER BY entry"
    )
    now = door.clock.now()
    assert [tuple(row) for row in rows] == [
        ("look_up", "development:municipality:0101", "0101", "placement 2017-00042", person, now),
        ("look_up", "development:caseworker", "authority", "complaint", person, now),
    ]


BAD_REGISTRATIONS: list[tuple[str, dict[str, object]]] = [
    ("613280-0001", {}),
    ("6101800001x", {}),
    (NUMBER, {"purpose": None}),
    (NUMBER, {"purpose": " "}),
    (NUMBER, {"purpose": f"look up {OTHER_NUMBER}"}),
    (NUMBER, {"category": "Refugee!"}),
    (NUMBER, {"permit_granted_on": "2016-02-30"}),
    (NUMBER, {"permit_granted_on": None}),
    (NUMBER, {"name": "Nobody"}),
]


async def test_a_bad_registration_is_refused_and_repeats_nothing(door: Door) -> None:
    for number, fields in BAD_REGISTRATIONS:
        answer = await door["copenhagen"].try_to_register(number, **fields)
        assert answer.status_code == 422, fields
        assert answer.headers["content-type"] == "application/problem+json"
        assert not re.search(r"\d{6}-?\d{4}", answer.text)
    assert not await door.fetch("SELECT FROM vault.person")
    assert not await door.fetch("SELECT FROM vault.access")


async def test_only_municipalities_and_caseworkers_look_up(door: Door) -> None:
    for caller in ("company", "finance"):
        assert (await door[caller].try_to_register()).status_code == 403
    assert not await door.fetch("SELECT FROM vault.access")


async def test_the_same_request_with_one_key_is_one_look_up(door: Door) -> None:
    http = door["copenhagen"].http
    http.headers["Idempotency-Key"] = "key-1"
    person = await door["copenhagen"].register()
    assert await door["copenhagen"].register() == person
    assert (await door["copenhagen"].try_to_register(OTHER_NUMBER)).status_code == 422
    assert len(await door.fetch("SELECT FROM vault.access")) == 1


async def test_a_request_is_remembered_by_nothing_its_number_could_be_guessed_from(
    door: Door,
) -> None:
    http = door["copenhagen"].http
    http.headers["Idempotency-Key"] = "key-1"
    answer = await door["copenhagen"].try_to_register()
    [row] = await door.fetch("SELECT fingerprint FROM placements.idempotency_key")
    target = b"POST /placements/v1/persons?\n"
    content = hashlib.sha256(answer.request.content).digest()
    assert row["fingerprint"] != hashlib.sha256(target + content).digest()


async def test_no_number_stands_anywhere_outside_its_seal(door: Door) -> None:
    door["copenhagen"].http.headers["Idempotency-Key"] = "key-1"
    await door["copenhagen"].register()
    await door["odense"].tell({"report_id": "r-1", "fact": "PlacementStarted", "person": NUMBER})
    tables = await door.fetch(
        "SELECT schemaname || '.' || tablename AS name FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    assert {"vault.person", "placements.outbox", "placements.report"} <= {t["name"] for t in tables}
    digits = NUMBER.replace("-", "").encode()
    for table in tables:
        for row in await door.fetch(f"SELECT * FROM {table['name']}"):  # noqa: S608 - own names
            shown = repr(tuple(row)).encode()
            assert digits not in shown, table["name"]
            assert NUMBER.encode() not in shown, table["name"]
            assert digits.hex().encode() not in shown, table["name"]
