"""Services as they run in production: each in a process of its own, on Kafka and PostgreSQL."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from shared.messaging.kafka.access import KafkaAccess
from shared.runtime.plans import database_setting, role_of
from shared.runtime.settings import variable
from tests.support.lifelines import ending_with_me
from tests.support.postgres import TestDatabase

READY_SECONDS_MAX: Final = 60.0
STOP_SECONDS_MAX: Final = 30.0
LOOK_SECONDS: Final = 0.1


@dataclass(frozen=True)
class RunningProcess:
    """One process of one service."""

    process: subprocess.Popen[bytes]
    ops_port: int

    def resident_megabytes(self) -> float:
        """How much memory it holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        line = next(each for each in status.splitlines() if each.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024

    async def wait_until_ready(self) -> None:
        """Wait until it says that it is; a process that ends before is an error."""
        give_up_at = time.monotonic() + READY_SECONDS_MAX
        async with httpx.AsyncClient() as client:
            while time.monotonic() < give_up_at:
                if self.process.poll() is not None:
                    raise RuntimeError(f"it ended with status {self.process.returncode}")
                try:
                    answer = await client.get(f"http://127.0.0.1:{self.ops_port}/health/ready")
                except httpx.HTTPError:
                    answer = None
                if answer is not None and answer.is_success:
                    return
                await asyncio.sleep(LOOK_SECONDS)
        raise TimeoutError(f"not ready after {READY_SECONDS_MAX} s")


@asynccontextmanager
async def running(
    service: str, database: TestDatabase, access: KafkaAccess
) -> AsyncIterator[RunningProcess]:
    """A process of the service, begun but perhaps not ready yet, until the block ends."""
    ops_port = _free_port()
    with tempfile.TemporaryDirectory(prefix="sammen-bench-mails-") as mails:
        settings = {
            variable(database_setting(service)): database.url(role_of(service)),
            variable("kafka_bootstrap_servers"): access.bootstrap_servers,
            variable("kafka_security"): "plain",
            variable("oidc_issuer"): "http://127.0.0.1:1/issuer",
            variable("smtp_url"): f"file://{mails}",
            variable("vault_key"): b64encode(bytes(range(32))).decode(),
            "SAMMEN_HTTP_PORT": "0",
            "SAMMEN_OPS_PORT": str(ops_port),
        }
        others = {name: value for name, value in os.environ.items() if "SAMMEN_" not in name}
        process = subprocess.Popen(  # noqa: ASYNC220 # returns at once
            ending_with_me(sys.executable, "-m", f"services.{service}"),
            env={**others, **settings},
            stdout=subprocess.DEVNULL,
        )
        try:
            yield RunningProcess(process, ops_port)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.to_thread(process.wait, STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
        return port
