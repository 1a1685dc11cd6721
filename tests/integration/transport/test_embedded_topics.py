"""The embedded bus has the topics of the file, with the file's permissions, and says if not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.contracts.topics import TopicSpec, load_topics
from shared.messaging.embedded import check_topics, create_topics
from shared.messaging.transport import (
    Subscription,
    TopicMismatchError,
    TransportForbiddenError,
)
from tests.support.buses import READER, STRANGER, WRITER, Inbox, record
from tests.support.transports import EmbeddedBus, open_address
from tests.support.waiting import until


@pytest.fixture
def spec(topic: str) -> TopicSpec:
    return TopicSpec(
        name=topic,
        partitions=2,
        cleanup="delete",
        retention=None,
        writers=(WRITER,),
        readers=(READER,),
        maximum_bytes=10_000,
        replication_factor=1,
        minimum_in_sync_replicas=1,
    )


async def test_all_topics_of_the_file_are_created_once(embedded: EmbeddedBus) -> None:
    specs = load_topics()
    assert sorted(await create_topics(embedded.database.owner_url, specs)) == sorted(
        spec.name for spec in specs
    )
    assert await create_topics(embedded.database.owner_url, specs) == []
    assert await check_topics(embedded.database.owner_url, specs) == []


async def test_what_differs_is_said(embedded: EmbeddedBus, spec: TopicSpec) -> None:
    url = embedded.database.owner_url
    assert await check_topics(url, [spec]) == [f"topic {spec.name} is missing"]
    await create_topics(url, [spec])
    other = replace(spec, partitions=3, cleanup="compact", readers=(READER, STRANGER))
    assert await check_topics(url, [other]) == [
        f"partitions of topic {spec.name}: 2, not 3",
        f"cleanup of topic {spec.name}: delete, not compact",
        f"readers of topic {spec.name}: ['bonus'], not ['bonus', 'notifications']",
    ]


@pytest.mark.parametrize("change", [{"partitions": 3}, {"cleanup": "compact"}])
async def test_a_topic_is_never_turned_into_another(
    embedded: EmbeddedBus, spec: TopicSpec, change: dict[str, object]
) -> None:
    url = embedded.database.owner_url
    await create_topics(url, [spec])
    new = replace(spec, name=f"new.{spec.name}")
    with pytest.raises(TopicMismatchError, match=spec.name):
        await create_topics(url, [new, replace(spec, **change)])  # type: ignore[arg-type]
    assert await check_topics(url, [spec, new]) == [f"topic {new.name} is missing"]


async def test_permissions_given_and_taken_hold_at_once(
    embedded: EmbeddedBus, spec: TopicSpec, group: str
) -> None:
    url = embedded.database.owner_url
    await create_topics(url, [spec])
    writer, reader = (open_address(embedded.address(each)) for each in (WRITER, READER))
    await writer.start()
    await reader.start()
    inbox = Inbox()
    consumer = reader.consumer(Subscription(group, (spec.name,)), inbox)
    await consumer.start()
    await writer.publish([record(spec.name)])
    await until(lambda: bool(inbox.records), what="it has arrived")
    await create_topics(url, [replace(spec, writers=(STRANGER,), readers=(STRANGER,))])
    with pytest.raises(TransportForbiddenError):
        await writer.publish([record(spec.name)])
    await until(lambda: consumer.failure() is not None, what="the reader notices")
    assert isinstance(consumer.failure(), TransportForbiddenError)
    await consumer.stop()
    await writer.close()
    await reader.close()


async def test_a_pattern_that_only_meets_closed_topics_is_refused(
    embedded: EmbeddedBus, spec: TopicSpec
) -> None:
    await create_topics(embedded.database.owner_url, [spec])
    stranger = open_address(embedded.address(STRANGER))
    await stranger.start()
    with pytest.raises(TransportForbiddenError):
        await stranger.check_topics({spec.name: 2})
    pattern = Subscription(f"{STRANGER}.curious", (spec.name.replace("test", "*"),))
    with pytest.raises(TransportForbiddenError):
        await stranger.consumer(pattern, Inbox()).start()
    await stranger.close()
