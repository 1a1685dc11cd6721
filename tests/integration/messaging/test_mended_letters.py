"""Letters that are replayed differently from how they were heard: mended, masked, upgraded."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from shared.database import ConnectionLostError
from shared.messaging.dead_letters import Discarded, Replayed, discard, replay
from shared.messaging.replaying import NotReplayed, StillBad
from tests.integration.messaging.conftest import Desk, details, stopped_key
from tests.support.messaging import Log, cvrs, joined, of_unknown_type, updated


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


async def test_a_letter_this_consumer_no_longer_hears_is_decided_as_nothing(desk: Desk) -> None:
    await stopped_key(desk, followers=0)
    (letter,) = await desk.letters()
    deaf = replace(desk.bookkeeper.hears(), events=())
    listeners = tuple(replace(each, hears=deaf) for each in desk.listeners)

    assert await replay(listeners, letter.id) == Replayed((letter.id,), None, 0)
    assert await details(desk) == []


async def test_an_error_of_our_own_leaves_the_letter_dead(desk: Desk) -> None:
    company, _ = await stopped_key(desk, followers=0)
    desk.bookkeeper.stumbles[company] = RuntimeError("a mistake of ours")
    (letter,) = await desk.letters()

    assert await replay(desk.listeners, letter.id) == Replayed(
        (), StillBad(letter.id, "unexpected_error", "RuntimeError: a mistake of ours"), 1
    )


async def test_a_replay_outlasts_a_short_outage(desk: Desk) -> None:
    company, _ = await stopped_key(desk, followers=0)
    (letter,) = await desk.letters()
    desk.bookkeeper.stumbles[company] = ConnectionLostError("gone")
    calls = len(desk.bookkeeper.batches)

    async def mend_at_the_third_call(_events: object) -> None:
        if len(desk.bookkeeper.batches) == calls + 3:
            desk.bookkeeper.stumbles.clear()

    desk.bookkeeper.before = mend_at_the_third_call
    assert await replay(desk.listeners, letter.id) == Replayed((letter.id,), None, 0)


async def test_a_replay_in_a_long_outage_says_so_and_leaves_the_letter_as_it_was(
    desk: Desk,
) -> None:
    company, _ = await stopped_key(desk, followers=1)
    desk.bookkeeper.stumbles[company] = ConnectionLostError("gone")
    before = await desk.letters()
    with pytest.raises(ConnectionLostError):
        await replay(desk.listeners, before[0].id)
    assert await desk.letters() == before


async def test_a_letter_without_a_key_is_replayed_and_discarded_alone(desk: Desk) -> None:
    log = Log()
    await desk.deliver(log.raw(b"{", key=None), log.raw(b"[", key=None))
    first, second = await desk.letters()

    assert await discard(desk.listeners, first.id, reason="noise") == Discarded(
        first.id, Replayed((), None, 0)
    )
    outcome = await replay(desk.listeners, second.id)
    assert isinstance(outcome, Replayed)
    assert (outcome.decided, outcome.waiting) == ((), 0)
