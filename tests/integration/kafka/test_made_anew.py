"""A topic made anew with other partitions under a publisher: said, and nothing repeated."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator

import pytest

from shared.messaging.kafka.administration import Administration
from shared.messaging.kafka.transport import KafkaTransport
from shared.messaging.transport import (
    OutgoingRecord,
    Place,
    TopicMismatchError,
    TransportError,
    TransportUnavailableError,
)
from tests.integration.kafka.line import COMPANIES, PARTITIONS, Line
from tests.support.buses import READER, WRITER, record
from tests.support.evidence import Logged
from tests.support.kafka_bus import KafkaBus
from tests.support.messaging import TOPIC, joined, publish
from tests.support.waiting import until

FEWER, MORE = 3, 12
KEYS = [str(number).encode() for number in range(40)]


@pytest.fixture
def topic() -> str:
    return f"test.{secrets.token_hex(6)}.v1"


@pytest.fixture
async def writer(one: KafkaBus) -> AsyncIterator[KafkaTransport]:
    transport = KafkaTransport(one.access(WRITER), publish_seconds_max=5.0)
    await transport.start()
    yield transport
    await transport.close()


def to_all(topic: str) -> list[OutgoingRecord]:
    """Records of so many keys that each partition has some."""
    return [record(topic, b"", key=key) for key in KEYS]


async def records_in(one: KafkaBus, topic: str, partitions: int) -> int:
    """How many the topic has ever taken."""
    administration = Administration(one.access(READER))
    found: dict[Place, int] = {}

    async def told() -> bool:
        nonlocal found
        with contextlib.suppress(TransportUnavailableError):  # who leads is only just found out
            found = await administration.offsets.ends({(topic, n) for n in range(partitions)})
        return bool(found)

    await until(told, what="the offsets are told")
    await administration.close()
    return sum(found.values())


async def publish_in_the_end(writer: KafkaTransport, topic: str) -> int:
    """Publish until it succeeds, as the relay does; how often that was tried."""
    tries = 0

    async def published() -> bool:
        nonlocal tries
        tries += 1
        try:
            await writer.publish(to_all(topic))
        except TransportError:
            return False
        return True

    await until(published, what="it is published")
    return tries


async def make_anew(one: KafkaBus, topic: str, partitions: int) -> None:
    await one.delete_topic(topic)
    await one.create_topic(topic, partitions=partitions)


async def test_whoever_knew_the_topic_says_so_and_goes_on_with_what_is_there(
    one: KafkaBus, writer: KafkaTransport, topic: str
) -> None:
    await one.create_topic(topic, partitions=PARTITIONS)
    await writer.publish(to_all(topic))
    await make_anew(one, topic, FEWER)
    tries = await publish_in_the_end(writer, topic)
    assert await records_in(one, topic, FEWER) <= tries * len(KEYS)
    assert tries > 1, "it did not know at first"


@pytest.mark.parametrize("there", [FEWER, MORE])
async def test_whoever_was_told_how_many_there_are_holds_to_it(
    one: KafkaBus, writer: KafkaTransport, topic: str, there: int
) -> None:
    await one.create_topic(topic, partitions=PARTITIONS)
    await writer.check_topics({topic: PARTITIONS})
    await make_anew(one, topic, there)
    told = f"{topic} has {there} partitions, not {PARTITIONS}"
    with pytest.raises(TopicMismatchError, match=told):
        await writer.publish(to_all(topic))
    assert await records_in(one, topic, there) == 0, "keys would lie in several partitions"
    await make_anew(one, topic, PARTITIONS)
    await publish_in_the_end(writer, topic)
    assert await records_in(one, topic, PARTITIONS) >= len(KEYS)


async def test_a_relay_says_so_and_its_rows_wait_until_the_topic_is_right(
    line: Line, logged: Logged
) -> None:
    await line.writer.check_topics({TOPIC: PARTITIONS})
    await make_anew(line.bus, TOPIC, FEWER)
    await publish(line.world, [joined(cvr) for cvr in COMPANIES])

    def waiting() -> float:
        return line.shown("sammen_outbox_waiting_rows", service="membership")

    # What waits may be counted before it is tried for the first time.
    await until(lambda: "relay_retried" in logged, what="the relay says so")
    await until(lambda: waiting() == len(COMPANIES), what="what waits is shown")
    told = [each for each in logged.lines("relay_retried") if each["level"] == "error"]
    assert f"{TOPIC} has {FEWER} partitions, not {PARTITIONS}" in told[0]["reason"]
    assert line.shown("sammen_retries_total", service="membership", kind="bus") > 0
    assert await records_in(line.bus, TOPIC, FEWER) == 0
    await make_anew(line.bus, TOPIC, PARTITIONS)
    await until(lambda: waiting() == 0, what="all is published")
    assert await records_in(line.bus, TOPIC, PARTITIONS) >= len(COMPANIES)
