"""A server has ended when its process has, not when the kernel has begun to clear it away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.database import EmbeddedPostgres
from shared.database.postmaster import has_exited
from tests.support.dying import slow_to_die
from tests.support.lifelines import ending_with_me
from tests.support.waiting import until

UNBURIED = """
import subprocess, sys
child = subprocess.Popen(["true"])
print(child.pid, flush=True)
sys.stdin.read()
"""


async def test_stopping_waits_for_a_server_that_dies_slowly(
    own_postgres: EmbeddedPostgres, folder: Path
) -> None:
    await own_postgres.start()
    await own_postgres.stop()
    cluster = folder / "server" / "cluster"
    with slow_to_die("postgres", str(cluster)) as server:
        (cluster / "postmaster.pid").write_text(f"{server.pid}\n{cluster}\n0\n1\n")
        await own_postgres.stop()
        with pytest.raises(ProcessLookupError):
            os.kill(server.pid, 0)


@pytest.fixture
def starter() -> Iterator[subprocess.Popen[str]]:
    """A process that never asks what became of its child, whose id it says."""
    with subprocess.Popen(
        ending_with_me(sys.executable, "-c", UNBURIED),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


async def test_a_server_that_its_starter_never_looked_at_has_ended(
    starter: subprocess.Popen[str],
) -> None:
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    await until(lambda: has_exited(pid), what="the child has ended")
    os.kill(pid, 0)  # it is there, and will be for as long as its starter
    assert not has_exited(starter.pid)


async def test_a_child_is_buried_by_whoever_sees_that_it_has_ended() -> None:
    with slow_to_die("any") as child:
        child.send_signal(signal.SIGKILL)
        await until(lambda: has_exited(child.pid), what="the child has ended")
        with pytest.raises(ProcessLookupError):
            os.kill(child.pid, 0)
        assert has_exited(child.pid)
