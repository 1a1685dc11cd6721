"""Two brokers for tests that leave no topic behind which another test minds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.kafka.local import LocalKafka
from tests.support.kafka_cluster import kafka_cluster

USERS = ("placements", "bonus", "notifications")


@pytest.fixture(scope="session")
def secured() -> Iterator[LocalKafka]:
    """A broker with TLS, passwords and ACLs; its users are `admin` and USERS."""
    with kafka_cluster(secured=True, users=dict.fromkeys(USERS, "")) as kafka:
        yield kafka


@pytest.fixture(scope="session")
def plain() -> Iterator[LocalKafka]:
    """A broker that believes everybody."""
    with kafka_cluster() as kafka:
        yield kafka
