"""Whatever goes wrong around the embedded bus is said by its name, or mended without a word."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from shared.messaging.embedded import EmbeddedTransport, transport
from shared.messaging.transport import (
    Subscription,
    TopicMismatchError,
    TransportError,
    TransportForbiddenError,
    TransportUnavailableError,
)
from tests.support.buses import READER, WRITER, Inbox, record
from tests.support.postgres import DatabaseFactory, login_plan
from tests.support.transports import EmbeddedBus, open_address
from tests.support.waiting import until


@pytest.fixture
async def heard(embedded: EmbeddedBus, topic: str, group: str) -> AsyncIterator[Inbox]:
    """What a consumer of the topic has got; its first record is in its handler."""
    await embedded.create_topic(topic)
    writer, reader = (open_address(embedded.address(each)) for each in (WRITER, READER))
    await writer.start()
    await reader.start()
    await writer.publish([record(topic, b"1")])
    inbox = Inbox()
    inbox.may_return.clear()
    consumer = reader.consumer(Subscription(group, (topic,)), inbox)
    await consumer.start()
    await inbox.entered.wait()
    yield inbox
    await consumer.stop()
    assert consumer.failure() is None
    await reader.close()
    await writer.close()


async def _publish(embedded: EmbeddedBus, topic: str, value: bytes) -> None:
    writer = open_address(embedded.address(WRITER))
    await writer.start()
    await writer.publish([record(topic, value)])
    await writer.close()


async def test_a_member_that_lost_its_session_joins_anew(
    embedded: EmbeddedBus, heard: Inbox, topic: str, group: str
) -> None:
    heard.may_return.set()
    await embedded.as_superuser("DELETE FROM bus.member WHERE group_name = $1", group)
    await _publish(embedded, topic, b"2")
    await until(lambda: b"2" in heard.values, what="the second has arrived")


async def test_a_member_told_by_its_commit_that_others_own_the_partition_joins_anew(
    embedded: EmbeddedBus, heard: Inbox, topic: str, group: str
) -> None:
    await embedded.as_superuser(
        "UPDATE bus.progress SET owner = gen_random_uuid() WHERE group_name = $1", group
    )
    heard.may_return.set()
    await until(lambda: heard.values == [b"1", b"1"], what="the batch has come again")


async def test_a_session_that_can_not_be_kept_ends_delivery(
    embedded: EmbeddedBus, topic: str, group: str
) -> None:
    await embedded.create_topic(topic)
    reader = open_address(embedded.address(READER))
    await reader.start()
    consumer = reader.consumer(Subscription(group, (topic,)), Inbox())
    await consumer.start()
    function = "ON FUNCTION bus.heartbeat(text, uuid)"
    await embedded.as_superuser(f"REVOKE EXECUTE {function} FROM PUBLIC")
    try:
        await until(lambda: consumer.failure() is not None, what="it is noticed")
    finally:
        await embedded.as_superuser(f"GRANT EXECUTE {function} TO PUBLIC")
    assert isinstance(consumer.failure(), TransportForbiddenError)
    await consumer.stop()
    await reader.close()


async def test_a_publisher_learns_that_a_topic_was_made_anew_and_goes_on(
    embedded: EmbeddedBus, topic: str
) -> None:
    await embedded.create_topic(topic, partitions=2)
    writer = open_address(embedded.address(WRITER))
    await writer.start()
    await writer.publish([record(topic)])
    await embedded.delete_topic(topic)
    await embedded.create_topic(topic, partitions=3)
    with pytest.raises(TopicMismatchError):
        await writer.publish([record(topic)])
    await writer.publish([record(topic)])
    await writer.close()


async def test_a_database_without_the_bus_is_said_to_lack_it(
    database_factory: DatabaseFactory,
) -> None:
    database = await database_factory([login_plan(WRITER)])
    writer = EmbeddedTransport(database.url(f"sammen_{WRITER}"))
    await writer.start()
    with pytest.raises(TransportError, match="sammen migrate"):
        await writer.publish([record("any")])
    await writer.close()


async def test_a_wrong_password_is_no_outage(embedded: EmbeddedBus) -> None:
    right = embedded.database.url(f"sammen_{WRITER}")
    writer = EmbeddedTransport(right.replace("://sammen_placements:", "://sammen_placements:x"))
    with pytest.raises(TransportForbiddenError, match="address"):
        await writer.start()
    await writer.close()


async def test_starting_ends_when_nobody_ever_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "START_SECONDS_MAX", 0.2)
    writer = EmbeddedTransport("postgresql://sammen_placements:x@127.0.0.1:1/nowhere")
    with pytest.raises(TransportUnavailableError):
        await writer.start()


async def test_starting_twice_is_starting_once(embedded: EmbeddedBus) -> None:
    writer = open_address(embedded.address(WRITER))
    await writer.close()
    await writer.start()
    await writer.start()
    await writer.check_topics({})
    await writer.close()


async def test_a_fault_of_the_database_itself_is_passed_on(
    embedded: EmbeddedBus, topic: str
) -> None:
    await embedded.create_topic(topic)
    writer = open_address(embedded.address(WRITER))
    await writer.start()
    with pytest.raises(TransportError, match="bus failed"):
        await writer.check_topics({"no\0name": 1})
    await writer.close()
