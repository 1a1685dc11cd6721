"""Replays while the consumer runs: nothing is lost, nothing overtakes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from shared.messaging import dead_letter_store, failpoints
from shared.messaging.dead_letters import Replayed, discard, replay
from shared.messaging.replaying import NotReplayed
from shared.messaging.work import Received, UndecidableError
from tests.integration.messaging.conftest import Desk
from tests.support.messaging import Log, cvrs, joined, updated
from tests.support.waiting import until

STOPPED = UndecidableError("company_unknown")


async def waits_for_a_lock(desk: Desk) -> bool:
    """Whether somebody waits for an advisory lock in this database."""
    async with desk.world.bonus.connection() as connection:
        found: bool = await connection.fetchval(
            "SELECT EXISTS (SELECT 1 FROM pg_locks"
            " WHERE locktype = 'advisory' AND NOT granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
        )
    return found


async def details(desk: Desk) -> list[str]:
    return [row.detail for row in await desk.seen()]


async def test_a_record_that_arrives_during_a_replay_is_decided_after_it(desk: Desk) -> None:
    log, company = Log(), cvrs(1)[0]
    desk.bookkeeper.stumbles[company] = STOPPED
    await desk.deliver(log.record(joined(company)))
    desk.bookkeeper.stumbles.clear()
    (letter,) = await desk.letters()
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def pause() -> None:
        reached.set()
        await go_on.wait()

    failpoints.install("replay.before_commit", pause)
    replaying = asyncio.create_task(replay(desk.listeners, letter.id))
    await reached.wait()
    arriving = asyncio.create_task(desk.deliver(log.record(updated(company, 2))))
    await until(lambda: waits_for_a_lock(desk), what="the arriving record waits")
    go_on.set()
    await asyncio.gather(replaying, arriving)

    assert await details(desk) == ["joined", "2"]
    assert [each.state for each in await desk.letters()] == ["replayed"]


async def test_a_record_parked_while_a_replay_waits_is_replayed_by_it(desk: Desk) -> None:
    log, (company, other) = Log(), cvrs(2)
    desk.bookkeeper.stumbles[company] = STOPPED
    await desk.deliver(log.record(joined(company)))
    desk.bookkeeper.stumbles.clear()
    (letter,) = await desk.letters()
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def pause() -> None:
        reached.set()
        await go_on.wait()

    failpoints.install("consumer.before_commit", pause)
    arriving = asyncio.create_task(
        desk.deliver(log.record(updated(company, 2)), log.record(joined(other)))
    )
    await reached.wait()
    replaying = asyncio.create_task(replay(desk.listeners, letter.id))
    await until(lambda: waits_for_a_lock(desk), what="the replay waits")
    go_on.set()
    await asyncio.gather(replaying, arriving)

    assert await details(desk) == ["joined", "joined", "2"]
    assert {each.state for each in await desk.letters()} == {"replayed"}


async def test_two_people_replaying_the_same_letter_decide_it_once(desk: Desk) -> None:
    log, company = Log(), cvrs(1)[0]
    desk.bookkeeper.stumbles[company] = STOPPED
    await desk.deliver(log.record(joined(company)), log.record(updated(company, 2)))
    desk.bookkeeper.stumbles.clear()
    first = (await desk.letters())[0]
    outcomes = await asyncio.gather(*(replay(desk.listeners, first.id) for _ in range(4)))

    assert sum(isinstance(outcome, NotReplayed) for outcome in outcomes) == 3
    decided = [each for out in outcomes if isinstance(out, Replayed) for each in out.decided]
    assert decided == [each.id for each in await desk.letters()]
    assert await details(desk) == ["joined", "2"]


async def test_a_stream_of_records_keeps_its_order_through_replays(
    desk: Desk,
) -> None:
    """Every thirtieth record stumbles the first time; somebody replays at once, all the while."""
    log, companies = Log(), cvrs(3)
    stumbled: set[str] = set()

    async def stumble_once(events: Sequence[Received[Any]]) -> None:
        desk.bookkeeper.stumbles.clear()
        for received in events:
            if received.offset % 30 == 7 and received.event_id not in stumbled:
                desk.bookkeeper.stumbles[received.event.cvr] = STOPPED
                if len(events) == 1:
                    stumbled.add(received.event_id)

    desk.bookkeeper.before = stumble_once
    done = asyncio.Event()

    async def mend() -> None:
        while not done.is_set() or await desk.letters("dead"):
            for letter in await desk.letters("dead"):
                await replay(desk.listeners, letter.id)
            await asyncio.sleep(0)

    mending = asyncio.create_task(mend())
    for day in range(1, 31):
        await desk.deliver(*(log.record(updated(cvr, day)) for cvr in companies))
    done.set()
    await mending

    rows = await desk.seen()
    for company in companies:
        assert [int(row.detail) for row in rows if row.cvr == company] == list(range(1, 31))
    assert {letter.state for letter in await desk.letters()} == {"replayed"}


async def test_discarding_takes_the_lock_of_its_key_too(desk: Desk) -> None:
    log, company = Log(), cvrs(1)[0]
    desk.bookkeeper.stumbles[company] = STOPPED
    await desk.deliver(log.record(joined(company)))
    desk.bookkeeper.stumbles.clear()
    (letter,) = await desk.letters()
    assert letter.key is not None
    async with desk.world.bonus.transaction() as connection:
        await dead_letter_store.lock_keys(connection, letter.consumer, [letter.key])
        discarding = asyncio.create_task(discard(desk.listeners, letter.id, reason="mistake"))
        await until(lambda: waits_for_a_lock(desk), what="the discarding waits")
    await discarding

    assert [each.state for each in await desk.letters()] == ["discarded"]


async def test_a_failed_replay_does_not_reopen_what_was_discarded_meanwhile(desk: Desk) -> None:
    log, company = Log(), cvrs(1)[0]
    desk.bookkeeper.stumbles[company] = STOPPED
    await desk.deliver(log.record(joined(company)))
    (letter,) = await desk.letters()

    async def somebody_discards_it() -> None:
        await discard(desk.listeners, letter.id, reason="mistake")

    failpoints.install("replay.after_failure", somebody_discards_it)
    outcome = await replay(desk.listeners, letter.id)

    assert outcome == NotReplayed(letter.id, "already_decided", "it is discarded")
    assert [each.state for each in await desk.letters()] == ["discarded"]


async def test_a_follower_that_somebody_else_decided_is_not_decided_again(desk: Desk) -> None:
    log, company = Log(), cvrs(1)[0]
    desk.bookkeeper.stumbles[company] = STOPPED
    await desk.deliver(*(log.record(updated(company, day)) for day in (1, 2, 3)))
    desk.bookkeeper.stumbles.clear()
    first, second, third = await desk.letters()
    assert first.key is not None
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def pause() -> None:
        if not reached.is_set():
            reached.set()
            await go_on.wait()

    failpoints.install("replay.after_commit", pause)
    replaying = asyncio.create_task(replay(desk.listeners, first.id))
    await reached.wait()
    async with desk.world.bonus.transaction() as connection:
        await dead_letter_store.lock_keys(connection, first.consumer, [first.key])
        go_on.set()
        await until(lambda: waits_for_a_lock(desk), what="the replay waits for its follower")
        await dead_letter_store.save_decided(
            connection, second.id, state="replayed", decided_at=desk.world.clock.now()
        )

    assert await replaying == Replayed((first.id, third.id), None, 0)
    assert await details(desk) == ["1", "3"]
