"""Two works that meet: the second sees what the first leaves behind, never half of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import pytest
from asyncpg.exceptions import PostgresError

from services.placements.domain import senders
from services.placements.domain.senders import Sender
from services.placements.handlers.persons import erase_number
from services.placements.handlers.reports import report
from services.placements.vault import Vault
from shared.messaging.work import Work
from tests.integration.placements.door import ended, retracted, started
from tests.integration.placements.rooms import ACCESS, Rooms, register

COPENHAGEN = senders.municipality("0101")
ODENSE = senders.municipality("0461")
CASEWORKER = senders.caseworker("anna")


def telling(sender: Sender, *facts: object) -> Callable[[Work], Awaitable[Sequence[str]]]:
    async def tell(work: Work) -> Sequence[str]:
        return [answer.outcome for answer in await report(work, sender, facts)]

    return tell


async def tell(rooms: Rooms, sender: Sender, *facts: object) -> Sequence[str]:
    async with rooms.begin() as work:
        return await telling(sender, *facts)(work)


async def test_a_number_seen_first_by_two_has_one_reference(rooms: Rooms) -> None:
    await rooms.register("6202810002")
    second = await rooms.while_open(register, register)
    assert second == await rooms.register()
    assert len(await rooms.fetch("SELECT FROM vault.person")) == 2
    assert len(await rooms.fetch("SELECT FROM placements.person")) == 2


async def test_the_first_two_numbers_ever_are_sealed_with_one_secret(rooms: Rooms) -> None:
    other = Vault(bytes(range(1, 33)))
    with pytest.raises(PostgresError, match="another secret"):
        await rooms.while_open(register, lambda work: register(work, "6202810002", other))
    assert len(await rooms.fetch("SELECT FROM vault.person")) == 1


async def test_a_number_erased_meanwhile_is_not_found_any_more(rooms: Rooms) -> None:
    person = await rooms.register()
    second = await rooms.while_open(lambda work: erase_number(work, person, ACCESS), register)
    assert second != person
    assert second == await rooms.register()


async def test_what_is_parked_while_the_start_is_told_is_not_left_waiting(rooms: Rooms) -> None:
    person = await rooms.register()
    assert await tell(rooms, COPENHAGEN, ended("r-1")) == ["parked"]
    outcomes = await rooms.while_open(
        telling(CASEWORKER, retracted("x-1", "0101/7")),
        telling(COPENHAGEN, started("r-2", person)),
    )
    assert outcomes == ["accepted"]
    rows = await rooms.fetch("SELECT outcome FROM placements.report")
    assert [row["outcome"] for row in rows] == ["accepted"] * 3


async def test_what_is_told_while_the_start_is_told_is_accepted(rooms: Rooms) -> None:
    person = await rooms.register()
    outcomes = await rooms.while_open(
        telling(COPENHAGEN, started("r-1", person)),
        telling(CASEWORKER, ended("x-1", "0101/7")),
    )
    assert outcomes == ["accepted"]


async def test_facts_of_one_person_told_at_once_have_instants_of_their_own(rooms: Rooms) -> None:
    person = await rooms.register()
    outcomes = await rooms.while_open(
        telling(COPENHAGEN, started("r-1", person)), telling(ODENSE, started("r-1", person))
    )
    assert outcomes == ["accepted"]
    rows = await rooms.fetch("SELECT stamp FROM placements.report ORDER BY position")
    assert rows[0]["stamp"] < rows[1]["stamp"]


async def test_a_report_sent_twice_at_once_counts_once(rooms: Rooms) -> None:
    person = await rooms.register()
    twice = telling(COPENHAGEN, started("r-1", person))
    assert await rooms.while_open(twice, twice) == ["duplicate"]
    assert len(await rooms.fetch("SELECT FROM placements.report")) == 1
