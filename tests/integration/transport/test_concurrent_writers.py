"""Writers that commit out of order hide nothing from a reader that follows on their heels."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

from shared.messaging.transport import Subscription, Transport
from tests.integration.transport.conftest import OpenTransport
from tests.support.buses import WRITER, Bus, Inbox, record
from tests.support.waiting import until

WRITERS = 8
BATCHES = 25
RECORDS_PER_BATCH = 8


async def test_eight_writers_committing_out_of_order_lose_nothing_and_keep_their_order(
    bus: Bus, open_transport: OpenTransport, reader: Transport, topic: str, group: str
) -> None:
    await bus.create_topic(topic, partitions=3)
    inbox = Inbox()
    consumer = reader.consumer(Subscription(group, (topic,), batch_records_max=50), inbox)
    await consumer.start()

    async def write(number: int) -> None:
        dice = random.Random(number)  # noqa: S311 - pauses, not secrets
        transport = await open_transport(WRITER)
        for batch in range(BATCHES):
            # Keys of this writer's own, and one that all share, in changing order of partitions.
            keys = [b"shared", *(b"%d-%d" % (number, each) for each in range(7))]
            dice.shuffle(keys)
            await transport.publish(
                [record(topic, b"%d %d" % (number, batch), key=key) for key in keys]
            )
            await asyncio.sleep(dice.random() * 0.01)

    async with asyncio.TaskGroup() as tasks:
        for number in range(WRITERS):
            tasks.create_task(write(number))
    total = WRITERS * BATCHES * RECORDS_PER_BATCH
    await until(lambda: len(inbox.records) >= total, what="all have arrived")
    await consumer.stop()
    assert consumer.failure() is None
    assert (
        Counter((each.partition, each.offset) for each in inbox.records).most_common(1)[0][1] == 1
    )
    assert len(inbox.records) == total
    orders: dict[tuple[bytes | None, bytes], list[int]] = {}
    for each in inbox.records:
        who, batch = (each.value or b"").split()
        orders.setdefault((each.key, who), []).append(int(batch))
    assert all(order == list(range(BATCHES)) for order in orders.values())
