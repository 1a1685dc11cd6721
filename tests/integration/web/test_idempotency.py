"""Asking twice with one key has one effect and one answer, over a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from shared.database import Database
from shared.runtime.clock import SimulatedClock
from shared.web.idempotency import KEPT_FOR
from tests.support.clock import clock_at
from tests.support.services import TINY_MEMBERSHIP, StartSystem, SystemUnderTest

PATH = "/membership/v1/companies"
ONE, OTHER = "99000007", "99000015"


@pytest.fixture
def clock() -> SimulatedClock:
    return clock_at("2017-03-01")


@pytest.fixture
async def running(start_system: StartSystem, clock: SimulatedClock) -> SystemUnderTest:
    return await start_system(TINY_MEMBERSHIP, clock=clock)


@pytest.fixture
async def client(running: SystemUnderTest) -> AsyncIterator[httpx.AsyncClient]:
    async with running.client("caseworker", subject="w-1") as caseworker:
        yield caseworker


async def ask(client: httpx.AsyncClient, key: str | None, cvr: str = ONE) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await client.post(PATH, json={"cvr": cvr}, headers=headers)


async def effects(running: SystemUnderTest) -> tuple[int, int]:
    """Companies that joined, and events told of it."""
    async with database_of(running).connection() as connection:
        joined = await connection.fetchval("SELECT count(*) FROM joined")
        told = await connection.fetchval("SELECT count(*) FROM outbox")
    return joined, told


def database_of(running: SystemUnderTest) -> Database:
    return running.system.context("membership").database


def slug(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).removeprefix("urn:sammen:problem:")


async def test_the_same_key_and_content_have_one_effect_and_one_answer(
    running: SystemUnderTest, client: httpx.AsyncClient
) -> None:
    first, again = await ask(client, "k"), await ask(client, "k")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert await effects(running) == (1, 1)


async def test_a_key_may_stand_in_quotes_or_not(client: httpx.AsyncClient) -> None:
    assert (await ask(client, '"k"')).status_code == 201
    assert (await ask(client, "k")).headers["idempotency-replayed"] == "true"


async def test_a_person_number_is_no_key_since_keys_are_kept(
    running: SystemUnderTest, client: httpx.AsyncClient
) -> None:
    for key in ("6101801234", "placement of 610180-1234"):
        answer = await ask(client, key)
        assert (answer.status_code, slug(answer)) == (400, "idempotency-key-invalid")
        assert "1234" not in answer.text
    assert await effects(running) == (0, 0)


async def test_fifty_requests_at_once_have_one_effect(
    running: SystemUnderTest, client: httpx.AsyncClient
) -> None:
    answers = await asyncio.gather(*(ask(client, "k") for _ in range(50)))
    assert await effects(running) == (1, 1)
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    for answer in answers:
        if answer.status_code == 409:
            assert slug(answer) == "idempotency-key-in-flight"
            assert answer.headers["retry-after"] == "1"
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1


async def test_other_content_is_refused_and_has_no_effect(
    running: SystemUnderTest, client: httpx.AsyncClient
) -> None:
    await ask(client, "k")
    answer = await ask(client, "k", cvr=OTHER)
    assert (answer.status_code, slug(answer)) == (422, "idempotency-key-reused")
    assert await effects(running) == (1, 1)


async def test_the_same_content_to_another_address_is_other_content(
    running: SystemUnderTest, client: httpx.AsyncClient
) -> None:
    await ask(client, "k")
    answer = await client.post(
        f"{PATH}?dry_run=true", json={"cvr": ONE}, headers={"Idempotency-Key": "k"}
    )
    assert answer.status_code == 422


async def test_a_key_in_flight_is_told_so_at_once(
    running: SystemUnderTest, client: httpx.AsyncClient
) -> None:
    lock = """
    SELECT pg_advisory_xact_lock(hashtextextended('idempotency/membership/w-1/k', 0))
    """
    async with database_of(running).transaction() as connection:
        await connection.execute(lock)
        answer = await ask(client, "k")
        assert (answer.status_code, slug(answer)) == (409, "idempotency-key-in-flight")
        assert answer.headers["retry-after"] == "1"
        assert (await ask(client, "another key")).status_code == 201


async def test_keys_belong_to_their_client(
    running: SystemUnderTest, client: httpx.AsyncClient
) -> None:
    await ask(client, "k")
    async with running.client("caseworker", subject="w-2") as somebody_else:
        answer = await ask(somebody_else, "k", cvr=OTHER)
    assert (answer.status_code, answer.json()["cvr"]) == (201, OTHER)
    assert await effects(running) == (2, 2)


async def test_a_refused_request_may_be_mended_under_its_key(
    running: SystemUnderTest, client: httpx.AsyncClient
) -> None:
    assert (await ask(client, "k", cvr="12345678")).status_code == 500  # the tiny service's own
    assert await effects(running) == (0, 0)
    assert (await ask(client, "k")).status_code == 201


async def test_without_a_key_each_request_stands_for_itself(
    running: SystemUnderTest, client: httpx.AsyncClient
) -> None:
    assert (await ask(client, None)).status_code == 201
    assert (await ask(client, None, cvr=OTHER)).status_code == 201
    async with database_of(running).connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM idempotency_key") == 0


@pytest.mark.parametrize("key", ["", '""', "x" * 256, "tab\tinside"])
async def test_what_is_no_key_is_refused(client: httpx.AsyncClient, key: str) -> None:
    answer = await ask(client, key)
    assert (answer.status_code, slug(answer)) == (400, "idempotency-key-invalid")


async def test_two_keys_are_none(running: SystemUnderTest, client: httpx.AsyncClient) -> None:
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    answer = await client.post(PATH, json={"cvr": ONE}, headers=headers)
    assert (answer.status_code, slug(answer)) == (400, "idempotency-key-invalid")
    assert await effects(running) == (0, 0)


async def test_the_longest_key_is_taken(client: httpx.AsyncClient) -> None:
    assert (await ask(client, "x" * 255)).status_code == 201


async def test_an_answer_is_forgotten_after_three_days(
    running: SystemUnderTest, client: httpx.AsyncClient, clock: SimulatedClock
) -> None:
    await ask(client, "k")
    clock.advance_to(clock.now() + KEPT_FOR - timedelta(seconds=1))
    assert (await ask(client, "k")).headers["idempotency-replayed"] == "true"
    clock.advance_to(clock.now() + timedelta(seconds=1))
    assert (await ask(client, "k", cvr=OTHER)).status_code == 201
    assert (await ask(client, "k", cvr=OTHER)).headers["idempotency-replayed"] == "true"


async def test_forgotten_answers_are_cleared_away_daily(
    running: SystemUnderTest, client: httpx.AsyncClient, clock: SimulatedClock
) -> None:
    await ask(client, "old")
    await running.settled()
    clock.advance_to(clock.now() + KEPT_FOR)
    await ask(client, "new", cvr=OTHER)
    await running.settled()
    async with database_of(running).connection() as connection:
        keys = await connection.fetch("SELECT key FROM idempotency_key")
    assert [row["key"] for row in keys] == ["new"]


async def test_what_keys_led_to_is_counted(
    running: SystemUnderTest, client: httpx.AsyncClient
) -> None:
    await ask(client, "k")
    await ask(client, "k")
    await ask(client, "k", cvr=OTHER)
    text = running.system.metrics.exposition().decode()
    for outcome in ("first", "replayed", "mismatch"):
        assert f'sammen_idempotency_keys_total{{outcome="{outcome}"}} 1.0' in text
