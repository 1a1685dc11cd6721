"""Brokers for tests that leave no topic behind which another test minds."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from deploy.kafka.local import LocalKafka
from tests.support.kafka_bus import KafkaBus, kafka_bus
from tests.support.kafka_cluster import kafka_cluster

USERS = ("placements", "bonus", "notifications")


@pytest.fixture(scope="package")
def secured() -> Iterator[LocalKafka]:
    """A broker with TLS, passwords and ACLs; its users are `admin` and USERS."""
    with kafka_cluster(secured=True, users=dict.fromkeys(USERS, "")) as kafka:
        yield kafka


@pytest.fixture(scope="package")
def plain() -> Iterator[LocalKafka]:
    """A broker that believes everybody."""
    with kafka_cluster() as kafka:
        yield kafka


@pytest.fixture(scope="package")
async def one() -> AsyncIterator[KafkaBus]:
    """A broker with TLS, passwords and ACLs, whose topics each test makes itself."""
    async with kafka_bus() as bus:
        yield bus


@pytest.fixture
def folder() -> Iterator[Path]:
    """A cluster's folder, to be made by it, whose name has letters that ASCII has not."""
    with tempfile.TemporaryDirectory(prefix="sammen-test-kafka-", ignore_cleanup_errors=True) as it:
        yield Path(it) / "klyngen på Ærø"
