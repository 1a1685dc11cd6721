"""Offsets on the brokers that go beyond what a database has decided: nothing is passed over."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from shared.database import Database
from shared.messaging.partitioner import partitions_of
from shared.messaging.transport import OutgoingRecord
from shared.messaging.work import Received
from tests.integration.kafka.line import COMPANIES, PARTITIONS, Line
from tests.integration.kafka.losing import (
    all_decided,
    decided,
    has_no_lag,
    keep,
    move_group,
    open_reader,
    set_back,
    tell,
)
from tests.integration.messaging.conftest import UNDECIDABLE
from tests.support.evidence import Logged
from tests.support.messaging import (
    HASTY,
    TOPIC,
    count_rows,
    joined,
    publish,
    seen,
    updated,
)
from tests.support.waiting import until


async def test_a_group_moved_forward_by_hand_skips_nothing(line: Line, logged: Logged) -> None:
    consumer = await decided(line, 1, 2)
    await consumer.stop()
    await tell(line, [3, 4])
    await move_group(line, consumer.name)
    await line.add_consumer()
    await all_decided(line, [1, 2, 3, 4])
    assert [each["records"] for each in logged.lines("records_read_again")] == [20]
    await tell(line, [5])
    await all_decided(line, [1, 2, 3, 4, 5])


async def test_a_database_restored_while_nobody_heard_catches_up(
    line: Line, owner: Database
) -> None:
    consumer = await decided(line, 1, 2)
    await keep(owner)
    await tell(line, [3, 4])
    await all_decided(line, [1, 2, 3, 4])
    await consumer.stop()
    await set_back(owner)
    await all_decided(line, [1, 2])
    await line.add_consumer()
    await all_decided(line, [1, 2, 3, 4])


@pytest.mark.parametrize("more", [[], [5]])
@pytest.mark.parametrize("kept", ["before_it_was_heard", "before_the_first_batch", "later"])
async def test_a_stand_by_that_lacks_the_last_transactions_catches_up(
    line: Line, owner: Database, logged: Logged, kept: str, more: list[int]
) -> None:
    """Also when nothing more is told that would show it."""
    if kept == "before_it_was_heard":
        await keep(owner)
    consumer = await line.add_consumer()
    if kept == "before_the_first_batch":
        await keep(owner)
    await tell(line, [1, 2])
    await all_decided(line, [1, 2])
    if kept == "later":
        await keep(owner)
    await tell(line, [3, 4])
    await all_decided(line, [1, 2, 3, 4])
    await set_back(owner)
    await tell(line, more)
    await all_decided(line, [1, 2, 3, 4, *more])
    assert "decisions_lost" in logged
    assert consumer.failure() is None
    await tell(line, [6])
    await all_decided(line, [1, 2, 3, 4, *more, 6])
    await until(has_no_lag(consumer), what="it stands at the end")


async def test_a_member_that_has_decided_nothing_yet_notices_as_well(
    line: Line, owner: Database
) -> None:
    """By the next batch: it looks long after the test."""
    before = await decided(line, 1, 2)
    await keep(owner)
    await tell(line, [3, 4])
    await all_decided(line, [1, 2, 3, 4])
    await before.stop()
    line.reader = await open_reader(line, look_seconds=300.0)
    consumer = await line.add_consumer()
    await until(has_no_lag(consumer), what="it stands at the end")
    await set_back(owner)
    await tell(line, [5])
    await all_decided(line, [1, 2, 3, 4, 5])


async def test_a_database_that_is_empty_hears_everything(line: Line, owner: Database) -> None:
    await keep(owner)
    consumer = await decided(line, 1, 2)
    await consumer.stop()
    await set_back(owner)
    await line.add_consumer()
    await all_decided(line, [1, 2])


async def test_what_was_heard_before_offsets_were_kept_is_not_heard_again(
    line: Line, owner: Database
) -> None:
    consumer = await decided(line, 1, 2)
    await consumer.stop()
    async with owner.transaction() as connection:
        await connection.execute("UPDATE heard_topic SET from_the_first = false")
        for table in ("decided_offset", "inbox"):
            await connection.execute(f"TRUNCATE {table}")
    await line.add_consumer()
    await tell(line, [3])
    await all_decided(line, [1, 2, 3])


async def test_what_an_older_release_has_decided_is_in_a_backup_of_today(
    line: Line, owner: Database
) -> None:
    before = await decided(line, 1, 2)
    await before.stop()
    async with owner.transaction() as connection:
        await connection.execute("UPDATE heard_topic SET from_the_first = false")
        await connection.execute("TRUNCATE decided_offset")
    consumer = await line.add_consumer()
    await until(has_no_lag(consumer), what="it stands at the end")
    await keep(owner)
    await tell(line, [3])
    await all_decided(line, [1, 2, 3])
    await consumer.stop()
    await set_back(owner)
    await line.add_consumer()
    await all_decided(line, [1, 2, 3])


async def test_one_loss_is_told_once_or_twice_however_small_the_batches(
    line: Line, owner: Database, logged: Logged
) -> None:
    """By a look and by a batch that was at hand, and not once more for each partition."""
    await line.add_consumer(batch_records_max=2)
    await tell(line, [1, 2])
    await all_decided(line, [1, 2])
    await keep(owner)
    await tell(line, range(3, 13))
    await all_decided(line, range(1, 13))
    await set_back(owner)
    await all_decided(line, range(1, 13))
    assert 1 <= len(logged.lines("decisions_lost")) <= 2


async def test_letters_that_were_lost_do_not_count_towards_the_limit(
    line: Line, owner: Database
) -> None:
    async def letters() -> bool:
        return await count_rows(line.world.bonus, "dead_letter") == len(COMPANIES)

    limit = len(COMPANIES) + 6
    consumer = await line.add_consumer(policy=replace(HASTY, dead_letters_in_a_row_max=limit))
    await tell(line, [1])
    await all_decided(line, [1])
    await keep(owner)
    line.bookkeeper.stumbles |= dict.fromkeys(COMPANIES, UNDECIDABLE)
    await tell(line, [2])
    await until(letters, what="each company has a letter")
    async with owner.transaction() as connection:
        await connection.execute("TRUNCATE dead_letter")
    await set_back(owner)
    await until(letters, what="each company has a letter again")
    await until(has_no_lag(consumer), what="it stands at the end")
    assert consumer.failure() is None


async def test_a_busy_member_misses_what_a_quiet_partition_has_lost(
    line: Line, owner: Database, logged: Logged
) -> None:
    async def has_decided_quietly() -> bool:
        return "2" in {row.detail for row in await seen(line.world.bonus)}

    quiet, busy = COMPANIES[:2]
    places = [OutgoingRecord(TOPIC, cvr.encode(), None, ()) for cvr in (quiet, busy)]
    number, other = partitions_of(places, {TOPIC: PARTITIONS}, keyless=0)
    assert number != other
    await line.add_consumer(batch_records_max=2)
    await publish(line.world, [updated(quiet, 2)])
    await until(has_decided_quietly, what="the quiet one is decided")
    entered, gate = asyncio.Event(), asyncio.Event()

    async def wait(_: Sequence[Received[Any]]) -> None:
        entered.set()
        await gate.wait()

    line.bookkeeper.before = wait
    await publish(line.world, [joined(busy)])
    await entered.wait()
    async with owner.transaction() as connection:
        await connection.execute("DELETE FROM decided_offset WHERE partition = $1", number)
        for table in ("inbox", "seen"):
            await connection.execute(f"DELETE FROM {table}")  # noqa: S608
    await until(lambda: "decisions_lost" in logged, what="it is missed")
    gate.set()
    await until(has_decided_quietly, what="the quiet one is decided again")
