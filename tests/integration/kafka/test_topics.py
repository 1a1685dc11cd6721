"""Topics of a cluster: made, checked and mended as the file says, and never ruined."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta

import pytest

from deploy.kafka.local import LocalKafka
from shared.contracts.topics import TopicSpec, load_topics
from shared.messaging.kafka.access import KafkaAccess
from shared.messaging.kafka.cluster import opened
from shared.messaging.kafka.provisioning import (
    NO_AUTHORIZER,
    TooFewBrokersError,
    check_topics,
    create_topics,
)
from shared.messaging.transport import TopicMismatchError, TransportForbiddenError
from tests.support.kafka_cluster import access_to

DAY_MS = 86_400_000


@pytest.fixture
def admin(secured: LocalKafka) -> KafkaAccess:
    return access_to(secured)


@pytest.fixture
def spec() -> TopicSpec:
    """A topic nobody made before, with one copy of each partition."""
    return TopicSpec(
        name=f"test.{secrets.token_hex(4)}.v1",
        partitions=2,
        cleanup="delete",
        retention=timedelta(days=365),
        writers=("placements",),
        readers=("bonus", "notifications"),
        maximum_bytes=65_536,
        replication_factor=1,
        minimum_in_sync_replicas=1,
    )


async def settings_there(access: KafkaAccess, spec: TopicSpec) -> dict[str, str | None]:
    async with opened(access) as cluster:
        return dict((await cluster.find([spec.name]))[spec.name].settings)


async def test_what_was_created_is_as_declared_and_is_not_created_again(
    admin: KafkaAccess, spec: TopicSpec
) -> None:
    assert await check_topics(admin, [spec]) == [f"topic {spec.name} is missing"]
    assert await create_topics(admin, [spec]) == [spec.name]
    assert await check_topics(admin, [spec]) == []
    said: list[str] = []
    assert await create_topics(admin, [spec], say=said.append) == []
    assert said == []


async def test_nothing_that_matters_is_left_to_the_clusters_defaults(
    admin: KafkaAccess, spec: TopicSpec
) -> None:
    forever = replace(spec, name=f"{spec.name}2", retention=None, cleanup="compact")
    await create_topics(admin, [spec, forever])
    there = await settings_there(admin, spec)
    assert {
        "cleanup.policy": "delete",
        "retention.ms": str(365 * DAY_MS),
        "retention.bytes": "-1",
        "min.insync.replicas": "1",
        "unclean.leader.election.enable": "false",
        "max.message.bytes": str(65_536 + 1_024),
        "compression.type": "uncompressed",
        "message.timestamp.type": "LogAppendTime",
    }.items() <= there.items()
    there = await settings_there(admin, forever)
    assert {
        "cleanup.policy": "compact",
        "retention.ms": "-1",
        "delete.retention.ms": str(90 * DAY_MS),
        "max.compaction.lag.ms": str(DAY_MS // 2),
        "segment.ms": str(DAY_MS // 4),
    }.items() <= there.items()


async def test_settings_somebody_changed_are_told_and_mended(
    admin: KafkaAccess, spec: TopicSpec
) -> None:
    await create_topics(admin, [spec])
    async with opened(admin) as cluster:
        await cluster.change({spec.name: {"retention.ms": "1000", "max.message.bytes": "99"}})
    assert await check_topics(admin, [spec]) == [
        f"retention.ms of topic {spec.name}: 1000, not {365 * DAY_MS}",
        f"max.message.bytes of topic {spec.name}: 99, not 66560",
    ]
    said: list[str] = []
    assert await create_topics(admin, [spec], say=said.append) == []
    assert f"max.message.bytes of topic {spec.name} is now 66560; it was 99" in said
    assert await check_topics(admin, [spec]) == []


@pytest.mark.parametrize(
    ("other", "complaint"),
    [
        ({"partitions": 3}, "partitions of topic {}: 2, not 3"),
        ({"cleanup": "compact", "retention": None}, "cleanup of topic {}: delete, not compact"),
    ],
    ids=["partitions", "cleanup"],
)
async def test_what_would_ruin_a_topic_is_refused_and_nothing_changed(
    admin: KafkaAccess, spec: TopicSpec, other: dict[str, object], complaint: str
) -> None:
    await create_topics(admin, [spec])
    differing = replace(spec, maximum_bytes=2_048, **other)  # type: ignore[arg-type]
    missing = replace(spec, name=f"{spec.name}9")
    with pytest.raises(TopicMismatchError, match=complaint.format(spec.name)) as refused:
        await create_topics(admin, [missing, differing])
    assert "have its publisher send all it kept (`sammen republish`)" in str(refused.value)
    assert complaint.format(spec.name) in await check_topics(admin, [differing])
    assert await check_topics(admin, [missing]) == [f"topic {missing.name} is missing"]
    assert await check_topics(admin, [spec]) == []


async def test_only_an_administrator_makes_topics(secured: LocalKafka, spec: TopicSpec) -> None:
    with pytest.raises(TransportForbiddenError, match="placements may not"):
        await create_topics(access_to(secured, "placements"), [spec])
    with pytest.raises(TransportForbiddenError, match="placements may not"):
        await check_topics(access_to(secured, "placements"), [spec])


async def test_a_small_cluster_is_used_only_when_that_is_said(
    plain: LocalKafka, spec: TopicSpec
) -> None:
    ample = replace(spec, replication_factor=3, minimum_in_sync_replicas=2)
    access = access_to(plain)
    with pytest.raises(TooFewBrokersError, match=r"3 copies, and the cluster has 1 .*--copies 1"):
        await create_topics(access, [ample])
    assert await check_topics(access, [ample]) == [f"topic {spec.name} is missing"]
    assert await create_topics(access, [ample], copies_max=1) == [spec.name]
    assert await check_topics(access, [ample], copies_max=1) == []
    (few,) = await check_topics(access, [ample])
    assert few.startswith(f"topic {spec.name}: fewer copies than the file says")


async def test_a_cluster_without_an_authorizer_gets_no_rights_which_is_told(
    plain: LocalKafka, spec: TopicSpec
) -> None:
    said: list[str] = []
    assert await create_topics(access_to(plain), [spec], say=said.append) == [spec.name]
    assert await check_topics(access_to(plain), [spec], say=said.append) == []
    assert said == [NO_AUTHORIZER, NO_AUTHORIZER]


async def test_every_topic_of_the_file_is_made_at_once(
    secured: LocalKafka, admin: KafkaAccess
) -> None:
    specs = load_topics()
    async with opened(admin) as cluster:
        there = await cluster.find([spec.name for spec in specs])  # another test may make them
    created = await create_topics(admin, specs, copies_max=secured.nodes)
    assert set(created) == {spec.name for spec in specs} - there.keys()
    assert await check_topics(admin, specs, copies_max=secured.nodes) == []
