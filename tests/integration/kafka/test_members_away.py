"""A member that loses its session between the database's commit and the offset's."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from shared.database import Database
from shared.messaging import failpoints
from shared.messaging.consumer import Consumer
from shared.messaging.kafka.access import Credentials, KafkaAccess
from shared.messaging.kafka.transport import KafkaTransport
from shared.messaging.transport import (
    NameTakenError,
    RecordTooLargeError,
    Subscription,
    TransportForbiddenError,
    TransportUnavailableError,
)
from shared.observability.metrics import Metrics
from tests.integration.kafka.line import PUBLISH_SECONDS, Line
from tests.support.buses import READER, SESSION_SECONDS, STRANGER, WRITER, Inbox, record
from tests.support.evidence import Logged, shown
from tests.support.kafka_bus import LOOK_SECONDS, TIMES, KafkaBus
from tests.support.messaging import HASTY, Bookkeeper, StandingClock
from tests.support.waiting import until

GIVEN_UP_SECONDS_MAX = 4.0


class Neighbour(threading.Thread):
    """Another member, in a loop of its own: it goes on while this test's loop stands still."""

    def __init__(self, line: Line) -> None:
        super().__init__(daemon=True)
        self._url = line.world.url("bonus")
        self._access = line.bus.access(READER)
        self._leave = threading.Event()
        self.metrics = Metrics()
        self.holds: set[tuple[str, int]] = set()

    def run(self) -> None:
        asyncio.run(self._hear())

    def stop(self) -> None:
        self._leave.set()
        self.join()

    async def _hear(self) -> None:
        database = await Database.connect(self._url, application_name="test", schema="bonus")
        transport = KafkaTransport(self._access, times=TIMES, look_seconds=LOOK_SECONDS)
        await transport.start()
        consumer = Consumer(
            "bonus",
            Bookkeeper().hears(),
            database=database,
            transport=transport,
            clock=StandingClock(),
            metrics=self.metrics,
            policy=HASTY,
        )
        await consumer.start()
        while not self._leave.is_set():
            try:
                self.holds |= {*(await consumer.progress()).positions}
            except TransportUnavailableError:
                continue  # the group is still making up its mind
            await asyncio.sleep(0.05)
        await consumer.stop()
        await transport.close()
        await database.close()


async def test_a_session_lost_between_both_commits(line: Line, logged: Logged) -> None:
    consumer = await line.add_consumer()
    stalled = asyncio.Event()
    neighbour = Neighbour(line)

    async def stall() -> None:
        """Committed, and then nothing, not even a heartbeat, for longer than a session."""
        if stalled.is_set():
            return
        stalled.set()
        neighbour.start()
        time.sleep(4 * SESSION_SECONDS)  # noqa: ASYNC251 - standing still is the point

    telling = asyncio.create_task(line.tell_all())
    await line.has_told(5)
    rebalances = consumer.rebalances()
    failpoints.install("consumer.after_commit", stall)
    try:
        await telling
        await line.all_arrive()
        assert stalled.is_set()
        assert neighbour.holds, "the neighbour was given partitions meanwhile"
        # What was decided but not committed came again, and was known.
        assert sum(
            shown(each, "sammen_inbox_duplicates_total", service="bonus")
            for each in (*line.members, neighbour.metrics)
        )
        assert "warning" in {each["level"] for each in logged.lines("partitions_released")}
        await until(
            lambda: line.shown("sammen_consumer_rebalances_total") > rebalances,
            what="it joined anew",
        )
        assert consumer.failure() is None
    finally:
        await asyncio.to_thread(neighbour.stop)


async def test_a_wrong_password_is_told_at_the_start(one: KafkaBus) -> None:
    access = KafkaAccess(
        one.cluster.bootstrap_servers, Credentials(READER, "wrong"), one.cluster.ca_file
    )
    transport = KafkaTransport(access)
    with pytest.raises(TransportForbiddenError, match="password"):
        await transport.start()
    await transport.close()


async def test_a_password_that_no_longer_holds_is_told_when_publishing(one: KafkaBus) -> None:
    """A service that only publishes has nobody else who would say it."""
    topic = f"test.{secrets.token_hex(6)}.v1"
    await one.create_topic(topic, writers=(STRANGER,), maximum_bytes=1_000)
    transport = KafkaTransport(one.access(STRANGER), publish_seconds_max=PUBLISH_SECONDS)
    await transport.start()
    await transport.publish([record(topic)])
    known = one.cluster.password_of(STRANGER)
    await one.change_password(STRANGER, "another")
    try:
        with pytest.raises(RecordTooLargeError):  # costs the producer, and so its connections
            await transport.publish([record(topic, bytes(10_000))])
        with pytest.raises(TransportForbiddenError, match=f"{STRANGER}: correct the .* password"):
            await transport.publish([record(topic)])
    finally:
        await one.change_password(STRANGER, known)
    await transport.publish([record(topic)])
    await transport.close()


async def test_a_publication_given_up_is_over(one: KafkaBus) -> None:
    """aiokafka would wait for what was not sent, for ever, and the next one with it."""
    topic = f"test.{secrets.token_hex(6)}.v1"
    await one.create_topic(topic)
    transport = KafkaTransport(one.access(WRITER), publish_seconds_max=1.0)
    await transport.start()
    await transport.publish([record(topic)])
    before = asyncio.all_tasks()
    one.cluster.pause_node(1)
    began_at = time.monotonic()
    try:
        with pytest.raises(TransportUnavailableError):
            await transport.publish([record(topic)])
    finally:
        one.cluster.resume_node(1)
    assert time.monotonic() - began_at < GIVEN_UP_SECONDS_MAX
    left = asyncio.all_tasks() - before
    assert not [task for task in left if "Accumulator" in repr(task)]
    await transport.publish([record(topic)])
    await transport.close()


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    """What a test pushes here is ended however the test ends, the last first."""
    async with AsyncExitStack() as stack:
        yield stack


async def test_two_processes_of_one_name_are_told_apart(
    one: KafkaBus, logged: Logged, stack: AsyncExitStack
) -> None:
    topic, inbox = f"test.{secrets.token_hex(6)}.v1", Inbox()
    await one.create_topic(topic)
    transports = [
        KafkaTransport(one.access(READER), instance="pod-1", times=TIMES, look_seconds=LOOK_SECONDS)
        for _ in range(2)
    ]
    members = [
        transport.consumer(Subscription(f"{READER}.{topic}", (topic,)), inbox)
        for transport in transports
    ]
    for transport, member in zip(transports, members, strict=True):
        await transport.start()
        stack.push_async_callback(transport.close)
        await member.start()
        stack.push_async_callback(member.stop)
        # The first may take its name back before the second one has had anything.
        await until(
            lambda member=member: member.rebalances() > 0 or member.failure() is not None,
            what="it has joined",
        )
    await until(lambda: any(member.failure() for member in members), what="one of them notices")
    with pytest.raises(NameTakenError, match=r"pod-1.*SAMMEN_KAFKA_INSTANCE"):
        raise next(failure for member in members if (failure := member.failure()))
    (line,) = logged.lines("component_failed")
    assert "pod-1" in line["reason"]
    assert "SAMMEN_KAFKA_INSTANCE" in line["reason"]
    # The other one goes on, with everything.
    alive = next(member for member in members if member.failure() is None)
    writer = KafkaTransport(one.access(WRITER))
    await writer.start()
    stack.push_async_callback(writer.close)
    await writer.publish([record(topic, b"1"), record(topic, b"2")])
    await until(lambda: {b"1", b"2"} <= {*inbox.values}, what="both records have arrived")
    assert alive.failure() is None
