"""Rights taken away while facts flow: whoever lost them says so, and nothing is lost meanwhile."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from shared.messaging.kafka.cluster import Cluster, opened
from shared.messaging.kafka.permissions import (
    DESCRIBE,
    GROUP,
    LITERAL,
    PREFIXED,
    READ,
    USER,
    WRITE,
    Acl,
)
from shared.messaging.kafka.permissions import TOPIC as TOPICS
from shared.messaging.kafka.transport import KafkaTransport
from shared.messaging.transport import Subscription, TransportConsumer, TransportForbiddenError
from shared.messaging.watchdog import Watchdog, WatchdogError
from tests.integration.kafka import line as lines
from tests.integration.kafka.line import Line
from tests.integration.kafka.quick import open_quick_line
from tests.support.buses import READER, WRITER, Inbox, record
from tests.support.evidence import Logged
from tests.support.kafka_bus import LOOK_SECONDS, TIMES, KafkaBus
from tests.support.messaging import TOPIC
from tests.support.postgres import DatabaseFactory
from tests.support.waiting import until

REMEDY = "deploy/kafka/topics.yaml and run `sammen topics create`"
GROUPS = Acl(USER + READER, GROUP, PREFIXED, f"{READER}.", READ)
NEVER_SECONDS = 600.0


def _on(topic: str, user: str, operation: str, permission: str = "ALLOW") -> Acl:
    return Acl(USER + user, TOPICS, LITERAL, topic, operation, permission)


@pytest.fixture
async def line(one: KafkaBus, database_factory: DatabaseFactory) -> AsyncIterator[Line]:
    async with open_quick_line(one, database_factory) as line:
        yield line


@pytest.fixture
async def admin(one: KafkaBus) -> AsyncIterator[Cluster]:
    async with opened(one.access("admin")) as cluster:
        yield cluster


@asynccontextmanager
async def _without(admin: Cluster, right: Acl) -> AsyncIterator[None]:
    """The right is taken away, the broker knows it, and it is given back afterwards."""

    async def is_gone() -> bool:
        return right not in (await admin.acls() or {right})

    await admin.revoke([right])
    try:
        await until(is_gone, what="the right is gone")
        yield
    finally:
        await admin.grant([right])


@asynccontextmanager
async def _hidden(admin: Cluster, topic: str, user: str, *, hidden: bool) -> AsyncIterator[None]:
    """As `sammen topics create` leaves it for a user whose name is gone from its file."""
    rule = _on(topic, user, DESCRIBE, "DENY")
    if hidden:
        await admin.grant([rule])
    try:
        yield
    finally:
        await admin.revoke([rule])


@pytest.mark.parametrize("hidden", [False, True])
async def test_a_publisher_that_may_no_longer_write_waits_in_order(
    line: Line,
    admin: Cluster,
    logged: Logged,
    monkeypatch: pytest.MonkeyPatch,
    *,
    hidden: bool,
) -> None:
    monkeypatch.setattr(lines, "PAUSE_SECONDS", 0.2)
    consumer = await line.add_consumer()
    telling = asyncio.create_task(line.tell_all())
    await line.has_told(5)
    async with (
        _hidden(admin, TOPIC, WRITER, hidden=hidden),
        _without(admin, _on(TOPIC, WRITER, WRITE)),
    ):
        await until(lambda: len(logged.lines("relay_retried")) > 1, what="the relay tries again")
        assert not telling.done(), "facts flow"
        await telling
        await until(lambda: line.shown("sammen_outbox_waiting_rows") > 0, what="they wait")
        assert line.shown("sammen_retries_total", service="membership", kind="bus") > 1
    await line.all_arrive()
    assert consumer.failure() is None
    for each in logged.lines("relay_retried"):
        assert each["topic"] == TOPIC
        assert REMEDY in each["reason"]
    assert "producer_rebuilt" in logged
    await until(lambda: line.shown("sammen_producer_rebuilds_total") == 1, what="it is shown")


@pytest.mark.parametrize(
    "right", [pytest.param(_on(TOPIC, READER, READ), id="topic"), pytest.param(GROUPS, id="group")]
)
async def test_a_consumer_that_may_no_longer_read_stops_and_loses_nothing(
    line: Line, admin: Cluster, logged: Logged, right: Acl
) -> None:
    consumer = await line.add_consumer()
    watchdog = Watchdog("bonus", [consumer], clock=line.world.clock, metrics=line.metrics)
    telling = asyncio.create_task(line.tell_all())
    await line.has_told(5)
    async with _without(admin, right):
        await until(lambda: consumer.failure() is not None, what="it stops")
        assert isinstance(consumer.failure(), TransportForbiddenError)
        with pytest.raises(WatchdogError, match=REMEDY):  # so the process ends
            await watchdog.look()
        await telling
    (failed,) = logged.lines("component_failed")
    assert failed["component"] == consumer.name
    assert REMEDY in failed["reason"]
    await line.add_consumer()
    await line.all_arrive()


OpenMember = Callable[..., Awaitable[tuple[TransportConsumer, Inbox]]]


@pytest.fixture
async def topic(one: KafkaBus) -> str:
    name = f"test.{secrets.token_hex(6)}.v1"
    await one.create_topic(name)
    return name


@pytest.fixture
async def open_member(one: KafkaBus, topic: str) -> AsyncIterator[OpenMember]:
    """Members of the topic's group, which look now and then whether they may hear it, or don't."""
    opened: list[tuple[TransportConsumer, KafkaTransport]] = []

    async def open_one(*, looks: bool = True) -> tuple[TransportConsumer, Inbox]:
        transport = KafkaTransport(
            one.access(READER),
            times=TIMES,
            look_seconds=LOOK_SECONDS if looks else NEVER_SECONDS,
        )
        await transport.start()
        inbox = Inbox()
        consumer = transport.consumer(Subscription(f"{READER}.{topic}", (topic,)), inbox)
        opened.append((consumer, transport))
        await consumer.start()
        return consumer, inbox

    yield open_one
    for consumer, transport in opened:
        await consumer.stop()
        await transport.close()


async def _publish(bus: KafkaBus, topic: str, *values: bytes) -> None:
    transport = KafkaTransport(bus.access(WRITER))
    await transport.start()
    await transport.publish([record(topic, value) for value in values])
    await transport.close()


@pytest.mark.parametrize("of", ["topic", "group"])
async def test_a_member_with_nothing_to_do_notices_too(
    admin: Cluster, topic: str, open_member: OpenMember, of: str
) -> None:
    right, by = {
        "topic": (_on(topic, READER, READ), f"{topic} was closed to this user"),
        "group": (GROUPS, "GroupAuthorizationFailed"),
    }[of]
    member, _ = await open_member()

    async def has_begun() -> bool:
        return len(await member.positions()) == 1

    await until(has_begun, what="it has its partition")
    async with _without(admin, right):
        await until(lambda: member.failure() is not None, what="it stops")
    with pytest.raises(TransportForbiddenError, match=f"(?s){by}.*{REMEDY}"):
        raise member.failure() or AssertionError("no failure")


async def test_a_batch_whose_commit_is_forbidden_comes_again(
    one: KafkaBus, admin: Cluster, topic: str, open_member: OpenMember
) -> None:
    """Only the commit says it here, and no look before it."""
    member, inbox = await open_member(looks=False)
    inbox.may_return.clear()
    await _publish(one, topic, b"1", b"2")
    await until(inbox.entered.is_set, what="a batch is in its hands")
    async with _without(admin, _on(topic, READER, READ)):
        inbox.may_return.set()
        await until(lambda: member.failure() is not None, what="it stops")
    with pytest.raises(TransportForbiddenError, match=f"(?s)committing for.*{REMEDY}"):
        raise member.failure() or AssertionError("no failure")
    _, again = await open_member()
    await until(lambda: again.values == [b"1", b"2"], what="they come again")
