"""Many publish through one publisher: each has its turn and its time, and costs nobody theirs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from shared.messaging.kafka import publishing
from shared.messaging.kafka.access import KafkaAccess
from shared.messaging.kafka.publishing import Publisher
from shared.messaging.transport import OutgoingRecord, TransportUnavailableError

ACKNOWLEDGED_AFTER = 0.05
SECONDS_MAX = 20 * ACKNOWLEDGED_AFTER
X, Y = ("membership.events.v1", 0), ("membership.events.v1", 1)


class Brokers:
    """What they were sent, by whom, and which producers are at work."""

    def __init__(self) -> None:
        self.open: list[Producer] = []
        self.opened = 0
        self.sent: list[tuple[int, int]] = []
        """The number of the producer, and the partition."""
        self.in_flight: set[int] = set()
        self.deaf_to = 0
        """The number of a producer whom they never acknowledge anything."""
        self.asked = asyncio.Event()


class Producer:
    """Behaves as aiokafka's does."""

    brokers: Brokers

    def __init__(self, **_: object) -> None:
        self.client = self._sender = self._message_accumulator = self

    async def start(self) -> None:
        assert not self.brokers.open, "the one before it is gone"
        self.brokers.open.append(self)
        self.number = self.brokers.opened = self.brokers.opened + 1

    def create_batch(self) -> Any:  # noqa: ANN401 - aiokafka's builder
        class Batch:
            def append(self, **_: object) -> bool:
                return True

        return Batch()

    async def send_batch(self, _: object, __: str, *, partition: int) -> asyncio.Future[None]:
        acknowledged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.brokers.sent.append((self.number, partition))
        assert partition not in self.brokers.in_flight, "one batch of a partition at a time"
        self.brokers.asked.set()
        if self.number != self.brokers.deaf_to:
            self.brokers.in_flight.add(partition)
            asyncio.get_running_loop().call_later(
                ACKNOWLEDGED_AFTER, self._acknowledge, acknowledged, partition
            )
        return acknowledged

    def _acknowledge(self, acknowledged: asyncio.Future[None], partition: int) -> None:
        self.brokers.in_flight.discard(partition)
        if not acknowledged.done():
            acknowledged.set_result(None)

    def fail_all(self, _: Exception) -> None:
        """Give up what waits."""

    async def close(self) -> None:
        """Be gone, after a while."""
        await asyncio.sleep(0)
        if self in self.brokers.open:
            self.brokers.open.remove(self)

    stop = close


@pytest.fixture
def brokers(monkeypatch: pytest.MonkeyPatch) -> Brokers:
    brokers = Brokers()
    monkeypatch.setattr(Producer, "brokers", brokers, raising=False)
    monkeypatch.setattr(publishing, "AIOKafkaProducer", Producer)
    return brokers


@pytest.fixture
def publisher() -> Publisher:
    return Publisher(KafkaAccess("nowhere:9092"), publish_seconds_max=SECONDS_MAX)


def one_record() -> list[OutgoingRecord]:
    return [OutgoingRecord(topic=X[0], key=b"k", value=b"v", headers=())]


async def test_who_waits_for_others_has_all_of_its_time_left(
    brokers: Brokers, publisher: Publisher
) -> None:
    many = 30
    assert many * ACKNOWLEDGED_AFTER > SECONDS_MAX
    async with asyncio.TaskGroup() as group:
        for _ in range(many):
            group.create_task(publisher.publish({X: one_record(), Y: one_record()}))
    assert brokers.sent.count((1, X[1])) == many
    assert brokers.sent.count((1, Y[1])) == many
    assert publisher.rebuilds == 0


async def test_who_stands_behind_a_failure_has_a_new_producer(
    brokers: Brokers, publisher: Publisher
) -> None:
    brokers.deaf_to = 1
    failing = asyncio.create_task(publisher.publish({X: one_record()}))
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(publisher.publish({X: one_record()})) for _ in range(2)]
    with pytest.raises(TransportUnavailableError):
        await failing
    await asyncio.gather(*waiting)
    assert brokers.sent == [(1, X[1]), (2, X[1]), (2, X[1])]
    assert publisher.rebuilds == 1


async def test_who_gives_up_while_it_waits_costs_nobody_a_producer(
    brokers: Brokers, publisher: Publisher
) -> None:
    sending = asyncio.create_task(publisher.publish({X: one_record()}))
    await asyncio.sleep(0)
    waiting = asyncio.create_task(publisher.publish({X: one_record()}))
    await asyncio.sleep(0)
    waiting.cancel()
    await sending
    assert waiting.cancelled()
    assert brokers.sent == [(1, X[1])]
    assert publisher.rebuilds == 0


async def test_who_gives_up_while_it_sends_leaves_no_producer_of_unknown_state(
    brokers: Brokers, publisher: Publisher
) -> None:
    brokers.deaf_to = 1
    sending = asyncio.create_task(publisher.publish({X: one_record()}))
    await brokers.asked.wait()
    sending.cancel()
    await asyncio.wait([sending])
    assert brokers.open == []
    await publisher.publish({X: one_record()})
    assert brokers.sent == [(1, X[1]), (2, X[1])]
