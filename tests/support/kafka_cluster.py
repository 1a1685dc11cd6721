"""Real Apache Kafka for tests: a cluster each, on free ports, in a folder that goes with it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from confluent_kafka.admin import AdminClient

from deploy.kafka.local import LocalKafka, LocalKafkaError
from deploy.kafka.local.fetching import fetch_jars, find_java
from shared.messaging.kafka.access import Credentials, KafkaAccess
from shared.messaging.kafka.asking import LibraryLog
from shared.messaging.kafka.offsets import Offsets


def kafka_or_skip() -> None:
    """Skip the test, with the remedy, where Java or the jars can't be had.

    Where the environment variable CI is set nothing is skipped: there the test fails.
    """
    try:
        find_java()
        fetch_jars()
    except LocalKafkaError as error:
        reason = f"no Apache Kafka: {error}"
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


@contextmanager
def kafka_cluster(
    *,
    nodes: int = 1,
    secured: bool = False,
    users: Mapping[str, str] | None = None,
    settings: Mapping[str, str] | None = None,
) -> Iterator[LocalKafka]:
    """A running cluster that notices dead nodes fast; it and its folder are gone afterwards."""
    kafka_or_skip()
    kafka = LocalKafka(
        Path(tempfile.mkdtemp(prefix="sammen-test-kafka-")),
        nodes=nodes,
        secured=secured,
        users=users or {},
        fast_failover=True,
        throw_away=True,
        settings=settings or {},
    )
    kafka.start()
    try:
        yield kafka
    finally:
        kafka.stop(at_once=True)


def access_to(kafka: LocalKafka, user: str = "admin") -> KafkaAccess:
    """How the user reaches the cluster; in the clear when it is not secured."""
    credentials = Credentials(user, kafka.password_of(user)) if kafka.secured else None
    return KafkaAccess(kafka.bootstrap_servers, credentials, kafka.ca_file)


def admin_client(access: KafkaAccess) -> AdminClient:
    """The library's own client, which keeps to itself what it thinks of brokers that are away."""
    return AdminClient({**access.for_librdkafka()}, logger=LibraryLog())


@asynccontextmanager
async def other_admin_client(access: KafkaAccess) -> AsyncIterator[AIOKafkaAdminClient]:
    """The other library's, for what must not be asked of librdkafka (docs/decisions/0132)."""
    options: dict[str, Any] = access.for_aiokafka()
    client = AIOKafkaAdminClient(**options)
    try:
        await client.start()
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def producing(access: KafkaAccess, **how: object) -> AsyncIterator[AIOKafkaProducer]:
    """aiokafka's own producer, for what no transport of ours would write."""
    options: dict[str, Any] = {**access.for_aiokafka(), **how}
    producer = AIOKafkaProducer(**options)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


@asynccontextmanager
async def asking_for_offsets(access: KafkaAccess) -> AsyncIterator[Offsets]:
    """A user's questions about offsets."""
    offsets = Offsets(access)
    try:
        yield offsets
    finally:
        await offsets.close()
