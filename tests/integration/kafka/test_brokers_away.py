"""Brokers that die, hang or return while facts flow: nothing lost, doubled or out of order."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    PartitionMetadata,
    ResourceType,
)

from shared.messaging import failpoints
from shared.messaging.consumer import Consumer
from shared.messaging.transport import Place, Position, TransportUnavailableError
from tests.integration.kafka.line import PARTITIONS, Line, open_line
from tests.support.evidence import Logged
from tests.support.kafka_bus import KafkaBus, kafka_bus
from tests.support.kafka_cluster import admin_client
from tests.support.messaging import TOPIC
from tests.support.postgres import DatabaseFactory
from tests.support.waiting import until

NOBODY = -1
"""Kafka's number for the leader of a partition that has none."""
SILENCE_SECONDS = 20
LOOK_SECONDS_MAX = 5.0


@pytest.fixture(scope="module", params=[1, 3], ids="{} brokers".format)
async def brokers(request: pytest.FixtureRequest) -> AsyncIterator[KafkaBus]:
    async with kafka_bus(nodes=request.param) as bus:
        yield bus


@pytest.fixture
async def line(brokers: KafkaBus, database_factory: DatabaseFactory) -> AsyncIterator[Line]:
    failpoints.clear()
    async with open_line(brokers, database_factory) as line:
        try:
            yield line
        finally:
            await _all_back(brokers)


with_three = pytest.mark.parametrize("brokers", [3], indirect=True, ids="{} brokers".format)
"""For what one broker alone can't do: lead in another's place."""

with_one = pytest.mark.parametrize("brokers", [1], indirect=True, ids="{} brokers".format)
"""For what takes long, and what three would only do in the same way."""


def _nodes(bus: KafkaBus) -> range:
    return range(1, bus.cluster.nodes + 1)


async def _all_back(bus: KafkaBus) -> None:
    """However a test ended, the next one has every broker."""
    for node in bus.cluster.node_pids():
        bus.cluster.resume_node(node)
    await _start_nodes(bus, set(_nodes(bus)) - set(bus.cluster.node_pids()))

    async def all_in_step() -> bool:
        replicas = [len(each.isrs) for each in await _partitions(bus)]
        return replicas == [bus.cluster.nodes] * PARTITIONS

    await until(all_in_step, what="every broker is in step")


async def _start_nodes(bus: KafkaBus, nodes: Iterable[int]) -> None:
    """All at once: each is up when a majority is."""
    await asyncio.gather(*(asyncio.to_thread(bus.cluster.start_node, node) for node in nodes))


async def _partitions(bus: KafkaBus, without: int = NOBODY) -> Sequence[PartitionMetadata]:
    """What the brokers say of the topic's partitions; nothing if none answers.

    Asked anew each time and `without` one broker, or the client might go on asking that one.
    """
    servers = bus.cluster.bootstrap_servers.split(",")
    others = [each for node, each in zip(_nodes(bus), servers, strict=True) if node != without]
    client = admin_client(replace(bus.access("admin"), bootstrap_servers=",".join(others)))
    try:
        told = await asyncio.to_thread(client.list_topics, TOPIC, LOOK_SECONDS_MAX)
    except KafkaException:
        return ()
    return [*told.topics[TOPIC].partitions.values()]


async def _busiest(bus: KafkaBus) -> int:
    """The broker that leads most of the topic's partitions."""
    leaders = Counter(each.leader for each in await _partitions(bus))
    return leaders.most_common(1)[0][0]


async def _loses_its_lead(bus: KafkaBus, node: int) -> None:
    """Wait until others lead all that the broker led."""

    async def has_moved() -> bool:
        leaders = [each.leader for each in await _partitions(bus, without=node)]
        return len(leaders) == PARTITIONS and not {node, NOBODY} & {*leaders}

    await until(has_moved, what="its partitions have another leader")


@with_three
async def test_a_leader_lost_under_load(line: Line, logged: Logged) -> None:
    consumer = await line.add_consumer()
    telling = asyncio.create_task(line.tell_all())
    await line.has_told(5)
    leader = await _busiest(line.bus)
    await asyncio.to_thread(line.bus.cluster.kill_node, leader)
    assert not telling.done(), "facts flow"
    await _loses_its_lead(line.bus, leader)
    await telling
    await line.all_arrive()
    # Another leads before anybody has waited for too long: there is nothing to be told.
    assert not [each for each in logged.records() if each["level"] == "error"]
    await _lags_no_more(line)
    assert consumer.failure() is None


async def test_all_brokers_killed_and_started_again(line: Line, logged: Logged) -> None:
    consumer = await line.add_consumer()
    telling = asyncio.create_task(line.tell_all())
    await line.has_told(5)
    for node in _nodes(line.bus):
        await asyncio.to_thread(line.bus.cluster.kill_node, node)
    assert line.bus.cluster.node_pids() == {}
    await telling
    tried = _tries(line)
    await until(lambda: _tries(line) > tried, what="the relay tries again")
    await until(
        lambda: line.shown("sammen_outbox_waiting_rows", service="membership") > 0,
        what="what waits is shown",
    )
    line.world.clock.advance(seconds=7)
    await until(
        lambda: line.shown("sammen_outbox_oldest_age_seconds", service="membership") >= 7,
        what="how long it has waited is shown",
    )
    await until(
        lambda: any("group" in each for each in logged.lines("bus_unavailable")),
        what="the consumer says that nobody answers",
    )
    await _start_nodes(line.bus, _nodes(line.bus))
    await line.all_arrive()
    await until(
        lambda: line.shown("sammen_outbox_waiting_rows", service="membership") == 0,
        what="the outbox is empty",
    )
    assert "relay_retried" in logged
    await _lags_no_more(line)
    assert consumer.failure() is None


@with_one
async def test_brokers_that_answer_nothing_for_a_while(line: Line, logged: Logged) -> None:
    consumer = await line.add_consumer()
    telling = asyncio.create_task(line.tell_all())
    await line.has_told(5)
    for node in _nodes(line.bus):
        line.bus.cluster.pause_node(node)
    loop = asyncio.get_running_loop()
    paused_at = loop.time()
    tried = _tries(line)
    await telling
    await asyncio.sleep(SILENCE_SECONDS - (loop.time() - paused_at))
    assert _tries(line) > tried
    await _is_shown(line, "sammen_producer_rebuilds_total")
    for node in _nodes(line.bus):
        line.bus.cluster.resume_node(node)
    await line.all_arrive()
    assert "relay_retried" in logged
    assert "producer_rebuilt" in logged
    await _lags_no_more(line)
    assert consumer.failure() is None


@with_three
async def test_one_broker_that_hangs_under_load(line: Line, logged: Logged) -> None:
    consumer = await line.add_consumer()
    telling = asyncio.create_task(line.tell_all())
    await line.has_told(5)
    leader = await _busiest(line.bus)
    line.bus.cluster.pause_node(leader)
    assert not telling.done(), "facts flow"
    await _loses_its_lead(line.bus, leader)
    await telling
    await line.all_arrive()
    assert _tries(line) > 0
    await _is_shown(line, "sammen_producer_rebuilds_total")
    assert "relay_retried" in logged
    assert "producer_rebuilt" in logged
    await _lags_no_more(line)
    assert consumer.failure() is None


@with_three
async def test_too_few_copies_for_an_acknowledgement(line: Line, logged: Logged) -> None:
    consumer = await line.add_consumer()
    await _ask_for_copies(line.bus, 3)
    try:
        leader = await _busiest(line.bus)
        await asyncio.to_thread(line.bus.cluster.kill_node, leader)
        await _loses_its_lead(line.bus, leader)
        before = await _taken(consumer)
        async with asyncio.TaskGroup() as group:
            group.create_task(line.tell_all())
            await until(lambda: _tries(line) > 1, what="the relay tries again")
        await until(
            lambda: line.shown("sammen_outbox_waiting_rows", service="membership") > 0,
            what="what waits is shown",
        )
        assert await _taken(consumer) == before, "leaders lead, and take nothing"
        await _is_shown(line, "sammen_producer_rebuilds_total")
        assert "relay_retried" in logged
        assert "producer_rebuilt" in logged
        await asyncio.to_thread(line.bus.cluster.start_node, leader)
        await line.all_arrive()
    finally:
        await _ask_for_copies(line.bus, 2)
    await _lags_no_more(line)
    assert consumer.failure() is None


async def _taken(consumer: Consumer) -> int:
    """How many records the brokers have ever taken."""
    positions: Mapping[Place, Position] = {}

    async def told() -> bool:
        nonlocal positions
        with contextlib.suppress(TransportUnavailableError):  # who leads is only just found out
            positions = (await consumer.progress()).positions
        return bool(positions)

    await until(told, what="the offsets are told")
    return sum(each.end_offset for each in positions.values())


async def _ask_for_copies(bus: KafkaBus, copies: int) -> None:
    """From now on so many brokers must hold a record before it is acknowledged."""
    asked = ConfigEntry(
        "min.insync.replicas", str(copies), incremental_operation=AlterConfigOpType.SET
    )
    resource = ConfigResource(ResourceType.TOPIC, TOPIC, incremental_configs=[asked])
    client = admin_client(bus.access("admin"))  # kept: its answers end with it
    answers = client.incremental_alter_configs([resource])
    await asyncio.to_thread(answers[resource].result, LOOK_SECONDS_MAX)


def _tries(line: Line) -> float:
    """How often the relay has tried again for want of the bus."""
    return line.shown("sammen_retries_total", service="membership", kind="bus")


async def _is_shown(line: Line, name: str) -> None:
    await until(lambda: line.shown(name, service="membership") > 0, what=f"{name} has moved")


async def _lags_no_more(line: Line) -> None:
    await until(lambda: line.shown("sammen_consumer_lag_records") == 0, what="no lag is shown")
