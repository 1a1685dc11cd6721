from __future__ import annotations

import base64
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
from shared.messaging.transport import Record
from shared.messaging.work import UndecidableError
from tests.integration.messaging.conftest import Desk
from tests.support.messaging import Log, count_rows, cvrs, joined, of_unknown_type, updated

UNDECIDABLE = UndecidableError("company_unknown", "never heard of it")


async def stopped_key(desk: Desk, *, followers: int) -> tuple[str, list[Record]]:
    """A company whose first event is dead and whose others wait; what was delivered."""
    log, company = Log(), cvrs(1)[0]
    desk.bookkeeper.stumbles[company] = UNDECIDABLE
    records = [log.record(joined(company))]
    records += [log.record(updated(company, day)) for day in range(2, 2 + followers)]
    await desk.deliver(*records)
    desk.bookkeeper.stumbles.clear()
    return company, records


async def details(desk: Desk) -> list[str]:
    return [row.detail for row in await desk.seen()]


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


async def test_a_letter_with_a_mended_value_is_decided_by_that_value(desk: Desk) -> None:
    log, company = Log(), cvrs(1)[0]
    good = log.record(updated(company, 7))
    await desk.deliver(replace(good, value=b"{"), log.record(updated(company, 8)))
    first, second = await desk.letters()

    assert await replay(desk.listeners, first.id, mended_value=b"[") == Replayed(
        (), StillBad(first.id, "not_json", (await desk.letters())[0].detail), 2
    )
    assert await replay(desk.listeners, first.id, mended_value=good.value) == Replayed(
        (first.id, second.id), None, 0
    )
    assert await details(desk) == ["7", "8"]
    mended = (await desk.letters())[0]
    assert (mended.record.value, mended.mended_value) == (b"{", good.value)


async def test_a_masked_letter_is_not_replayed_as_it_is(desk: Desk) -> None:
    log, company = Log(), cvrs(1)[0]
    good = log.record(updated(company, 7))
    leak = good.value.replace(b"}", b',"note":"610180-1234"}') if good.value else b""
    await desk.deliver(replace(good, value=leak))
    (letter,) = await desk.letters()
    outcome = await replay(desk.listeners, letter.id)

    assert isinstance(outcome, NotReplayed)
    assert outcome.reason == "redacted"
    assert isinstance(await replay(desk.listeners, letter.id, mended_value=good.value), Replayed)
    assert await details(desk) == ["7"]


async def test_a_masked_follower_stops_the_key_anew(desk: Desk) -> None:
    await stopped_key(desk, followers=2)
    async with desk.world.bonus.connection() as connection:
        await connection.execute(
            "UPDATE dead_letter SET redacted = true WHERE state = 'parked' AND record_offset = 1"
        )
    dead, parked, _ = await desk.letters()
    outcome = await replay(desk.listeners, dead.id)

    assert isinstance(outcome, Replayed)
    assert outcome.still_bad is not None
    assert (outcome.still_bad.letter_id, outcome.still_bad.reason) == (parked.id, "redacted")
    assert outcome.waiting == 2


async def test_an_unknown_type_is_decided_once_a_later_version_knows_it(desk: Desk) -> None:
    log, company = Log(), cvrs(1)[0]
    known = log.record(joined(company))
    await desk.deliver(of_unknown_type(known))
    (letter,) = await desk.letters()
    before = await replay(desk.listeners, letter.id)
    # What an upgrade changes is what the type means to us, here: that it is one we know.
    async with desk.world.bonus.connection() as connection:
        await connection.execute(
            "UPDATE dead_letter SET headers = replace(headers::text, $1, $2)::json",
            _base64(b"dk.sammen.membership.CompanyMerged.v1"),
            _base64(b"dk.sammen.membership.CompanyJoined.v1"),
        )
    after = await replay(desk.listeners, letter.id)

    assert before == Replayed((), StillBad(letter.id, "unknown_type", ""), 0)
    assert after == Replayed((letter.id,), None, 0)
    assert await details(desk) == ["joined"]


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


async def test_an_event_that_was_decided_meanwhile_is_not_decided_by_its_replay(
    desk: Desk,
) -> None:
    _, (record,) = await stopped_key(desk, followers=0)
    (letter,) = await desk.letters()
    async with desk.world.bonus.connection() as connection:
        await connection.execute(
            "INSERT INTO inbox (consumer, event_id, claimed_at) VALUES ($1, $2, now())",
            letter.consumer,
            letter.event_id,
        )
    outcome = await replay(desk.listeners, letter.id)

    assert outcome == Replayed((letter.id,), None, 0)
    assert await details(desk) == []
    assert record.offset == letter.record.offset


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
