"""Records that the brokers have lost, as far as offsets or the database tell: nobody reads on."""

from __future__ import annotations

import pytest

from shared.database import Database
from shared.messaging import heard_topics
from shared.messaging.transport import OffsetGapError, TransportUnavailableError
from tests.integration.kafka.line import PARTITIONS, Line
from tests.integration.kafka.losing import (
    all_decided,
    decided,
    has_no_lag,
    keep,
    move_group,
    remove_all,
    set_back,
    stops_for_a_gap,
    tell,
)
from tests.support.evidence import Logged
from tests.support.messaging import TOPIC
from tests.support.waiting import until


async def test_records_gone_beyond_what_is_decided_stop_a_group_that_is_forgotten(
    line: Line,
) -> None:
    consumer = await decided(line, 1, 2)
    await consumer.stop()
    line.bus.admin.delete_consumer_groups([consumer.name])[consumer.name].result()
    await tell(line, [3])
    await remove_all(line)
    await stops_for_a_gap(await line.add_consumer())


async def test_records_gone_beyond_what_is_committed_stop_who_has_decided_nothing(
    line: Line, owner: Database
) -> None:
    consumer = await decided(line, 1, 2)
    await consumer.stop()
    async with owner.transaction() as connection:
        await connection.execute("TRUNCATE decided_offset")
    await tell(line, [3])
    await remove_all(line)
    await stops_for_a_gap(await line.add_consumer())


async def test_a_bus_that_lost_what_was_committed_stops_who_has_decided_less(
    line: Line, owner: Database
) -> None:
    consumer = await decided(line, 1, 2)
    await keep(owner)
    await tell(line, [3])
    await all_decided(line, [1, 2, 3])
    await consumer.stop()
    await set_back(owner)
    await move_group(line, consumer.name, beyond_the_end=5)
    await stops_for_a_gap(await line.add_consumer())


async def test_a_bus_that_lost_what_was_decided_stops_who_had_not_committed_it(
    line: Line, owner: Database
) -> None:
    consumer = await decided(line, 1, 2)
    await consumer.stop()
    async with owner.transaction() as connection:
        await connection.execute("UPDATE decided_offset SET next_offset = next_offset + 5")
    await stops_for_a_gap(await line.add_consumer())


async def test_records_gone_that_were_decided_and_not_committed_are_not_missed(line: Line) -> None:
    """As when a process was killed between both commits, and is back only after retention."""
    consumer = await decided(line, 1, 2)
    await consumer.stop()
    await move_group(line, consumer.name, beyond_the_end=-1)
    await remove_all(line)
    await tell(line, [3])
    consumer = await line.add_consumer()
    await all_decided(line, [1, 2, 3])
    assert consumer.failure() is None


async def make_topic_anew(line: Line) -> None:
    await line.bus.delete_topic(TOPIC)
    await line.bus.create_topic(TOPIC, partitions=PARTITIONS)


async def test_a_topic_met_on_the_way_is_known_again(line: Line) -> None:
    await line.bus.delete_topic(TOPIC)
    pattern = ("*.events.v1",)
    consumer = await line.add_consumer(topics=pattern)
    await line.bus.create_topic(TOPIC, partitions=PARTITIONS)
    await tell(line, [1, 2])
    await all_decided(line, [1, 2])
    await consumer.stop()
    await tell(line, [3])
    await make_topic_anew(line)
    await tell(line, [4, 5, 6])
    with pytest.raises(OffsetGapError, match="created anew"):
        await line.add_consumer(topics=pattern)


async def _is_rewound(line: Line, group: str) -> bool:
    try:
        await line.reader.rewind(group, TOPIC)
    except TransportUnavailableError:
        return False
    return True


async def test_a_database_restored_to_before_a_topic_was_made_anew_stops_who_hears_it(
    line: Line, owner: Database, logged: Logged
) -> None:
    """Its offsets are of the topic that is gone, and higher."""
    consumer = await decided(line, 1, 2, 3, 4, 5)
    await consumer.stop()
    await keep(owner)
    await make_topic_anew(line)
    identity = (await line.reader.identify([TOPIC]))[TOPIC]
    await until(lambda: _is_rewound(line, consumer.name), what="its partitions have leaders")
    async with line.world.bonus.transaction() as connection:
        await heard_topics.accept(connection, consumer.name, TOPIC, identity)
    consumer = await line.add_consumer()
    await tell(line, [6, 7])
    await all_decided(line, [1, 2, 3, 4, 5, 6, 7])
    await until(has_no_lag(consumer), what="it stands at the end")
    await set_back(owner)
    await stops_for_a_gap(consumer)
    assert "created anew" in str(logged.lines("component_failed"))
