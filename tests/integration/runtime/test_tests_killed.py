"""Nothing that a test has started is left when the tests are killed."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from pathlib import Path

import pytest

from tests.support.lifelines import ending_with_me, processes_naming
from tests.support.waiting import until

CHECKOUT = Path(__file__).parents[3]

# As a test does: a system with a PostgreSQL of its own, and a process that is stopped.
TESTS = """
import signal, subprocess, sys, time
from tests.support.lifelines import ending_with_me
from tests.support.processes import process, wait_for
folder = sys.argv[1]
sleep = "import time; time.sleep(300)"
stopped = subprocess.Popen(
    ending_with_me(sys.executable, "-c", sleep, folder, by=signal.SIGKILL)
)
ports = {"SAMMEN_HTTP_PORT": "0", "SAMMEN_OPS_PORT": "0"}
with process("up", {"SAMMEN_DATA_DIR": folder, **ports}) as running:
    wait_for(running, "process_ready")
    stopped.send_signal(signal.SIGSTOP)
    print("ready", flush=True)
    time.sleep(300)
"""


@pytest.mark.slow
async def test_nothing_is_left_of_tests_that_are_killed() -> None:
    with tempfile.TemporaryDirectory(prefix="sammen-test-killed-") as folder:
        tests = await asyncio.create_subprocess_exec(
            *ending_with_me(sys.executable, "-c", TESTS, folder),
            cwd=CHECKOUT,
            stdout=asyncio.subprocess.PIPE,
        )
        assert tests.stdout is not None
        assert await tests.stdout.readline() == b"ready\n"
        started = " ".join(processes_naming(folder))
        assert "bin/postgres" in started
        assert "time.sleep(300)" in started
        tests.send_signal(signal.SIGKILL)
        await tests.wait()
        await until(lambda: processes_naming(folder) == [], what="every process has ended")
