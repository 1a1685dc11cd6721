"""Damage in a broker's own file: whoever meets it stops and says where, and skips nothing."""

from __future__ import annotations

import asyncio
import os
import secrets
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka.record.util import calc_crc32c

from shared.messaging.kafka.shell import SessionTimes
from shared.messaging.kafka.transport import KafkaTransport
from shared.messaging.partitioner import partitions_of
from shared.messaging.transport import (
    OffsetGapError,
    RecordUnreadableError,
    Subscription,
    TransportConsumer,
)
from tests.support.buses import READER, WRITER, Inbox, record
from tests.support.evidence import Logged
from tests.support.kafka_bus import LOOK_SECONDS, TIMES, KafkaBus
from tests.support.waiting import until

PARTITIONS = 2
KEYS = (b"k", b"beside")
"""One for each partition; the first is the one whose file is damaged."""
VALUES = [b"0", b"1", b"2", b"3", b"4"]
DAMAGED = 2
REST = 2 * len(VALUES) - DAMAGED
IN_FLIGHT_SECONDS = 0.2

PATIENT = SessionTimes(session_seconds=30.0, heartbeat_seconds=0.2, metadata_seconds=1.0)
"""A member that stays one while its broker is away."""
SELDOM_SECONDS = 2.0
"""So seldom a member looks around that it is given records before it does."""

FRAME = struct.Struct(">qi")
"""How each batch in a file begins: its first offset, and how many bytes of it follow."""
CHECKSUM = slice(17, 21)
CHECKED_FROM = 21
ATTRIBUTES = 22
ZSTD, NO_CODEC = 4, 7


def _flip_a_bit(batch: bytearray) -> None:
    batch[-3] ^= 1


def _name_no_codec(batch: bytearray) -> None:
    _packed_as(NO_CODEC, batch)


def _packed_wrong(batch: bytearray) -> None:
    _packed_as(ZSTD, batch)


def _packed_as(codec: int, batch: bytearray) -> None:
    """With a checksum that is right: somebody wrote it so."""
    batch[ATTRIBUTES] |= codec
    batch[CHECKSUM] = struct.pack(">I", calc_crc32c(bytes(batch[CHECKED_FROM:])))


def _zeros(batch: bytearray) -> None:
    """As a disk leaves a block that it never wrote; the broker itself can't go on from there."""
    batch[:] = bytes(len(batch))


def _batches(content: bytes) -> Iterator[slice]:
    at = 0
    while at < len(content):
        _, length = FRAME.unpack_from(content, at)
        yield slice(at, at + FRAME.size + length)
        at += FRAME.size + length


@asynccontextmanager
async def _member(
    bus: KafkaBus,
    topic: str,
    inbox: Inbox,
    *,
    times: SessionTimes = TIMES,
    look_seconds: float = LOOK_SECONDS,
) -> AsyncIterator[TransportConsumer]:
    transport = KafkaTransport(bus.access(READER), times=times, look_seconds=look_seconds)
    await transport.start()
    consumer = transport.consumer(Subscription(f"{READER}.{topic}", (topic,)), inbox)
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()
        await transport.close()


@pytest.fixture
async def topic(one: KafkaBus) -> AsyncIterator[str]:
    """A topic with a batch for each value of a key; gone before anybody cleans its files."""
    name = f"test.{secrets.token_hex(6)}.v1"
    assert len({*_numbers(name)}) == PARTITIONS
    await one.create_topic(name, partitions=PARTITIONS)
    await _publish(one, name, KEYS[0])
    yield name
    await one.delete_topic(name)


async def _publish(bus: KafkaBus, topic: str, key: bytes) -> None:
    transport = KafkaTransport(bus.access(WRITER))
    await transport.start()
    for value in VALUES:
        await transport.publish([record(topic, value, key=key)])
    await transport.close()


def _numbers(topic: str) -> list[int]:
    """The partition of each key."""
    records = [record(topic, key=key) for key in KEYS]
    return partitions_of(records, {topic: PARTITIONS}, keyless=0)


def _file(bus: KafkaBus, topic: str) -> Path:
    number = _numbers(topic)[0]
    (path,) = bus.cluster.data_dir.glob(f"node-1/records/{topic}-{number}/*.log")
    return path


def _heard(key: bytes, *inboxes: Inbox) -> list[bytes | None]:
    return [each.value for inbox in inboxes for each in inbox.records if each.key == key]


def _overwrite(path: Path, content: bytes) -> None:
    """In place: the broker holds the file open."""
    with path.open("r+b") as file:
        file.write(content)


def _harmed(whole: bytes, harm: Callable[[bytearray], None]) -> bytes:
    content = bytearray(whole)
    where = list(_batches(whole))[DAMAGED]
    batch = content[where]
    harm(batch)
    content[where] = batch
    assert len(content) == len(whole)
    assert content != whole
    return bytes(content)


@pytest.mark.parametrize("harm", [_flip_a_bit, _name_no_codec, _packed_wrong, _zeros])
async def test_what_cannot_be_read_stops_the_consumer_where_it_lies(
    one: KafkaBus,
    topic: str,
    logged: Logged,
    harm: Callable[[bytearray], None],
) -> None:
    path = _file(one, topic)
    whole = path.read_bytes()
    _overwrite(path, _harmed(whole, harm))
    first, again, mended = Inbox(), Inbox(), Inbox()
    first.may_return.clear()
    async with _member(one, topic, first) as member:
        await until(first.entered.is_set, what="what lies before the damage is heard")
        await asyncio.sleep(IN_FLIGHT_SECONDS)
        first.may_return.set()  # what came before the damage was in flight when it was met
        await until(lambda: member.failure() is not None, what="it stops")
        _says_where(member, topic)
    assert first.values == VALUES[:DAMAGED]
    await _publish(one, topic, KEYS[1])
    # Whoever is started again stands right before it, and must not ask for ever.
    async with _member(one, topic, again) as member:
        await until(lambda: member.failure() is not None, what="it stops again")
        _says_where(member, topic)
    assert _heard(KEYS[0], again) == []
    assert [each["component"] for each in logged.lines("component_failed")] == 2 * [
        f"{READER}.{topic}"
    ]
    _overwrite(path, whole)
    async with _member(one, topic, mended):
        await until(
            lambda: len(_heard(KEYS[0], mended)) + len(_heard(KEYS[1], again, mended)) >= REST,
            what="the rest is heard",
        )
    assert _heard(KEYS[0], first, mended) == VALUES
    assert _heard(KEYS[1], again, mended) == VALUES


def _says_where(member: TransportConsumer, topic: str) -> None:
    number = _numbers(topic)[0]
    with pytest.raises(
        RecordUnreadableError, match=rf"{topic}-{number} at offset {DAMAGED} .*kafka-delete-records"
    ):
        raise member.failure() or AssertionError("no failure")


async def test_a_partition_that_ends_earlier_stops_whoever_hears_it(
    one: KafkaBus, topic: str, logged: Logged
) -> None:
    """Its broker died, and came back without the last records: nobody else had a copy."""
    number, inbox, again = _numbers(topic)[0], Inbox(), Inbox()
    gap = f"{topic}-{number} from offset {len(VALUES)}, but it ends at {DAMAGED}"
    async with _member(one, topic, inbox, times=PATIENT, look_seconds=SELDOM_SECONDS) as member:

        async def has_committed_all() -> bool:
            place = (await member.positions())[topic, number]
            return place.next_offset == len(VALUES)

        await until(has_committed_all, what="all is decided")
        await _lose_the_last(one, topic)
        await until(lambda: member.failure() is not None, what="it stops")
        assert member.rebalances() == 1, "it was a member all the time"
        with pytest.raises(OffsetGapError, match=f"{gap}.*sammen republish"):
            raise member.failure() or AssertionError("no failure")
    assert inbox.values == VALUES
    async with _member(one, topic, again) as member:
        await until(lambda: member.failure() is not None, what="it stops again")
        with pytest.raises(OffsetGapError, match=gap):
            raise member.failure() or AssertionError("no failure")
    assert again.values == []
    assert len(logged.lines("component_failed")) == 2


async def _lose_the_last(bus: KafkaBus, topic: str) -> None:
    path = _file(bus, topic)
    await asyncio.to_thread(bus.cluster.kill_node, 1)
    os.truncate(path, list(_batches(path.read_bytes()))[DAMAGED].start)
    await asyncio.to_thread(bus.cluster.start_node, 1)
