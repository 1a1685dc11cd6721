"""A pattern, and topics that come while it is heard: with and without permission."""

from __future__ import annotations

import asyncio

from confluent_kafka.admin import AclOperation

from shared.messaging.kafka.transport import KafkaTransport
from shared.messaging.transport import Subscription
from tests.support.buses import READER, WRITER, Inbox, record
from tests.support.evidence import Logged
from tests.support.kafka_bus import LOOK_SECONDS, TIMES, KafkaBus
from tests.support.waiting import until

SEEN_SECONDS = 3.0
"""In which a member looks at its topics several times, and at new ones as well."""


async def test_a_topic_that_may_not_be_read_yet_ends_nobody_who_hears_its_pattern(
    one: KafkaBus, logged: Logged
) -> None:
    await one.create_topic("here.patterns")
    writer, reader = (
        KafkaTransport(one.access(user), times=TIMES, look_seconds=LOOK_SECONDS)
        for user in (WRITER, READER)
    )
    await writer.start()
    await reader.start()
    inbox = Inbox()
    consumer = reader.consumer(Subscription("bonus.patterns", ("*.patterns",)), inbox)
    await consumer.start()
    await writer.publish([record("here.patterns", b"1")])
    await until(lambda: inbox.values == [b"1"], what="the first topic is heard")

    await one.create_topic("later.patterns", readers=())
    await writer.publish([record("later.patterns", b"2")])
    await until(
        lambda: "later.patterns" in str(logged.lines("bus_unavailable")), what="it is noticed"
    )
    await asyncio.sleep(SEEN_SECONDS)
    assert inbox.values == [b"1"]
    assert consumer.failure() is None
    await one.grant("later.patterns", [(READER, AclOperation.READ)])
    await writer.publish([record("here.patterns", b"3")])
    await until(lambda: {*inbox.values} == {b"1", b"2", b"3"}, what="both are heard")
    assert consumer.failure() is None
    await consumer.stop()
    await writer.close()
    await reader.close()
