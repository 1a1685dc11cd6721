"""Rows the bus does not take: set aside for good, or held until a person allows them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from shared.messaging.transport import (
    OutgoingRecord,
    RecordRefusedError,
    RecordTooLargeError,
    TransportForbiddenError,
)
from shared.messaging.work import begin_work
from tests.support.messaging import (
    count_rows,
    cvrs,
    joined,
    publish,
)
from tests.support.posting import Post, is_about
from tests.support.waiting import until


async def test_a_row_refused_for_what_it_is_is_set_aside_while_the_rest_goes_on(
    post: Post,
) -> None:
    keyless, *others = cvrs(3)

    def refuse_the_keyless(records: Sequence[OutgoingRecord]) -> None:
        if any(is_about(record, keyless) for record in records):
            raise RecordRefusedError("a compacted topic takes no record without a key")

    post.bus.before_publish = refuse_the_keyless
    await publish(post.world, [joined(cvr) for cvr in (others[0], keyless, others[1])])
    async with post.relay():
        await post.drained()
    assert post.keys() == others
    assert await count_rows(post.world.membership, "outbox", "refused_reason IS NOT NULL") == 1


async def test_a_row_too_large_is_set_aside_and_reported_while_the_rest_goes_on(
    post: Post,
) -> None:
    large, *others = cvrs(7)

    def refuse_the_large(records: Sequence[OutgoingRecord]) -> None:
        if any(is_about(record, large) for record in records):
            raise RecordTooLargeError("1 MB at most")

    post.bus.before_publish = refuse_the_large
    await publish(post.world, [joined(cvr) for cvr in (*others[:3], large, *others[3:])])
    async with post.relay():
        await post.drained()

    assert post.keys() == others
    assert await count_rows(
        post.world.membership, "outbox", "refused_reason = 'RecordTooLargeError: 1 MB at most'"
    )
    assert b'relay_rows_total{outcome="refused",service="membership"} 1.0' in (
        post.metrics.exposition()
    )


async def test_a_forbidden_topic_waits_in_order_while_others_go_on(post: Post) -> None:
    companies, allowed = cvrs(3), asyncio.Event()

    post.refuse_contacts(lambda: not allowed.is_set())
    async with begin_work(post.world.membership, post.world.clock, service="membership") as work:
        for cvr in companies:
            work.erase("membership.contacts.v1", f"contact-{cvr}")
            work.publish(joined(cvr))
    async with post.relay(batch_rows_max=4) as relay:
        await until(lambda: len(post.bus.published) == 3, what="the others are published")
        assert post.keys() == companies
        assert "may not write" in (relay.trouble() or "")
        assert await post.waiting() == 3
        allowed.set()
        await post.drained()
        assert relay.trouble() is None

    assert post.keys()[3:] == [f"contact-{cvr}" for cvr in companies]


async def test_a_topic_refused_a_moment_ago_is_not_taken_up_in_the_middle(post: Post) -> None:
    """It may be open again, but its earlier rows were left out of this batch."""
    first, large = cvrs(2)
    refusals = iter(range(2))

    def refuse(records: Sequence[OutgoingRecord]) -> None:
        if any(is_about(record, large) for record in records):
            raise RecordTooLargeError("1 MB at most")
        contacts = any(record.topic == "membership.contacts.v1" for record in records)
        if contacts and next(refusals, None) is not None:
            raise TransportForbiddenError("membership may not write membership.contacts.v1")

    post.bus.before_publish = refuse
    async with begin_work(post.world.membership, post.world.clock, service="membership") as work:
        work.erase("membership.contacts.v1", "contact-1")
        work.publish(joined(first))
        work.erase("membership.contacts.v1", "contact-2")
        work.publish(joined(large))
    async with post.relay():
        await post.drained()

    assert post.keys() == [first, "contact-1", "contact-2"]
