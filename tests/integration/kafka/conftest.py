"""Brokers for tests that leave no topic behind which another test minds."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from deploy.kafka.local import LocalKafka
from shared.database import Database
from shared.messaging import failpoints
from tests.integration.kafka.line import Line, open_line
from tests.support.kafka_bus import KafkaBus, kafka_bus
from tests.support.kafka_cluster import kafka_cluster
from tests.support.messaging import open_database
from tests.support.postgres import DatabaseFactory

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
async def line(one: KafkaBus, database_factory: DatabaseFactory) -> AsyncIterator[Line]:
    """Facts on their way from membership to bonus, over one broker."""
    failpoints.clear()
    async with open_line(one, database_factory) as line:
        yield line
    failpoints.clear()


@pytest.fixture
async def owner(line: Line) -> AsyncIterator[Database]:
    """The database of the line, as its owner."""
    async with AsyncExitStack() as stack:
        yield await open_database(stack, line.world.database.owner_url, "bonus")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A cluster's folder, to be made by it, whose name has letters that ASCII has not."""
    with tempfile.TemporaryDirectory(prefix="sammen-test-kafka-", ignore_cleanup_errors=True) as it:
        yield Path(it) / "klyngen på Ærø"
