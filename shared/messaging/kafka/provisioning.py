"""The topics of a cluster are those of deploy/kafka/topics.yaml, made by an administrator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from confluent_kafka.admin import NewTopic

from shared.contracts.topics import TopicSpec
from shared.messaging.kafka.access import KafkaAccess
from shared.messaging.kafka.cluster import Cluster, FoundTopic, opened
from shared.messaging.kafka.permissions import compare
from shared.messaging.kafka.topic_settings import copies_of, settings_of
from shared.messaging.transport import TopicMismatchError, TransportError

NO_AUTHORIZER: Final = (
    "the cluster has no authorizer: whoever reaches it may write and read everything"
)

REMADE: Final = (
    "changing that would lose an order, or records: correct the file if the topic is right; else "
    "delete the topic, run this again, and have its publisher send all it kept (`sammen republish`)"
)

Say = Callable[[str], None]
"""Is told, in a sentence each, what was changed and what a person should know."""


class TooFewBrokersError(TransportError):
    """A cluster has fewer brokers than each partition is to have copies."""


def _say_nothing(_: str) -> None:
    pass


async def count_brokers(access: KafkaAccess) -> int:
    """The number of brokers at present.

    Raises TransportForbiddenError for a wrong password, TransportUnavailableError.
    """
    async with opened(access) as cluster:
        return await cluster.count_brokers()


async def create_topics(
    access: KafkaAccess,
    specs: Sequence[TopicSpec],
    *,
    copies_max: int | None = None,
    say: Say = _say_nothing,
) -> list[str]:
    """Create the topics that are missing, set the settings and rights of all; the names of those
    that were missing, ready for use.

    `copies_max` is for a cluster with fewer brokers than partitions are to have copies. A topic
    that is there keeps its number of copies. Rights on our topics and groups that no file has are
    taken away; rules for many topics at once, and prohibitions, are left and told. Without an
    authorizer there are no rights to set, which is told.

    Raises TooFewBrokersError, or TopicMismatchError when a topic exists with another number of
    partitions or another cleanup, both having changed nothing; TransportForbiddenError when this
    user is no administrator; TransportUnavailableError.
    """
    async with opened(access) as cluster:
        found = await cluster.find([spec.name for spec in specs])
        if wrong := [text for spec in specs for text in _unchangeable(spec, found)]:
            raise TopicMismatchError(f"{'; '.join(wrong)}; {REMADE}")
        missing = [spec for spec in specs if spec.name not in found]
        await _check_brokers(cluster, missing, copies_max)
        await cluster.create([_new_topic(spec, copies_max) for spec in missing])
        await _mend_settings(cluster, specs, found, say)
        await _mend_permissions(cluster, specs, say)
        return [spec.name for spec in missing]


async def check_topics(
    access: KafkaAccess,
    specs: Sequence[TopicSpec],
    *,
    copies_max: int | None = None,
    say: Say = _say_nothing,
) -> list[str]:
    """What differs between the topics there are and those there should be, a sentence each.

    A cluster without an authorizer is a difference where we log in, and only told where nobody
    does. Raises TransportForbiddenError when this user is no administrator;
    TransportUnavailableError.
    """
    async with opened(access) as cluster:
        found = await cluster.find([spec.name for spec in specs])
        complaints = [f"topic {spec.name} is missing" for spec in specs if spec.name not in found]
        for spec in specs:
            complaints += _unchangeable(spec, found)
            if (topic := found.get(spec.name)) is not None:
                complaints += [
                    f"{name} of topic {spec.name}: {is_so}, not {should_be}"
                    for name, (is_so, should_be) in _differences(spec, topic).items()
                ]
        complaints += _too_few_copies(specs, found, copies_max)
        acls = await cluster.acls()
        if acls is not None:
            there = [spec for spec in specs if spec.name in found]
            return complaints + compare(acls, there).sentences()
        if access.credentials is not None:
            return [*complaints, NO_AUTHORIZER]
        say(NO_AUTHORIZER)
        return complaints


async def _check_brokers(
    cluster: Cluster, missing: Sequence[TopicSpec], copies_max: int | None
) -> None:
    copies = max((copies_of(spec, copies_max) for spec in missing), default=0)
    if copies > (brokers := await cluster.count_brokers()):
        raise TooFewBrokersError(
            f"each partition is to have {copies} copies, and the cluster has {brokers} broker(s): "
            f"start more, or say `--copies {brokers}` and bear what that loses with a broker"
        )


async def _mend_settings(
    cluster: Cluster, specs: Sequence[TopicSpec], found: Mapping[str, FoundTopic], say: Say
) -> None:
    differing = {
        spec.name: _differences(spec, found[spec.name]) for spec in specs if spec.name in found
    }
    await cluster.change(
        {
            topic: {name: should_be for name, (_, should_be) in settings.items()}
            for topic, settings in differing.items()
            if settings
        }
    )
    for topic, settings in differing.items():
        for name, (was, should_be) in settings.items():
            say(f"{name} of topic {topic} is now {should_be}; it was {was}")


async def _mend_permissions(cluster: Cluster, specs: Sequence[TopicSpec], say: Say) -> None:
    acls = await cluster.acls()
    if acls is None:
        say(NO_AUTHORIZER)
        return
    permissions = compare(acls, specs)
    await cluster.grant(permissions.missing)
    await cluster.revoke(permissions.surplus)
    if permissions.missing:
        say(f"{len(permissions.missing)} permissions granted")
    for sentence in permissions.surplus_sentences():
        say(f"taken away: {sentence}")
    for sentence in permissions.foreign_sentences():
        say(f"left as it is: {sentence}")


def _new_topic(spec: TopicSpec, copies_max: int | None) -> NewTopic:
    copies = copies_of(spec, copies_max)
    return NewTopic(
        spec.name,
        num_partitions=spec.partitions,
        replication_factor=copies,
        config=settings_of(spec, copies),
    )


def _unchangeable(spec: TopicSpec, found: Mapping[str, FoundTopic]) -> list[str]:
    """What can't be mended without losing an order, or records."""
    topic = found.get(spec.name)
    if topic is None:
        return []
    cleanup = topic.settings["cleanup.policy"]
    return [
        f"{what} of topic {spec.name}: {is_so}, not {should_be}"
        for what, is_so, should_be in (
            ("partitions", topic.partitions, spec.partitions),
            ("cleanup", cleanup, spec.cleanup),
        )
        if is_so != should_be
    ]


def _too_few_copies(
    specs: Sequence[TopicSpec], found: Mapping[str, FoundTopic], copies_max: int | None
) -> list[str]:
    """One sentence, since the cause is one: the cluster was too small when they were made."""
    few = [
        spec.name
        for spec in specs
        if spec.name in found and found[spec.name].copies < copies_of(spec, copies_max)
    ]
    if not few:
        return []
    others = f" and {len(few) - 1} more" if len(few) > 1 else ""
    return [
        f"topic {few[0]}{others}: fewer copies than the file says (`--copies` if that is meant); "
        "Kafka's own kafka-reassign-partitions makes more"
    ]


def _differences(spec: TopicSpec, topic: FoundTopic) -> dict[str, tuple[str | None, str]]:
    """Settings that can be changed: how they are, and how they should be."""
    return {
        name: (topic.settings.get(name), should_be)
        for name, should_be in settings_of(spec, topic.copies).items()
        if topic.settings.get(name) != should_be and name != "cleanup.policy"
    }
