"""The settings of a node, as Kafka reads them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from deploy.kafka.local.certificates import NODE_NAME
from deploy.kafka.local.memory import ADMIN, Memory
from deploy.kafka.local.ports import HOST
from deploy.kafka.local.wire import MECHANISM

FEW_PARTITIONS = "4"  # of Kafka's own topics; the default 50 make starting and stopping slow

LETTERS_ELSEWHERE = 0x80
"""The first letter that ASCII does not have."""

FAST_FAILOVER = {
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "controller.quorum.fetch.timeout.ms": "1500",
    "group.min.session.timeout.ms": "500",
}

LOGGING = """\
appenders = stdout
appender.stdout.type = Console
appender.stdout.name = stdout
appender.stdout.layout.type = PatternLayout
appender.stdout.layout.pattern = %d{ISO8601} %p %c{1}: %m%n
rootLogger.level = WARN
rootLogger.appenderRefs = stdout
rootLogger.appenderRef.stdout.ref = stdout
"""


def node_properties(
    memory: Memory, node_id: int, folder: Path, *, fast_failover: bool, extra: Mapping[str, str]
) -> str:
    """A properties file for the node, whose records lie in the folder."""
    port, controller_port = memory.client_ports[node_id - 1], memory.controller_ports[node_id - 1]
    settings = {
        "process.roles": "broker,controller",
        "node.id": str(node_id),
        "listeners": f"CLIENTS://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"CLIENTS://{HOST}:{port}",
        "inter.broker.listener.name": "CLIENTS",
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.bootstrap.servers": ",".join(
            f"{HOST}:{each}" for each in memory.controller_ports
        ),
        "log.dirs": str(folder / "records"),
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": "0",
        **_replication(memory, node_id),
        **(_secured(memory, folder.parent) if memory.secured else _plain()),
        **(FAST_FAILOVER if fast_failover else {}),
        **extra,
    }
    return "".join(f"{name}={as_java_reads(value)}\n" for name, value in settings.items())


def as_java_reads(text: str) -> str:
    """The text as a file of properties must have it: Java takes any other letter for Latin-1."""
    units = text.replace("\\", "\\\\").encode("utf-16-be")
    pairs = zip(units[::2], units[1::2], strict=True)
    return "".join(
        chr(low) if high == 0 and low < LETTERS_ELSEWHERE else f"\\u{high:02x}{low:02x}"
        for high, low in pairs
    )


def _replication(memory: Memory, node_id: int) -> dict[str, str]:
    factor = str(len(memory.node_ids))
    in_sync = str(len(memory.node_ids) // 2 + 1)
    return {
        "broker.rack": f"rack-{node_id}",
        "default.replication.factor": factor,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": factor,
        "offsets.topic.num.partitions": FEW_PARTITIONS,
        "transaction.state.log.replication.factor": factor,
        "transaction.state.log.min.isr": in_sync,
        "transaction.state.log.num.partitions": FEW_PARTITIONS,
        "share.coordinator.state.topic.replication.factor": factor,
        "share.coordinator.state.topic.min.isr": in_sync,
        "share.coordinator.state.topic.num.partitions": FEW_PARTITIONS,
    }


def _plain() -> dict[str, str]:
    return {"listener.security.protocol.map": "CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT"}


def _secured(memory: Memory, cluster_folder: Path) -> dict[str, str]:
    """Clients prove who they are by password, nodes at the controllers by certificate."""
    module = "org.apache.kafka.common.security.scram.ScramLoginModule"
    login = f'{module} required username="{ADMIN}" password="{memory.passwords[ADMIN]}";'
    mechanism = MECHANISM.lower()
    return {
        "listener.security.protocol.map": "CLIENTS:SASL_SSL,CONTROLLER:SSL",
        "listener.name.controller.ssl.client.auth": "required",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(cluster_folder / "node.pem"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(cluster_folder / "ca.pem"),
        "sasl.enabled.mechanisms": MECHANISM,
        "sasl.mechanism.inter.broker.protocol": MECHANISM,
        f"listener.name.clients.{mechanism}.sasl.jaas.config": login,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:{ADMIN};User:CN={NODE_NAME}",
        "allow.everyone.if.no.acl.found": "false",
    }
