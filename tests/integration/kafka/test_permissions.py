"""ACLs of a cluster are those of the file: granted, told, taken away, and otherwise left alone."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator

import pytest

from deploy.kafka.local import LocalKafka
from shared.contracts.topics import TopicSpec
from shared.messaging.kafka.access import KafkaAccess
from shared.messaging.kafka.administration import Administration
from shared.messaging.kafka.cluster import Cluster, opened
from shared.messaging.kafka.permissions import Acl
from shared.messaging.kafka.provisioning import check_topics, create_topics
from tests.support.kafka_cluster import access_to


@pytest.fixture
def admin(secured: LocalKafka) -> KafkaAccess:
    return access_to(secured)


@pytest.fixture
async def spec(admin: KafkaAccess) -> TopicSpec:
    """A topic that is there as declared."""
    spec = TopicSpec(
        name=f"test.{secrets.token_hex(4)}.v1",
        partitions=1,
        cleanup="delete",
        retention=None,
        writers=("placements",),
        readers=("bonus",),
        maximum_bytes=65_536,
        replication_factor=1,
        minimum_in_sync_replicas=1,
    )
    await create_topics(admin, [spec])
    return spec


@pytest.fixture
async def cluster(admin: KafkaAccess) -> AsyncIterator[Cluster]:
    async with opened(admin) as cluster:
        yield cluster


async def rights(kafka: LocalKafka, user: str, topic: str) -> tuple[bool, bool, bool]:
    """May write the topic, may read it, may join a group of bonus."""
    administration = Administration(access_to(kafka, user))
    try:
        described = (await administration.describe_topics([topic]))[topic]
        return (
            described.may_write,
            described.may_read,
            await administration.may_see_group("bonus.x"),
        )
    finally:
        await administration.close()


async def test_each_user_may_do_what_the_file_says_and_no_more(
    secured: LocalKafka, spec: TopicSpec
) -> None:
    assert await rights(secured, "placements", spec.name) == (True, False, False)
    assert await rights(secured, "bonus", spec.name) == (False, True, True)
    assert await rights(secured, "notifications", spec.name) == (False, False, False)


async def test_a_right_that_is_missing_is_told_and_granted(
    secured: LocalKafka, admin: KafkaAccess, cluster: Cluster, spec: TopicSpec
) -> None:
    await cluster.revoke(
        [
            Acl("User:bonus", "TOPIC", "LITERAL", spec.name, "READ"),
            Acl("User:bonus", "GROUP", "PREFIXED", "bonus.", "READ"),
        ]
    )
    assert await check_topics(admin, [spec]) == [
        "bonus may not read group bonus.*",
        f"bonus may not read topic {spec.name}",
    ]
    said: list[str] = []
    await create_topics(admin, [spec], say=said.append)
    assert said == ["2 permissions granted"]
    assert await check_topics(admin, [spec]) == []
    assert await rights(secured, "bonus", spec.name) == (False, True, True)


async def test_a_right_that_no_file_says_is_told_and_taken_away(
    secured: LocalKafka, admin: KafkaAccess, cluster: Cluster, spec: TopicSpec
) -> None:
    await cluster.grant(
        [
            Acl("User:notifications", "TOPIC", "LITERAL", spec.name, "WRITE"),
            Acl("User:notifications", "GROUP", "PREFIXED", "bonus.", "READ"),
        ]
    )
    surplus = [
        "notifications may read group bonus.*, which no file says",
        f"notifications may write topic {spec.name}, which no file says",
    ]
    assert await check_topics(admin, [spec]) == surplus
    said: list[str] = []
    await create_topics(admin, [spec], say=said.append)
    assert said == [f"taken away: {sentence}" for sentence in surplus]
    assert await check_topics(admin, [spec]) == []
    assert await rights(secured, "notifications", spec.name) == (False, False, False)


async def test_rules_for_many_topics_and_prohibitions_are_told_and_left(
    admin: KafkaAccess, cluster: Cluster, spec: TopicSpec
) -> None:
    foreign = [
        Acl("User:auditor", "TOPIC", "PREFIXED", spec.name[:9], "READ"),
        Acl("User:bonus", "TOPIC", "LITERAL", spec.name, "READ", permission="DENY"),
    ]
    await cluster.grant(foreign)
    told = [
        f"a rule of somebody else's allows auditor to read topic {spec.name[:9]}*",
        f"a rule of somebody else's forbids bonus to read topic {spec.name}",
    ]
    try:
        assert await check_topics(admin, [spec]) == told
        said: list[str] = []
        await create_topics(admin, [spec], say=said.append)
        assert said == [f"left as it is: {sentence}" for sentence in told]
        assert set(foreign) <= (await cluster.acls() or set())
    finally:
        await cluster.revoke(foreign)
