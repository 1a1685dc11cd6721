"""While rows are on their way the relay lists those behind them: each goes out once, in order."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

import pytest

from shared.database import Connection
from shared.messaging import outbox
from shared.messaging.transport import OutgoingRecord
from shared.messaging.work import begin_work
from tests.support.handfed import HandFedBus
from tests.support.messaging import World, count_rows, cvrs, joined, publish, updated
from tests.support.posting import Post, is_about
from tests.support.waiting import until


class SlowBus(HandFedBus):
    """A bus that takes its time, so that what may happen meanwhile does happen."""

    def __init__(self) -> None:
        super().__init__()
        self.on_their_way = asyncio.Event()

    async def publish(self, records: Sequence[OutgoingRecord]) -> None:
        """Store the records, after a while."""
        self.on_their_way.set()
        await asyncio.sleep(0.2)
        await super().publish(records)


@pytest.fixture
def slow(world: World) -> Post:
    return Post(world, SlowBus())


async def test_rows_listed_meanwhile_go_out_once_and_in_order(slow: Post) -> None:
    companies = cvrs(9)
    await publish(slow.world, [joined(cvr) for cvr in companies])
    async with slow.relay(batch_rows_max=2):
        await slow.drained()
    assert slow.keys() == companies
    assert [len(call) for call in slow.bus.calls] == [2, 2, 2, 2, 1]


async def test_a_row_written_before_and_committed_meanwhile_goes_before_what_came_after(
    slow: Post,
) -> None:
    assert isinstance(slow.bus, SlowBus)
    late, *others = cvrs(9)
    async with slow.relay(batch_rows_max=2):
        async with begin_work(
            slow.world.membership, slow.world.clock, service="membership"
        ) as work:
            work.publish(joined(late))
            await work.write_outbox()
            # Its position is the first, and nobody sees it yet.
            await publish(slow.world, [joined(cvr) for cvr in others])
            await slow.bus.on_their_way.wait()
        await publish(slow.world, [updated(late, 1)])
        await slow.drained()
    keys = slow.keys()
    assert [key for key in keys if key != late] == others
    types = [dict(each.headers)["ce_type"] for each in slow.bus.published if is_about(each, late)]
    assert types == [
        b"dk.sammen.membership.CompanyJoined.v1",
        b"dk.sammen.membership.CompanyUpdated.v1",
    ]


async def test_what_follows_rows_of_a_refused_topic_is_looked_at_anew(slow: Post) -> None:
    """The rows listed ahead are of a topic that is open again, but its older rows still wait."""
    refusals = iter([True])
    slow.refuse_contacts(lambda: next(refusals, False))
    async with begin_work(slow.world.membership, slow.world.clock, service="membership") as work:
        for number in range(6):
            work.erase("membership.contacts.v1", f"contact-{number}")
    async with slow.relay(batch_rows_max=2):
        await slow.drained()
    assert slow.keys() == [f"contact-{number}" for number in range(6)]


async def test_a_topic_that_is_opened_between_two_looks_keeps_its_order(slow: Post) -> None:
    """Its rows were left out of the looks before; those that follow do not go before them."""
    companies = cvrs(6)
    forbidden = True
    slow.refuse_contacts(lambda: forbidden)
    async with begin_work(slow.world.membership, slow.world.clock, service="membership") as work:
        for cvr in companies:
            work.erase("membership.contacts.v1", f"contact-{cvr}")
            work.publish(joined(cvr))
    async with slow.relay(batch_rows_max=2):
        await until(lambda: len(slow.bus.published) >= 2, what="some companies are published")
        forbidden = False
        await slow.drained()
    keys = slow.keys()
    assert [key for key in keys if key in companies] == companies
    assert [key for key in keys if key not in companies] == [f"contact-{cvr}" for cvr in companies]


async def test_rows_sent_again_meanwhile_go_in_their_order(
    slow: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look that leaves out what is on its way would see only some of them."""
    world, republished = slow.world, asyncio.Event()
    listing = outbox.list_unpublished

    async def list_late(
        connection: Connection,
        *,
        limit: int,
        except_topics: Collection[str],
        except_positions: Sequence[int],
    ) -> list[outbox.StoredRow]:
        if except_positions:
            await republished.wait()
        return await listing(
            connection,
            limit=limit,
            except_topics=except_topics,
            except_positions=except_positions,
        )

    async def has_marked() -> bool:
        return await slow.waiting() == 2

    companies = cvrs(8)
    event_ids = await publish(world, [joined(cvr) for cvr in companies])
    async with world.membership.connection() as connection:
        kept = await listing(connection, limit=2)
        await outbox.save_published(connection, [row.position for row in kept])
        monkeypatch.setattr(outbox, "list_unpublished", list_late)
        async with slow.relay(batch_rows_max=4):
            await until(lambda: len(slow.bus.published) == 4, what="the first rows are sent")
            await until(has_marked, what="they are marked")
            await outbox.republish(connection, "membership", since=event_ids[0])
            republished.set()
            await slow.drained()
    assert slow.keys() == [*companies[2:6], *companies]


async def test_rows_refused_for_good_and_rows_published_wait_no_more(world: World) -> None:
    await publish(world, [joined(cvr) for cvr in cvrs(3)])
    async with world.membership.connection() as connection:
        rows = await outbox.list_unpublished(connection, limit=10)
        behind = await outbox.list_unpublished(
            connection, limit=10, except_positions=[row.position for row in rows[:2]]
        )
        assert [row.event_id for row in behind] == [rows[2].event_id]
        await outbox.save_published(connection, [rows[0].position])
        await outbox.save_refused(connection, {rows[1].position: "too large"})
        waiting = await outbox.list_unpublished(connection, limit=10)
        assert [row.event_id for row in waiting] == [rows[2].event_id]
        assert (await outbox.count_waiting(connection)).rows == 1
    assert await count_rows(world.membership, "outbox", "refused_reason = 'too large'") == 1
