from __future__ import annotations

from dataclasses import replace

import pytest

from shared.messaging.dead_letters import (
    DeadLetterNotFoundError,
    Discarded,
    NotDiscarded,
    Replayed,
    discard,
    get_dead_letter,
    list_dead_letters,
    replay,
    replay_all,
)
from shared.messaging.replaying import NotReplayed, StillBad
from shared.messaging.work import UndecidableError
from tests.integration.messaging.conftest import UNDECIDABLE, Desk, details, stopped_key
from tests.support.messaging import Log, count_rows, cvrs, joined, updated


async def test_a_replay_decides_the_letter_and_then_what_waits_behind_it_in_order(
    desk: Desk,
) -> None:
    await stopped_key(desk, followers=3)
    letters = [letter.id for letter in await desk.letters()]

    assert await replay(desk.listeners, letters[0]) == Replayed(tuple(letters), None, 0)
    assert await details(desk) == ["joined", "2", "3", "4"]
    assert {letter.state for letter in await desk.letters()} == {"replayed"}
    assert await count_rows(desk.world.bonus, "outbox") == 4


async def test_after_a_replay_the_key_flows_again(desk: Desk) -> None:
    company, records = await stopped_key(desk, followers=1)
    await replay(desk.listeners, (await desk.letters())[0].id)
    later = Log(partition=1)
    await desk.deliver(*records, later.record(updated(company, 9)))

    assert await details(desk) == ["joined", "2", "9"]


async def test_a_letter_that_is_still_bad_keeps_everything_waiting(desk: Desk) -> None:
    company, _ = await stopped_key(desk, followers=2)
    desk.bookkeeper.stumbles[company] = UndecidableError("still_unknown", "even now")
    first = (await desk.letters())[0]

    assert await replay(desk.listeners, first.id) == Replayed(
        (), StillBad(first.id, "still_unknown", "even now"), 3
    )
    again = (await desk.letters())[0]
    assert (again.state, again.reason, again.replays) == ("dead", "still_unknown", 1)
    assert await details(desk) == []


async def test_a_follower_that_is_bad_becomes_the_dead_letter_and_the_rest_stays_parked(
    desk: Desk,
) -> None:
    company, _ = await stopped_key(desk, followers=3)
    ids = [letter.id for letter in await desk.letters()]

    outcome = await _replay_stumbling_at(desk, ids[0], company, call=3)

    assert outcome == Replayed(
        tuple(ids[:2]), StillBad(ids[2], "company_unknown", "never heard of it"), 2
    )
    assert [letter.state for letter in await desk.letters()] == [
        "replayed",
        "replayed",
        "dead",
        "parked",
    ]
    assert await details(desk) == ["joined", "2"]


async def _replay_stumbling_at(
    desk: Desk, letter_id: int, company: str, *, call: int
) -> Replayed | NotReplayed:
    """Replay, with a handler that stumbles at its so-many-th call from now."""
    calls = len(desk.bookkeeper.batches) + call

    async def stumble(_events: object) -> None:
        at_it = len(desk.bookkeeper.batches) == calls
        desk.bookkeeper.stumbles = {company: UNDECIDABLE} if at_it else {}

    desk.bookkeeper.before = stumble
    return await replay(desk.listeners, letter_id)


async def test_discarding_lets_the_followers_go_on_and_the_letter_never_come_back(
    desk: Desk,
) -> None:
    _, records = await stopped_key(desk, followers=2)
    dead, *followers = await desk.letters()
    outcome = await discard(desk.listeners, dead.id, reason="sent by mistake")

    ids = tuple(letter.id for letter in followers)
    assert outcome == Discarded(dead.id, Replayed(ids, None, 0))
    await desk.deliver(*records)
    assert await details(desk) == ["2", "3"]
    letter = (await desk.letters())[0]
    assert (letter.state, letter.note) == ("discarded", "sent by mistake")


async def test_a_letter_is_discarded_or_replayed_once(desk: Desk) -> None:
    await stopped_key(desk, followers=0)
    (letter,) = await desk.letters()
    await discard(desk.listeners, letter.id, reason="sent by mistake")

    assert await discard(desk.listeners, letter.id, reason="again") == NotDiscarded(
        letter.id, "discarded"
    )
    assert await replay(desk.listeners, letter.id) == NotReplayed(
        letter.id, "already_decided", "it is discarded"
    )


async def test_what_waits_is_not_replayed_before_what_it_waits_for(desk: Desk) -> None:
    await stopped_key(desk, followers=1)
    dead, parked = await desk.letters()
    outcome = await replay(desk.listeners, parked.id)

    assert isinstance(outcome, NotReplayed)
    assert outcome.reason == "waits_behind"
    assert f"letter {dead.id} " in outcome.detail
    assert await details(desk) == []


async def test_replaying_all_takes_every_key_and_every_record_without_one(desk: Desk) -> None:
    log, companies = Log(), cvrs(3)
    for company in companies:
        desk.bookkeeper.stumbles[company] = UNDECIDABLE
    await desk.deliver(
        *(log.record(joined(company)) for company in companies),
        *(log.record(updated(company, 2)) for company in companies),
        log.raw(b"{", key=None),
    )
    desk.bookkeeper.stumbles.clear()
    outcomes = await replay_all(desk.listeners)

    assert [len(outcome.decided) for outcome in outcomes if isinstance(outcome, Replayed)] == [
        2,
        2,
        2,
        0,
    ]
    assert [letter.state for letter in await desk.letters() if letter.state != "replayed"] == [
        "dead"
    ]


async def test_two_dead_letters_of_one_key_are_decided_one_after_the_other(desk: Desk) -> None:
    log, company = Log(), cvrs(1)[0]
    broken = [replace(log.record(updated(company, day)), value=b"{") for day in (2, 4)]
    await desk.deliver(
        broken[0],
        log.record(updated(company, 3)),
        broken[1],
        log.record(updated(company, 5)),
    )
    first, parked, second, last = await desk.letters()
    one = await discard(desk.listeners, first.id, reason="never mind")
    other = await discard(desk.listeners, second.id, reason="never mind")

    assert one == Discarded(first.id, Replayed((parked.id,), None, 2))
    assert other == Discarded(second.id, Replayed((last.id,), None, 0))
    assert await details(desk) == ["3", "5"]


async def test_letters_are_listed_by_state_and_page(desk: Desk) -> None:
    await stopped_key(desk, followers=3)
    everything = await desk.letters()
    async with desk.world.bonus.connection() as connection:
        parked = await list_dead_letters(connection, state="parked", limit=2)
        rest = await list_dead_letters(connection, state="parked", after_id=parked[-1].id)
        other = await list_dead_letters(connection, consumer="bonus.nobody")

    assert [letter.id for letter in (*parked, *rest)] == [each.id for each in everything[1:]]
    assert other == []


async def test_asking_for_a_letter_that_is_not_there_says_so(desk: Desk) -> None:
    async with desk.world.bonus.connection() as connection:
        with pytest.raises(DeadLetterNotFoundError, match="dead-letters list"):
            await get_dead_letter(connection, 17)
    with pytest.raises(DeadLetterNotFoundError):
        await replay(desk.listeners, 17)
    with pytest.raises(DeadLetterNotFoundError):
        await discard(desk.listeners, 17, reason="gone")


async def test_a_letter_of_a_consumer_that_is_no_more_can_still_be_discarded(desk: Desk) -> None:
    await stopped_key(desk, followers=0)
    (letter,) = await desk.letters()
    renamed = desk.bookkeeper.hears("firms")
    listeners = tuple(replace(each, hears=renamed) for each in desk.listeners)

    outcome = await replay(listeners, letter.id)
    assert isinstance(outcome, NotReplayed)
    assert outcome.reason == "no_consumer"
    assert isinstance(await discard(listeners, letter.id, reason="renamed"), Discarded)
