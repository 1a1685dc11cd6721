"""The local Kafka keeps records, comes back, and leaves no process behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
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
from shared.messaging.kafka.access import Credentials, KafkaAccess
from tests.support.kafka_cluster import access_to, admin_client, kafka_cluster, kafka_or_skip
from tests.support.waiting import until

CHECKOUT = Path(__file__).parents[3]
TOPIC = "test.local"

# Starts a cluster, says which processes those are, forks a child that keeps all its pipes, and
# waits to be killed.
STARTER = """
import os, sys, time
from pathlib import Path
from deploy.kafka.local import LocalKafka
kafka = LocalKafka(Path(sys.argv[1]), fast_failover=True, throw_away=bool(sys.argv[2:]))
kafka.start()
child = os.fork()
if child:
    print(kafka.node_pids()[1], kafka._watcher.pid, child, flush=True)
time.sleep(300)
"""


@pytest.fixture(autouse=True)
def _needs_kafka() -> None:
    kafka_or_skip()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A cluster's folder, whose nodes are ended whatever the test left."""
    with tempfile.TemporaryDirectory(prefix="sammen-test-kafka-", ignore_cleanup_errors=True) as it:
        yield Path(it) / "klyngen på Ærø"


def administrator(kafka: LocalKafka) -> AdminClient:
    return admin_client(access_to(kafka))


def create_topic(kafka: LocalKafka) -> None:
    admin = administrator(kafka)
    admin.create_topics([NewTopic(TOPIC, 1, kafka.nodes)])[TOPIC].result(10)


def produce(access: KafkaAccess, value: str) -> None:
    answers: list[str] = []
    producer = Producer({**access.for_librdkafka(), "message.timeout.ms": 20_000})
    producer.produce(TOPIC, value, on_delivery=lambda error, _: answers.append(f"{error}"))
    assert producer.flush(20) == 0
    assert answers == ["None"]


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


def is_running(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    return False


def is_there(folder: Path) -> bool:
    return folder.exists()


def open_to_others(kafka: LocalKafka, secret: str) -> dict[str, int]:
    """Who else may read the files that hold the secret: the bits of their modes."""
    return {
        path.name: path.stat().st_mode & 0o077
        for path in kafka.data_dir.rglob("*")
        if path.is_file() and secret.encode() in path.read_bytes()
    }


def started_by_another(folder: Path, *arguments: str) -> tuple[subprocess.Popen[str], list[int]]:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(folder), *arguments],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert starter.stdout is not None
    return starter, [int(pid) for pid in starter.stdout.readline().split()]


def end(starter: subprocess.Popen[str], forked: int) -> None:
    os.kill(forked, signal.SIGKILL)
    starter.kill()
    starter.communicate()


def test_records_outlive_a_stop_and_a_crash(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    kafka = LocalKafka(folder, fast_failover=True)
    with kafka:
        create_topic(kafka)
        produce(access_to(kafka), "one")
        assert records(kafka) == ["one"]
        first, address = kafka.node_pids()[1], kafka.bootstrap_servers
    assert not is_running(first)
    with kafka:
        assert kafka.bootstrap_servers == address
        produce(access_to(kafka), "two")
        kafka.kill_node(1)
        assert kafka.node_pids() == {}
        kafka.start_node(1)
        assert records(kafka) == ["one", "two"]
    assert [*folder.parent.iterdir()] == [folder], "all of it is where it was told to be"


async def test_no_node_outlives_a_starter_that_is_killed(folder: Path) -> None:
    starter, (node, watcher, forked) = started_by_another(folder, "throw away")
    try:
        with pytest.raises(LocalKafkaError, match=f"is run by process {starter.pid}"):
            LocalKafka(folder).start()
        starter.kill()
        await until(lambda: not is_running(node), what="the node has ended")
        await until(lambda: not is_running(watcher), what="the watcher has ended")
        assert is_running(forked), "a child that kept the pipe open, and it did not matter"
        assert not is_there(folder)
    finally:
        end(starter, forked)


def process_naming(text: str) -> int | None:
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if text.encode() in file.read_bytes():
                return int(file.parent.name)
    return None


def starter_to_be_killed(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", STARTER, str(folder), "away"], cwd=CHECKOUT)


async def test_nothing_is_left_of_a_starter_killed_while_folders_are_prepared(folder: Path) -> None:
    starter = starter_to_be_killed(folder)
    try:
        await until(
            lambda: process_naming(f"@{folder}/") is not None, what="a folder is being prepared"
        )
        preparing = process_naming(f"@{folder}/")
        assert preparing is not None
        os.kill(preparing, signal.SIGSTOP)
    finally:
        starter.kill()
        starter.wait()
    await until(lambda: process_naming(str(folder)) is None, what="every process has ended")
    assert not is_there(folder)


async def test_leftovers_are_ended_by_the_next_start(folder: Path) -> None:
    starter, (node, watcher, forked) = started_by_another(folder)
    os.kill(watcher, signal.SIGKILL)
    end(starter, forked)
    assert is_running(node), "nobody was left to end it"
    said: list[str] = []
    with LocalKafka(folder, fast_failover=True, say=said.append) as kafka:
        assert not is_running(node)
        assert f"ending what an earlier start left running: process [{node}]" in said
        assert kafka.node_pids()[1] != node


def test_a_taken_port_is_named(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        kafka = LocalKafka(folder, port=port)
        with pytest.raises(LocalKafkaError, match=f"port {port} on 127.0.0.1 is taken"):
            kafka.start()
    assert kafka.node_pids() == {}


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
    command = [sys.executable, "-m", "deploy.kafka.local"]
    with subprocess.Popen(
        [*command, "with", "--fresh", "--", sys.executable, "-c", program],
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
