"""Apache Kafka as a bus under test: a secured broker, its topics and its ACLs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete
from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from deploy.kafka.local import LocalKafka
from shared.messaging.kafka.access import Credentials, KafkaAccess
from shared.messaging.kafka.shell import SessionTimes
from shared.messaging.kafka.transport import KafkaTransport
from tests.support.buses import PRINCIPALS, READER, SESSION_SECONDS, WRITER
from tests.support.kafka_cluster import (
    access_to,
    admin_client,
    kafka_cluster,
    kafka_or_skip,
    other_admin_client,
)
from tests.support.waiting import until

LOOK_SECONDS = 0.5
TIMES = SessionTimes(session_seconds=SESSION_SECONDS, heartbeat_seconds=0.2, metadata_seconds=1.0)
BATCH_HEADER_BYTES = 1_000
SCRAM_ROUNDS = 4_096
NOT_HEARD_OF = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.TOPIC_AUTHORIZATION_FAILED)
"""A broker that lags says so of a topic, or of one that it does not know who may look at."""


class KafkaBus:
    """A cluster, and the rights of its administrator."""

    def __init__(self, cluster: LocalKafka) -> None:
        self.cluster = cluster
        self._clients: dict[tuple[str, str], AdminClient] = {}
        self.admin = admin_client(self.access("admin"))

    def access(self, user: str) -> KafkaAccess:
        """How a user reaches the cluster."""
        return access_to(self.cluster, user)

    async def create_topic(
        self,
        name: str,
        *,
        partitions: int = 1,
        compacted: bool = False,
        maximum_bytes: int = 100_000,
        writers: Sequence[str] = (WRITER,),
        readers: Sequence[str] = (READER,),
    ) -> None:
        topic = NewTopic(
            name,
            partitions,
            self.cluster.nodes,
            config={
                "cleanup.policy": "compact" if compacted else "delete",
                "max.message.bytes": str(maximum_bytes + BATCH_HEADER_BYTES),
                "message.timestamp.type": "LogAppendTime",
            },
        )
        await _all_done(self.admin.create_topics([topic]))
        rights = [(writer, AclOperation.WRITE) for writer in writers]
        rights += [(reader, AclOperation.READ) for reader in readers]
        await self.grant(name, rights)

    async def grant(self, topic: str, rights: Sequence[tuple[str, AclOperation]]) -> None:
        """Let users write or read a topic."""
        bindings = [
            _allow(ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, user, right)
            for user, right in rights
        ]
        await _all_done(self.admin.create_acls(bindings))
        for user, right in rights:
            await until(
                lambda user=user, right=right: self._may(user, topic, right), what="granted"
            )

    async def _may(self, user: str, topic: str, right: AclOperation) -> bool:
        """Whether each broker has heard of it, and of the topic: they do some time after."""
        servers = self.cluster.bootstrap_servers.split(",")
        return all([await self._may_at(each, user, topic, right) for each in servers])

    async def _may_at(self, server: str, user: str, topic: str, right: AclOperation) -> bool:
        # A client that has never needed another broker asks the one it began with.
        client = self._clients.get((user, server))
        if client is None:
            client = admin_client(replace(self.access(user), bootstrap_servers=server))
            self._clients[user, server] = client
        futures = client.describe_topics(
            TopicCollection([topic]), include_authorized_operations=True
        )
        try:
            described = await asyncio.wrap_future(futures[topic])
        except KafkaException as error:
            if error.args[0].code() in NOT_HEARD_OF:
                return False
            raise
        return right in (described.authorized_operations or [])

    async def delete_topic(self, name: str) -> None:
        await _all_done(self.admin.delete_topics([name]))
        await until(lambda: name not in self.admin.list_topics(timeout=5).topics, what="it is gone")

    async def delete_records(self, topic: str, *, partition: int, before: int) -> None:
        async with other_admin_client(self.access("admin")) as admin:
            await admin.delete_records({TopicPartition(topic, partition): RecordsToDelete(before)})

    async def change_password(self, user: str, password: str) -> None:
        """Let a user prove itself with another password from now on."""
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, SCRAM_ROUNDS)
        change = UserScramCredentialUpsertion(user, info, password.encode())
        await _all_done(self.admin.alter_user_scram_credentials([change]))

    def address(self, principal: str) -> str:
        access = self.access(principal)
        assert access.credentials is not None
        return json.dumps(
            {
                "kind": "kafka",
                "servers": access.bootstrap_servers,
                "user": access.credentials.user,
                "password": access.credentials.password,
                "ca_file": str(access.ca_file),
            }
        )

    async def open_groups(self) -> None:
        """Let everybody join the groups that begin with their name, and see what topics exist."""
        bindings = [
            binding
            for user in PRINCIPALS
            for binding in (
                _allow(
                    ResourceType.GROUP,
                    f"{user}.",
                    ResourcePatternType.PREFIXED,
                    user,
                    AclOperation.READ,
                ),
                _allow(
                    ResourceType.TOPIC,
                    "*",
                    ResourcePatternType.LITERAL,
                    user,
                    AclOperation.DESCRIBE,
                ),
            )
        ]
        await _all_done(self.admin.create_acls(bindings))


def open_kafka(where: dict[str, str]) -> KafkaTransport:
    """A transport to the cluster and as the user that an address names."""
    access = KafkaAccess(
        where["servers"], Credentials(where["user"], where["password"]), Path(where["ca_file"])
    )
    return KafkaTransport(access, times=TIMES, look_seconds=LOOK_SECONDS)


@asynccontextmanager
async def kafka_bus(nodes: int = 1) -> AsyncIterator[KafkaBus]:
    """A secured cluster of one or three brokers; skips the test where Kafka can't be had."""
    kafka_or_skip()
    users = dict.fromkeys(PRINCIPALS, "")
    starting = kafka_cluster(nodes=nodes, secured=True, users=users)
    cluster = await asyncio.to_thread(starting.__enter__)
    try:
        bus = KafkaBus(cluster)
        await bus.open_groups()
        yield bus
    finally:
        await asyncio.to_thread(starting.__exit__, None, None, None)


def _allow(
    kind: ResourceType, name: str, pattern: ResourcePatternType, user: str, right: AclOperation
) -> AclBinding:
    return AclBinding(kind, name, pattern, f"User:{user}", "*", right, AclPermissionType.ALLOW)


async def _all_done(futures: Mapping[Any, Future[Any]]) -> None:
    for future in futures.values():
        await asyncio.wrap_future(future)
