"""Where partitions begin and end, as their leaders say, and how soon it is told that none does."""

from __future__ import annotations

import asyncio
import gc
import secrets
import time
import weakref
from contextvars import ContextVar, copy_context

import pytest
from confluent_kafka.admin import NewTopic

from deploy.kafka.local import LocalKafka
from shared.messaging.kafka.access import KafkaAccess
from shared.messaging.kafka.offsets import QUESTION_SECONDS_MAX
from shared.messaging.transport import (
    TopicMismatchError,
    TransportForbiddenError,
    TransportUnavailableError,
)
from tests.support.buses import READER, STRANGER, WRITER
from tests.support.kafka_bus import KafkaBus
from tests.support.kafka_cluster import access_to, admin_client, asking_for_offsets, producing
from tests.support.waiting import until

RECORDS = 5
BATCH: ContextVar[object] = ContextVar("BATCH")


class Batch:
    """Something large that whoever asks is working on."""


@pytest.fixture
async def topic(one: KafkaBus) -> str:
    """Three partitions, of which the second holds five records."""
    name = f"test.{secrets.token_hex(4)}.v1"
    await one.create_topic(name, partitions=3)
    async with producing(one.access(WRITER)) as producer:
        for _ in range(RECORDS):
            await producer.send_and_wait(name, b"{}", partition=1)
    return name


async def test_each_partition_begins_and_ends_somewhere(one: KafkaBus, topic: str) -> None:
    places = [(topic, number) for number in range(3)]
    async with asking_for_offsets(one.access(READER)) as offsets:
        assert await offsets.beginnings(places) == dict.fromkeys(places, 0)
        assert await offsets.ends(places) == {places[0]: 0, places[1]: RECORDS, places[2]: 0}
        await one.delete_records(topic, partition=1, before=2)
        assert await offsets.beginnings([places[1]]) == {places[1]: 2}
        assert await offsets.ends([]) == {}


async def test_many_may_ask_at_once_over_the_same_connections(one: KafkaBus, topic: str) -> None:
    other = f"{topic}9"
    await one.create_topic(other)
    async with asking_for_offsets(one.access(READER)) as offsets:
        answers = await asyncio.gather(
            *(offsets.ends([(topic, 1)]) for _ in range(20)),
            *(offsets.ends([(other, 0)]) for _ in range(20)),
        )
    assert answers == [{(topic, 1): RECORDS}] * 20 + [{(other, 0): 0}] * 20


async def test_what_a_transaction_holds_back_ends_later_than_what_may_be_read(
    one: KafkaBus, topic: str
) -> None:
    admin = one.access("admin")
    async with (
        producing(admin, transactional_id=secrets.token_hex(4)) as producer,
        asking_for_offsets(one.access(READER)) as offsets,
    ):
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"{}", partition=1)
        assert await offsets.ends([(topic, 1)]) == {(topic, 1): RECORDS + 1}
        assert await offsets.readable_ends([(topic, 1)]) == {(topic, 1): RECORDS}
        await producer.abort_transaction()


async def test_a_missing_topic_is_told_and_not_created(one: KafkaBus, topic: str) -> None:
    async with asking_for_offsets(one.access("admin")) as offsets:
        for missing in ((f"{topic}9", 0), (topic, 3)):
            with pytest.raises(TopicMismatchError, match="sammen topics create"):
                await offsets.ends([(topic, 0), missing])
    assert f"{topic}9" not in one.admin.list_topics(timeout=10).topics


async def test_a_closed_topic_is_told(secured: LocalKafka) -> None:
    closed = f"test.{secrets.token_hex(4)}.v1"
    admin = admin_client(access_to(secured))
    await asyncio.wrap_future(admin.create_topics([NewTopic(closed, 1, 1)])[closed])
    async with asking_for_offsets(access_to(secured, STRANGER)) as offsets:
        with pytest.raises(TransportForbiddenError, match="grant it"):
            await offsets.ends([(closed, 0)])


async def test_a_topic_made_anew_is_met_again(one: KafkaBus, topic: str) -> None:
    async with asking_for_offsets(one.access("admin")) as offsets:

        async def ends_at() -> int | None:
            try:
                return (await offsets.ends([(topic, 1)]))[topic, 1]
            except TopicMismatchError:
                return None

        async def is_gone() -> bool:
            return await ends_at() is None

        async def is_new() -> bool:
            return await ends_at() == 0

        assert await ends_at() == RECORDS
        await one.delete_topic(topic)
        await until(is_gone, what="its leader has let go of it")
        await one.create_topic(topic, partitions=3)
        await until(is_new, what="it is met again")


async def test_a_broker_that_hangs_is_not_waited_for(one: KafkaBus, topic: str) -> None:
    async with asking_for_offsets(one.access(READER)) as offsets:
        for met_before in (False, True):
            one.cluster.pause_node(1)
            began = time.monotonic()
            try:
                with pytest.raises(TransportUnavailableError):
                    await offsets.ends([(topic, 1)])
            finally:
                one.cluster.resume_node(1)
            assert time.monotonic() - began < QUESTION_SECONDS_MAX + 1, met_before
            assert await offsets.ends([(topic, 1)]) == {(topic, 1): RECORDS}


async def test_nobody_there_is_told_in_time() -> None:
    async with asking_for_offsets(KafkaAccess("127.0.0.1:1")) as offsets:
        with pytest.raises(TransportUnavailableError):
            await offsets.ends([("any.v1", 0)])


async def test_what_whoever_asks_is_working_on_is_not_kept(one: KafkaBus, topic: str) -> None:
    """Connections outlive the question, and with them the context in which they were made."""
    async with asking_for_offsets(one.access(READER)) as offsets:
        batch = Batch()
        gone = weakref.ref(batch)
        context = copy_context()
        context.run(BATCH.set, batch)
        question = asyncio.create_task(offsets.ends([(topic, 1)]), context=context)
        assert await question == {(topic, 1): RECORDS}
        del batch, context, question
        await asyncio.sleep(0)  # what woke us is an end of the question, too
        gc.collect()
        assert gone() is None
