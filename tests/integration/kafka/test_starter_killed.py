"""No process and no folder is left of a cluster whose starter was killed, whenever that was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from deploy.kafka.local import LocalKafka, LocalKafkaError
from tests.support.kafka_cluster import is_running, kafka_or_skip
from tests.support.waiting import until

CHECKOUT = Path(__file__).parents[3]

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


def is_there(folder: Path) -> bool:
    return folder.exists()


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
