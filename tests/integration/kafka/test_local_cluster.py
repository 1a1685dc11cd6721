"""The local Kafka keeps records, comes back, and leaves no process behind."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from deploy.kafka.local import LocalKafka, LocalKafkaError
from deploy.kafka.local.memory import ClusterFolder
from deploy.kafka.local.processes import has_ended
from shared.messaging.kafka.access import Credentials, KafkaAccess
from tests.support.kafka_cluster import (
    access_to,
    admin_client,
    kafka_cluster,
    kafka_or_skip,
)
from tests.support.lifelines import WHOEVER, ending_with_me
from tests.support.waiting import until

CHECKOUT = Path(__file__).parents[3]
TOPIC = "test.local"
LONG = "two" * 1000


@pytest.fixture(autouse=True)
def _needs_kafka() -> None:
    kafka_or_skip()


def administrator(kafka: LocalKafka) -> AdminClient:
    return admin_client(access_to(kafka))


def create_topic(kafka: LocalKafka) -> None:
    admin = administrator(kafka)
    admin.create_topics([NewTopic(TOPIC, 1, kafka.nodes)])[TOPIC].result(10)


def produce(access: KafkaAccess, value: str) -> None:
    answers: list[str] = []
    codec = {"compression.type": "lz4"}  # for which a broker unpacks a library
    producer = Producer({**access.for_librdkafka(), **codec, "message.timeout.ms": 20_000})
    producer.produce(TOPIC, value, on_delivery=lambda error, _: answers.append(f"{error}"))
    assert producer.flush(20) == 0
    assert answers == ["None"]


def unpacked(pid: int) -> set[Path]:
    """Folders with the libraries for compression that the node uses."""
    mapped = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines()
    return {Path(line.split(maxsplit=5)[5]).parent for line in mapped if "liblz4" in line}


def records(kafka: LocalKafka) -> list[str]:
    settings = {"group.id": "nobody", "enable.auto.commit": False, "enable.partition.eof": True}
    with closing(Consumer({**access_to(kafka).for_librdkafka(), **settings})) as consumer:
        consumer.assign([TopicPartition(TOPIC, 0, 0)])
        found: list[str] = []
        while (message := consumer.poll(20)) is not None:
            if (error := message.error()) is not None:
                assert error.code() == KafkaError._PARTITION_EOF
                return found
            found.append((message.value() or b"").decode())
        raise AssertionError(f"no end of the partition after {found}")


def refusals_of(password: str, kafka: LocalKafka) -> set[int]:
    """What the user `bonus` is told who gives this password."""
    errors: list[KafkaError] = []
    access = KafkaAccess(kafka.bootstrap_servers, Credentials("bonus", password), kafka.ca_file)
    settings: dict[str, Any] = {**access.for_librdkafka(), "error_cb": errors.append}
    client = AdminClient(settings)
    with pytest.raises(KafkaException):
        client.list_topics(timeout=1)
    client.poll(1)
    return {error.code() for error in errors} - {KafkaError._ALL_BROKERS_DOWN}


def open_to_others(kafka: LocalKafka, secret: str) -> dict[str, int]:
    """Who else may read the files that hold the secret: the bits of their modes."""
    return {
        path.name: path.stat().st_mode & 0o077
        for path in kafka.data_dir.rglob("*")
        if path.is_file() and secret.encode() in path.read_bytes()
    }


def test_records_outlive_a_stop_and_a_crash(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    kafka = LocalKafka(folder, fast_failover=True)
    with kafka:
        create_topic(kafka)
        produce(access_to(kafka), "one")
        assert records(kafka) == ["one"]
        first, address = kafka.node_pids()[1], kafka.bootstrap_servers
    assert has_ended(first)
    with kafka:
        assert kafka.bootstrap_servers == address
        produce(access_to(kafka), LONG)
        assert unpacked(kafka.node_pids()[1]) == {folder / "node-1" / "temporary"}
        kafka.kill_node(1)
        assert kafka.node_pids() == {}
        kafka.start_node(1)
        assert records(kafka) == ["one", LONG]
    assert [*folder.parent.iterdir()] == [folder], "all of it is where it was told to be"


def test_a_taken_port_is_named(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        kafka = LocalKafka(folder, port=port)
        with pytest.raises(LocalKafkaError, match=f"port {port} on 127.0.0.1 is taken"):
            kafka.start()
    assert kafka.node_pids() == {}


def test_a_taken_port_that_cannot_be_chosen_anew_has_another_remedy(folder: Path) -> None:
    made = ClusterFolder(folder)
    made.claim()
    (port,) = made.recall(1, {}, None, secured=False).controller_ports
    made.release()
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(LocalKafkaError, match=f"port {port} on .* name another folder"),
    ):
        LocalKafka(folder).start()


def test_a_node_that_ends_says_why(folder: Path) -> None:
    kafka = LocalKafka(folder, settings={"num.io.threads": "none"})
    with pytest.raises(LocalKafkaError, match=r"num\.io\.threads"):
        kafka.start()


async def test_three_secured_nodes_survive_their_leader() -> None:
    with kafka_cluster(nodes=3, secured=True, users={"bonus": ""}) as kafka:
        create_topic(kafka)
        admin = administrator(kafka)

        def partition() -> tuple[int, list[int]]:
            # A node that has not heard of the topic yet answers without partitions.
            found = admin.list_topics(TOPIC, timeout=10).topics[TOPIC].partitions.get(0)
            return (found.leader, sorted(found.isrs)) if found else (-1, [])

        await until(lambda: partition()[1] == [1, 2, 3], what="all three nodes hold it")
        leader, _ = partition()
        async with AIOKafkaProducer(
            **access_to(kafka).for_aiokafka(), enable_idempotence=True
        ) as producer:
            await producer.send_and_wait(TOPIC, b"before")
            began = time.monotonic()
            kafka.kill_node(leader)
            assert leader not in kafka.node_pids()
            await producer.send_and_wait(TOPIC, b"after")
            assert time.monotonic() - began > 1, "the producer noticed"
        await until(lambda: partition()[0] not in {leader, -1}, what="another one leads")
        kafka.start_node(leader)
        await until(lambda: partition()[1] == [1, 2, 3], what="the node is in sync again")
        assert records(kafka) == ["before", "after"]


def test_a_secured_cluster_lets_in_whom_it_knows_for_what_they_may() -> None:
    with kafka_cluster(secured=True, users={"bonus": "", "finance": "given-1"}) as kafka:
        create_topic(kafka)
        assert refusals_of("guessed", kafka) == {KafkaError._AUTHENTICATION}
        may = AclBinding(
            ResourceType.TOPIC,
            TOPIC,
            ResourcePatternType.LITERAL,
            "User:bonus",
            "*",
            AclOperation.WRITE,
            AclPermissionType.ALLOW,
        )
        admin = administrator(kafka)
        admin.create_acls([may])[may].result(10)
        produce(access_to(kafka, "bonus"), "written")
        with pytest.raises(AssertionError, match="TOPIC_AUTHORIZATION_FAILED"):
            produce(access_to(kafka, "finance"), "refused")
        assert records(kafka) == ["written"]

        assert kafka.password_of("finance") == "given-1"
        password = kafka.password_of("admin")
        assert open_to_others(kafka, password) == {"cluster.json": 0, "server.properties": 0}
        assert kafka.data_dir.stat().st_mode & 0o077 == 0
        assert password not in Path(f"/proc/{kafka.node_pids()[1]}/cmdline").read_text()


def test_a_command_runs_beside_a_cluster_and_gets_the_signals() -> None:
    program = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))\n"
        "print(os.environ['SAMMEN_KAFKA_BOOTSTRAP_SERVERS'], flush=True)\n"
        "signal.pause()\n"
    )
    with subprocess.Popen(
        ending_with_me(
            *(sys.executable, "-m", "deploy.kafka.local", "with", "--fresh", "--"),
            *ending_with_me(sys.executable, "-c", program, parent=WHOEVER),
        ),
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as beside:
        assert beside.stdout is not None
        address = beside.stdout.readline().strip()
        assert re.fullmatch(r"127\.0\.0\.1:\d+", address)
        host, port = address.split(":")
        socket.create_connection((host, int(port))).close()
        beside.terminate()
        _, told = beside.communicate()
    assert beside.returncode == 5, told
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)))
