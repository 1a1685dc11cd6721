"""A cluster as its administrator sees and changes it: every topic in one question, not one each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import KafkaError, TopicCollection
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from shared.messaging.kafka.access import KafkaAccess
from shared.messaging.kafka.administration import Administration
from shared.messaging.kafka.asking import CALL_SECONDS_MAX
from shared.messaging.kafka.permissions import Acl
from shared.messaging.transport import TransportUnavailableError

KNOWN_SECONDS_MAX: Final = 60.0
"""How long brokers may take until they know what was created: a busy one makes topics slowly."""

KNOWN_LOOK_SECONDS: Final = 0.05

ANY: Any = None
EVERY_ACL: Final = AclBindingFilter(
    ResourceType.ANY,
    ANY,
    ResourcePatternType.ANY,
    ANY,
    ANY,
    AclOperation.ANY,
    AclPermissionType.ANY,
)

NOBODY: Final = Acl("User:", "TOPIC", "LITERAL", "no-such-topic", "READ")


@dataclass(frozen=True, slots=True)
class FoundTopic:
    """A topic as the cluster has it."""

    partitions: int
    copies: int
    """Of the partition that has fewest."""
    settings: Mapping[str, str | None]


class Cluster:
    """What there is in a cluster, and changes to it. One event loop uses it.

    Every method raises TransportForbiddenError when this user may not do that, and
    TransportUnavailableError when the cluster does not answer within 15 s, or does not know what
    was created after a minute.
    """

    def __init__(self, access: KafkaAccess) -> None:
        self._administration = Administration(access)
        self._asking = self._administration.asking

    async def close(self) -> None:
        """Let go of the connection; safe twice."""
        await self._administration.close()

    async def count_brokers(self) -> int:
        """The number of brokers at present."""
        return await self._administration.ping()

    async def find(self, names: Sequence[str]) -> dict[str, FoundTopic]:
        """Each of the topics by its name; those that are missing are left out."""
        described = {}
        answers = await self._asking.each(
            lambda: self._asking.client.describe_topics(
                TopicCollection(list(names)), request_timeout=CALL_SECONDS_MAX
            )
        )
        for name, answer in answers.items():
            if not isinstance(answer, KafkaError):
                described[name] = answer
            elif answer.code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise self._asking.fault(answer, f"look at topic {name}")
        settings = await self._settings(list(described))
        return {
            name: FoundTopic(
                partitions=len(topic.partitions),
                copies=min(len(partition.replicas) for partition in topic.partitions),
                settings=settings[name],
            )
            for name, topic in described.items()
        }

    async def create(self, topics: Sequence[NewTopic]) -> None:
        """Create the topics; returns when all can be used.

        One that is there by now is left as it is: somebody else created it at the same time, or
        we did, and the library asked again because the answer was lost.
        """
        if not topics:
            return
        answers = await self._asking.each(
            lambda: self._asking.client.create_topics(
                list(topics), request_timeout=CALL_SECONDS_MAX
            )
        )
        for name, answer in answers.items():
            if isinstance(answer, KafkaError) and answer.code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise self._asking.fault(answer, f"create topic {name}")
        await self._until_led(list(answers))

    async def change(self, changes: Mapping[str, Mapping[str, str]]) -> None:
        """Set these settings of these topics, and no others."""
        resources = [
            ConfigResource(
                ResourceType.TOPIC,
                topic,
                incremental_configs=[
                    ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
                    for name, value in settings.items()
                ],
            )
            for topic, settings in changes.items()
        ]
        if not resources:
            return
        answers = await self._asking.each(
            lambda: self._asking.client.incremental_alter_configs(
                resources, request_timeout=CALL_SECONDS_MAX
            )
        )
        self._expect_success(answers.values(), "change topic settings")

    async def acls(self) -> set[Acl] | None:
        """Every ACL there is; None when the cluster has no authorizer and knows of none."""
        bindings = await self._asking.one(
            lambda: self._asking.client.describe_acls(EVERY_ACL, request_timeout=CALL_SECONDS_MAX)
        )
        if bindings or await self._has_authorizer():
            return {_from_kafka(binding) for binding in bindings}
        return None

    async def grant(self, acls: Iterable[Acl]) -> None:
        """Add these ACLs, and wait until a broker knows them: it first makes its new topics."""
        bindings = {acl: AclBinding(*_to_kafka(acl)) for acl in acls}
        if not bindings:
            return
        answers = await self._asking.each(
            lambda: self._asking.client.create_acls(
                list(bindings.values()), request_timeout=CALL_SECONDS_MAX
            )
        )
        self._expect_success(answers.values(), "grant permissions")
        give_up_at = asyncio.get_running_loop().time() + KNOWN_SECONDS_MAX
        while not set(bindings) <= (await self.acls() or set()):
            if asyncio.get_running_loop().time() > give_up_at:
                raise TransportUnavailableError("new permissions do not reach the brokers")
            await asyncio.sleep(KNOWN_LOOK_SECONDS)

    async def revoke(self, acls: Iterable[Acl]) -> None:
        """Remove these ACLs."""
        if filters := [AclBindingFilter(*_to_kafka(acl)) for acl in acls]:
            answers = await self._asking.each(
                lambda: self._asking.client.delete_acls(filters, request_timeout=CALL_SECONDS_MAX)
            )
            self._expect_success(answers.values(), "revoke permissions")

    async def _has_authorizer(self) -> bool:
        """Asked by deleting nothing: the library takes a refusal to list ACLs for an empty list."""
        answers = await self._asking.each(
            lambda: self._asking.client.delete_acls(
                [AclBindingFilter(*_to_kafka(NOBODY))], request_timeout=CALL_SECONDS_MAX
            )
        )
        for answer in answers.values():
            if isinstance(answer, KafkaError) and answer.code() == KafkaError.SECURITY_DISABLED:
                return False
        self._expect_success(answers.values(), "look at permissions")
        return True

    async def _settings(self, names: Sequence[str]) -> dict[str, dict[str, str | None]]:
        if not names:
            return {}
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
        answers = await self._asking.each(
            lambda: self._asking.client.describe_configs(
                resources, request_timeout=CALL_SECONDS_MAX
            )
        )
        settings = {}
        for resource, answer in answers.items():
            if isinstance(answer, KafkaError):
                raise self._asking.fault(answer, f"look at the settings of {resource.name}")
            settings[resource.name] = {name: entry.value for name, entry in answer.items()}
        return settings

    async def _until_led(self, names: Sequence[str]) -> None:
        """Wait until every partition has a leader: a moment after the topic is there."""
        give_up_at = asyncio.get_running_loop().time() + KNOWN_SECONDS_MAX
        while names:
            described = await self._asking.each(
                lambda: self._asking.client.describe_topics(
                    TopicCollection(list(names)), request_timeout=CALL_SECONDS_MAX
                )
            )
            if all(
                not isinstance(topic, KafkaError)
                and all(partition.leader is not None for partition in topic.partitions)
                for topic in described.values()
            ):
                return
            if asyncio.get_running_loop().time() > give_up_at:
                raise TransportUnavailableError("new topics have no leaders; are brokers down?")
            await asyncio.sleep(KNOWN_LOOK_SECONDS)

    def _expect_success(self, answers: Iterable[object], what: str) -> None:
        for answer in answers:
            if isinstance(answer, KafkaError):
                raise self._asking.fault(answer, what)


@asynccontextmanager
async def opened(access: KafkaAccess) -> AsyncIterator[Cluster]:
    """A cluster, let go of afterwards."""
    cluster = Cluster(access)
    try:
        yield cluster
    finally:
        await cluster.close()


def _to_kafka(
    acl: Acl,
) -> tuple[ResourceType, str, ResourcePatternType, str, str, AclOperation, AclPermissionType]:
    return (
        ResourceType[acl.kind],
        acl.name,
        ResourcePatternType[acl.pattern],
        acl.principal,
        acl.host,
        AclOperation[acl.operation],
        AclPermissionType[acl.permission],
    )


def _from_kafka(acl: Any) -> Acl:  # noqa: ANN401 # an AclBinding, whose types say less than it holds
    return Acl(
        principal=acl.principal,
        kind=acl.restype.name,
        pattern=acl.resource_pattern_type.name,
        name=acl.name,
        operation=acl.operation.name,
        permission=acl.permission_type.name,
        host=acl.host,
    )
