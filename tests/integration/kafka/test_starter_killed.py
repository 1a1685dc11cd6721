"""No process and no folder is left of a cluster whose starter was killed, whenever that was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.kafka.local import LocalKafka, LocalKafkaError
from deploy.kafka.local.processes import has_ended
from tests.support.kafka_cluster import kafka_or_skip
from tests.support.lifelines import ending_with_me, processes_naming
from tests.support.waiting import until

CHECKOUT = Path(__file__).parents[3]

# Starts a cluster, says which processes those are, forks a child that keeps all its pipes, and
# waits to be killed, the child as long as the test is there.
STARTER = """
import os, sys
from pathlib import Path
from deploy.kafka.local import LocalKafka
kafka = LocalKafka(Path(sys.argv[1]), fast_failover=True, throw_away=bool(sys.argv[2:]))
kafka.start()
child = os.fork()
if child:
    print(kafka.node_pids()[1], kafka._watcher.pid, child, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _needs_kafka() -> None:
    kafka_or_skip()


def is_there(folder: Path) -> bool:
    return folder.exists()


def started_by_another(folder: Path, *arguments: str) -> tuple[subprocess.Popen[str], list[int]]:
    starter = subprocess.Popen(
        ending_with_me(sys.executable, "-c", STARTER, str(folder), *arguments),
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
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
        await until(lambda: has_ended(node), what="the node has ended")
        await until(lambda: has_ended(watcher), what="the watcher has ended")
        assert not has_ended(forked), "a child that kept the pipe open, and it did not matter"
        assert not is_there(folder)
    finally:
        end(starter, forked)


def preparing(folder: Path) -> list[int]:
    named = processes_naming(str(folder))
    return [pid for pid, words in named.items() if f"@{folder}/" in words]


def starter_to_be_killed(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ending_with_me(sys.executable, "-c", STARTER, str(folder), "away"), cwd=CHECKOUT
    )


async def test_nothing_is_left_of_a_starter_killed_while_folders_are_prepared(folder: Path) -> None:
    starter = starter_to_be_killed(folder)
    try:
        await until(lambda: preparing(folder) != [], what="a folder is being prepared")
        os.kill(preparing(folder)[0], signal.SIGSTOP)
    finally:
        starter.kill()
        starter.wait()
    await until(lambda: not processes_naming(str(folder)), what="every process has ended")
    assert not is_there(folder)


async def test_leftovers_are_ended_by_the_next_start(folder: Path) -> None:
    starter, (node, watcher, forked) = started_by_another(folder)
    os.kill(watcher, signal.SIGKILL)
    end(starter, forked)
    assert not has_ended(node), "nobody was left to end it"
    said: list[str] = []
    with LocalKafka(folder, fast_failover=True, say=said.append) as kafka:
        assert has_ended(node)
        assert f"ending what an earlier start left running: process [{node}]" in said
        assert kafka.node_pids()[1] != node
