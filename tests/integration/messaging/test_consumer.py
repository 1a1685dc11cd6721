from __future__ import annotations

import json
from dataclasses import replace

import pytest

from shared.messaging.consumer import DeadLetterLimitError
from shared.messaging.work import UndecidableError
from tests.integration.messaging.conftest import Desk
from tests.support.messaging import (
    HASTY,
    TOPIC,
    Log,
    count_rows,
    cvrs,
    joined,
    of_unknown_type,
    updated,
)


async def test_a_batch_of_new_events_is_decided_in_one_call_and_in_order(desk: Desk) -> None:
    log, companies = Log(), cvrs(3)
    await desk.deliver(*(log.record(joined(cvr)) for cvr in companies))

    assert [row.cvr for row in await desk.seen()] == companies
    assert desk.bookkeeper.batches == [3]
    assert await count_rows(desk.world.bonus, "outbox") == 3


async def test_a_batch_delivered_again_changes_nothing(desk: Desk) -> None:
    log = Log()
    batch = [log.record(joined(cvr)) for cvr in cvrs(3)]
    await desk.deliver(*batch)
    await desk.deliver(*batch)

    assert len(await desk.seen()) == 3
    assert await count_rows(desk.world.bonus, "outbox") == 3


async def test_the_same_event_twice_in_one_batch_is_decided_once(desk: Desk) -> None:
    log = Log()
    first = log.record(joined(cvrs(1)[0]))
    await desk.deliver(first, replace(first, offset=17))

    assert len(await desk.seen()) == 1


async def test_of_a_batch_known_in_part_only_the_rest_is_decided(desk: Desk) -> None:
    log = Log()
    batch = [log.record(joined(cvr)) for cvr in cvrs(4)]
    await desk.deliver(*batch[:2])
    await desk.deliver(*batch)

    assert desk.bookkeeper.batches == [2, 2]
    assert len(await desk.seen()) == 4


async def test_what_the_handler_publishes_names_the_event_that_led_to_it(desk: Desk) -> None:
    record = Log().record(joined(cvrs(1)[0]), event_id="the-cause")
    await desk.deliver(record)

    async with desk.world.bonus.connection() as connection:
        headers = dict(json.loads(await connection.fetchval("SELECT headers::text FROM outbox")))
    assert (headers["ce_causationid"], headers["ce_correlationid"]) == ("the-cause", "the-cause")


async def test_poison_in_the_middle_of_a_batch_stops_only_its_own_key(desk: Desk) -> None:
    log, (good, bad, other) = Log(), cvrs(3)
    desk.bookkeeper.stumbles[bad] = UndecidableError("company_unknown", "never heard of it")
    await desk.deliver(
        log.record(joined(good)),
        log.record(joined(bad)),
        log.record(joined(other)),
        log.record(updated(bad, 2)),
        log.record(updated(good, 3)),
    )

    assert [(row.cvr, row.detail) for row in await desk.seen()] == [
        (good, "joined"),
        (other, "joined"),
        (good, "3"),
    ]
    dead, parked = await desk.letters()
    assert (dead.state, dead.reason, dead.detail) == (
        "dead",
        "company_unknown",
        "never heard of it",
    )
    assert (parked.state, parked.record.offset) == ("parked", 3)


async def test_later_batches_park_behind_a_dead_letter_too(desk: Desk) -> None:
    log, (good, bad) = Log(), cvrs(2)
    desk.bookkeeper.stumbles[bad] = UndecidableError("company_unknown")
    await desk.deliver(log.record(joined(bad)))
    desk.bookkeeper.stumbles.clear()
    await desk.deliver(log.record(updated(bad, 2)), log.record(joined(good)))
    await desk.deliver(log.record(updated(bad, 3)))

    assert [row.cvr for row in await desk.seen()] == [good]
    assert [(each.state, each.record.offset) for each in await desk.letters()] == [
        ("dead", 0),
        ("parked", 1),
        ("parked", 3),
    ]


async def test_a_batch_with_dead_and_parked_records_may_come_again(desk: Desk) -> None:
    log, (good, bad) = Log(), cvrs(2)
    desk.bookkeeper.stumbles[bad] = UndecidableError("company_unknown")
    batch = [log.record(joined(bad)), log.record(joined(good)), log.record(updated(bad, 2))]
    await desk.deliver(*batch)
    await desk.deliver(*batch)

    assert len(await desk.seen()) == 1
    assert [each.state for each in await desk.letters()] == ["dead", "parked"]


async def test_a_known_event_is_not_parked_when_it_comes_again_behind_a_dead_letter(
    desk: Desk,
) -> None:
    log, company = Log(), cvrs(1)[0]
    first = log.record(joined(company))
    await desk.deliver(first)
    desk.bookkeeper.stumbles[company] = UndecidableError("company_unknown")
    await desk.deliver(log.record(updated(company, 2)), first)

    assert [each.record.offset for each in await desk.letters()] == [1]


async def test_a_malformed_record_is_a_dead_letter_and_stops_its_key(desk: Desk) -> None:
    log, (good, bad) = Log(), cvrs(2)
    broken = replace(log.record(joined(bad)), value=b"{")
    await desk.deliver(broken, log.record(updated(bad, 2)), log.record(joined(good)))

    assert [row.cvr for row in await desk.seen()] == [good]
    assert [(each.state, each.reason) for each in await desk.letters()] == [
        ("dead", "not_json"),
        ("parked", ""),
    ]
    assert desk.bookkeeper.batches == [1]


async def test_a_null_value_where_nothing_is_ever_erased_is_a_dead_letter(desk: Desk) -> None:
    log = Log()
    await desk.deliver(log.raw(None, key=b"99000000"), log.raw(b"", key=None))

    assert [each.state for each in await desk.letters()] == ["dead", "dead"]


@pytest.mark.parametrize(
    ("key", "headers", "value"),
    [
        (b"\xff\x00", [("ce_id", b"\xff")], b"\x00"),
        (None, [("ce_id", None), ("CE_TYPE", b"\xc3\x28")], b"{}"),
        (b"k" * 10_000, [("x\x00y", b"\x00")], b"\x00\xff"),
        (b"k", [("ce_id", b"a\x00b"), ("ce_specversion", b"1.0"), ("ce_type", b"\x00")], b"{}"),
        (b"k", [(f"h{number}", b"") for number in range(1000)], None),
        (b"k", [("ce_id", b"i" * 100_000), ("ce_specversion", b"1.0"), ("ce_type", b"t")], b"{}"),
    ],
    ids=["bytes", "nulls", "long key", "nul id", "many headers", "long id"],
)
async def test_nothing_on_the_bus_stops_the_records_beside_it(
    desk: Desk, key: bytes | None, headers: list[tuple[str, bytes | None]], value: bytes | None
) -> None:
    log, (before, after) = Log(), cvrs(2)
    strange = [log.record(joined(before)), log.raw(value, key=key, headers=headers)]
    await desk.deliver(*strange, log.record(joined(after)))

    assert [row.cvr for row in await desk.seen()] == [before, after]
    (letter,) = await desk.letters()
    assert letter.state in ("dead", "unknown_type")
    assert (letter.record.value, letter.record.headers) == (value, tuple(headers))


async def test_an_unknown_type_is_set_aside_and_holds_nothing_up(desk: Desk) -> None:
    log, company = Log(), cvrs(1)[0]
    unknown = of_unknown_type(log.record(joined(company)))
    await desk.deliver(log.record(joined(company)), unknown, log.record(updated(company, 2)))

    assert [row.detail for row in await desk.seen()] == ["joined", "2"]
    (letter,) = await desk.letters()
    assert (letter.state, letter.event_type) == (
        "unknown_type",
        "dk.sammen.membership.CompanyMerged.v1",
    )


async def test_a_record_at_the_offset_of_an_older_one_is_another_record(desk: Desk) -> None:
    """A topic that was made anew counts from 0 again; its records must not vanish."""
    first, second = Log().raw(b"{", key=None), Log().raw(b"[", key=None)
    await desk.deliver(first)
    await desk.deliver(replace(second, appended_at=desk.world.clock.now()), first)

    assert [each.record.value for each in await desk.letters()] == [b"{"]
    await desk.deliver(replace(second, appended_at=desk.world.clock.now().replace(year=2018)))
    assert [each.record.value for each in await desk.letters()] == [b"{", b"["]


async def test_too_many_dead_letters_in_a_row_stop_the_consumer(desk: Desk) -> None:
    log = Log()
    batch = [log.raw(b"{", key=None) for _ in range(30)]
    with pytest.raises(DeadLetterLimitError, match="20 dead letters in a row"):
        await desk.deliver(*batch)

    assert isinstance(desk.consumer.failure(), DeadLetterLimitError)
    assert [each.record.offset for each in await desk.letters()] == list(range(20))


async def test_a_restart_after_too_many_dead_letters_buries_no_more(desk: Desk) -> None:
    log = Log()
    batch = [log.raw(b"{", key=None) for _ in range(30)]
    for _ in range(3):
        with pytest.raises(DeadLetterLimitError):
            await desk.deliver(*batch)
        await desk.open()

    assert len(await desk.letters()) == 20


async def test_a_good_event_between_bad_ones_shows_that_not_all_is_wrong(desk: Desk) -> None:
    log, (good, *bad) = Log(), cvrs(38)
    for cvr in bad:
        desk.bookkeeper.stumbles[cvr] = UndecidableError("company_unknown")
    records = [log.record(joined(cvr)) for cvr in bad]
    await desk.deliver(*records[:19], log.record(joined(good)), *records[19:])

    assert len(await desk.letters("dead")) == 37
    assert [row.cvr for row in await desk.seen()] == [good]


async def test_undecidable_events_in_a_row_stop_the_consumer_as_well(desk: Desk) -> None:
    log, companies = Log(), cvrs(40)
    for cvr in companies:
        desk.bookkeeper.stumbles[cvr] = UndecidableError("company_unknown")
    with pytest.raises(DeadLetterLimitError):
        await desk.deliver(*(log.record(joined(cvr)) for cvr in companies))

    assert len(await desk.letters("dead")) == 20


async def test_an_unknown_error_is_tried_a_few_times_and_then_buried(desk: Desk) -> None:
    log, (good, bad) = Log(), cvrs(2)
    desk.bookkeeper.stumbles[bad] = RuntimeError("a mistake of ours")
    await desk.deliver(log.record(joined(bad)), log.record(joined(good)))

    (letter,) = await desk.letters()
    assert (letter.reason, letter.detail) == (
        "unexpected_error",
        "RuntimeError: a mistake of ours",
    )
    # Together once, then alone as often as the policy says, then the good one.
    assert desk.bookkeeper.batches == [2, *[1] * HASTY.unknown_attempts_max, 1]


async def test_an_unknown_error_that_passes_leaves_no_dead_letter(desk: Desk) -> None:
    company = cvrs(1)[0]
    desk.bookkeeper.stumbles[company] = RuntimeError("a mistake of ours")

    async def mend_at_the_third_call(_events: object) -> None:
        if len(desk.bookkeeper.batches) == 3:
            desk.bookkeeper.stumbles.clear()

    desk.bookkeeper.before = mend_at_the_third_call
    await desk.deliver(Log().record(joined(company)))

    assert (len(await desk.letters()), len(await desk.seen())) == (0, 1)


async def test_what_a_dead_letter_keeps_names_no_person(desk: Desk) -> None:
    record = Log().raw(
        b'{"note": "610180-1234"}', key=b"610180-1234", headers=[("x", b"6101801234")]
    )
    desk.bookkeeper.stumbles[cvrs(1)[0]] = UndecidableError("odd", "born 610180-1234")
    log = Log(partition=1)
    await desk.deliver(record, log.record(joined(cvrs(1)[0])))

    masked, odd = await desk.letters()
    assert (masked.redacted, odd.redacted) == (True, False)
    async with desk.world.bonus.connection() as connection:
        everything = await connection.fetchval("SELECT string_agg(d::text, ' ') FROM dead_letter d")
    hidden = (b"610180-1234", b"6101801234")
    assert not any(each.decode() in everything or each.hex() in everything for each in hidden)
    assert masked.record.topic == TOPIC
