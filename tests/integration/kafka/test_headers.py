"""A record that carries more beside its value than anybody needs."""

from __future__ import annotations

import secrets

from shared.messaging.kafka.transport import KafkaTransport
from shared.messaging.transport import Subscription
from tests.support.buses import READER, WRITER, Inbox, record
from tests.support.kafka_bus import LOOK_SECONDS, TIMES, KafkaBus
from tests.support.waiting import until

MANY = tuple((f"name-{number}", str(number).encode()) for number in range(1000))


async def test_a_thousand_headers_arrive_in_their_order(one: KafkaBus) -> None:
    topic, inbox = f"test.{secrets.token_hex(6)}.v1", Inbox()
    await one.create_topic(topic)
    writer = KafkaTransport(one.access(WRITER))
    reader = KafkaTransport(one.access(READER), times=TIMES, look_seconds=LOOK_SECONDS)
    await writer.start()
    await reader.start()
    await writer.publish([record(topic, b"1", headers=MANY), record(topic, b"2")])
    consumer = reader.consumer(Subscription(f"{READER}.{topic}", (topic,)), inbox)
    await consumer.start()
    await until(lambda: len(inbox.records) == 2, what="both have arrived")
    assert [each.headers for each in inbox.records] == [MANY, ()]
    assert consumer.failure() is None
    await consumer.stop()
    await reader.close()
    await writer.close()
