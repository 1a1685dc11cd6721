"""Nothing that a test has started is left when the tests are killed."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from deploy.kafka.local.processes import has_ended
from tests.support.lifelines import WHOEVER, ending_with_me, guarded, processes_naming
from tests.support.waiting import until

CHECKOUT = Path(__file__).parents[3]

# As tests do: a system with a PostgreSQL of its own, and a command that is run by another one; all
# but that other are halted.
TESTS = """
import os, signal, subprocess, sys, time
from pathlib import Path
from tests.support.lifelines import WHOEVER, ending_with_me, guarded
from tests.support.processes import process, wait_for
folder = Path(sys.stdin.readline().strip())
sleep = ending_with_me("sh", "-c", "echo $$; exec sleep 300", parent=WHOEVER)
settings = {"SAMMEN_DATA_DIR": str(folder), "SAMMEN_HTTP_PORT": "0", "SAMMEN_OPS_PORT": "0"}
with guarded(folder), process("up", settings) as running:
    wait_for(running, "process_ready")
    runs = ending_with_me("sh", "-c", '"$@" & wait', "sh", *sleep)
    with subprocess.Popen(runs, stdout=subprocess.PIPE) as other:
        run = int(other.stdout.readline())
        server = int((folder / "postgres/cluster/postmaster.pid").read_text().split()[0])
        for pid in (running.pid, server, run):
            os.kill(pid, signal.SIGSTOP)
        print(running.pid, server, other.pid, run, flush=True)
        time.sleep(300)
"""


@pytest.mark.slow
async def test_nothing_is_left_of_tests_that_are_killed() -> None:
    folder = Path(tempfile.mkdtemp(prefix="sammen-test-killed-"))
    with guarded(folder):
        tests = await asyncio.create_subprocess_exec(
            *ending_with_me(sys.executable, "-c", TESTS),
            cwd=CHECKOUT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert tests.stdin is not None
        assert tests.stdout is not None
        tests.stdin.write(f"{folder}\n".encode())
        started = [int(pid) for pid in (await tests.stdout.readline()).split()]
        assert not any(map(has_ended, started))
        assert "bin/postgres" in processes_naming(str(folder))[started[1]]
        tests.send_signal(signal.SIGKILL)
        await tests.wait()
        await until(lambda: all(map(has_ended, started)), what="every process has ended")
        await until(lambda: not folder.exists(), what="the folder is gone")
        assert not processes_naming(str(folder))


def test_a_command_whose_starter_is_gone_before_it_begins_does_not_begin() -> None:
    for parent, said in ((1, ""), (WHOEVER, "begun\n"), (None, "begun\n")):
        command = ending_with_me("echo", "begun", parent=parent)
        assert subprocess.run(command, capture_output=True, text=True, check=False).stdout == said


def test_what_a_block_leaves_in_its_folder_ends_with_it(tmp_path: Path) -> None:
    folder = tmp_path / "guarded"
    folder.mkdir()
    other = subprocess.Popen(ending_with_me("tail", "-f", "/dev/null", f"{folder}-not"))
    with guarded(folder):
        left = subprocess.Popen(ending_with_me("tail", "-f", "/dev/null", str(folder / "it")))
    assert left.wait(10) == -signal.SIGKILL
    assert not folder.exists()
    assert other.poll() is None
    other.kill()
    other.wait()
