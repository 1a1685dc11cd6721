"""The services' processes: started, watched, and started again when they end, as a cluster would.

A process that ends otherwise than the schedule meant it to is noted; `ends` says what that means.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import httpx
from prometheus_client.parser import text_string_to_metric_families

from deploy.kafka.local.ports import free_ports
from shared.messaging.failpoints import Point
from shared.runtime.service import Service
from tests.chaos.ends import READY_LINE, Awaited, End, end_of, is_meant
from tests.chaos.figures import Figures
from tests.chaos.ground import LOOPBACK, Ground
from tests.chaos.member import death_file, point_file
from tests.support.lifelines import ending_with_me

CHECKOUT = Path(__file__).parents[2]
PROCESSES: Mapping[str, int] = {"bonus": 2}
"""How many processes a service has, when not one."""

RESTART_SECONDS = 0.2
STOP_SECONDS_MAX = 45.0
LOOK_SECONDS = 0.1
ASK_SECONDS_MAX = 2.0


@dataclass
class Member:
    """One process of one service, and those that come after it."""

    service: Service
    name: str
    http_port: int
    ops_port: int
    environment: Mapping[str, str] = field(repr=False)
    process: asyncio.subprocess.Process | None = None
    held_until: float = 0.0
    """Until then it is left dead."""
    awaited: Awaited = "nothing"
    asked_to_end_at: float = 0.0
    """When it was last told to drain and end."""
    ends: list[End] = field(default_factory=list)
    """Ends that the schedule didn't mean."""

    def begin(self) -> None:
        """Its next process starts: nothing was done to that one yet."""
        self.awaited = "nothing"

    @property
    def address(self) -> str:
        """Where its doors are."""
        return f"http://{LOOPBACK}:{self.http_port}"

    @property
    def pid(self) -> int | None:
        """Its process at present."""
        if self.process is None or self.process.returncode is not None:
            return None
        return self.process.pid


class Fleet:
    """All of them."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._looking = httpx.AsyncClient(timeout=ASK_SECONDS_MAX)
        self._stopping = False
        named = [
            (service, number)
            for service in ground.services
            for number in range(1, PROCESSES.get(service.name, 1) + 1)
        ]
        ports = iter(free_ports(2 * len(named)))
        self.members = [
            self._member(service, number, next(ports), next(ports)) for service, number in named
        ]

    def _member(self, service: Service, number: int, http_port: int, ops_port: int) -> Member:
        others = {
            name: value for name, value in os.environ.items() if not name.startswith("SAMMEN")
        }
        name = f"{service.name}-{number}"
        own = {
            "SAMMEN_HTTP_PORT": str(http_port),
            "SAMMEN_OPS_PORT": str(ops_port),
            "SAMMEN_KAFKA_INSTANCE": name,
        }
        environment = {**others, **self._ground.settings_of(service), **own}
        return Member(service, name, http_port, ops_port, environment)

    def of(self, service_name: str) -> list[Member]:
        """The members of one service."""
        return [each for each in self.members if each.service.name == service_name]

    def log_of(self, member: Member) -> Path:
        """What its processes said, one after the other."""
        return self._ground.folder / f"{member.name}.log"

    async def kill(self, member: Member, *, hold_seconds: float) -> int | None:
        """End its process as a crash would, and leave it dead for a while; the exit status."""
        process = member.process
        assert process is not None, "it was started"
        member.held_until = time.monotonic() + hold_seconds
        member.awaited = "kill"
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        return await process.wait()

    async def restart(self, member: Member) -> int | None:
        """Ask it to drain and end, as a new version would; the exit status."""
        process = member.process
        assert process is not None, "it was started"
        member.awaited = "stop"
        member.asked_to_end_at = time.monotonic()
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        async with asyncio.timeout(STOP_SECONDS_MAX):
            return await process.wait()

    async def die_at(self, member: Member, point: Point, *, seconds_max: float) -> bool:
        """Have it killed when it next reaches the point; whether it did. Disarmed if cancelled."""
        try:
            async with asyncio.timeout(seconds_max):
                await until(lambda: self.is_ready(member))
                process = member.process
                assert process is not None, "it was ready"
                self._arm(member, point)
                status = await process.wait()
        except (TimeoutError, asyncio.CancelledError) as error:
            if member.pid is not None:
                self._arm(member, "")
            if isinstance(error, TimeoutError):
                return False
            raise
        return self._died_at_point(member) and status == -signal.SIGKILL

    def _arm(self, member: Member, point: Point | Literal[""]) -> None:
        member.awaited = "point" if point else "nothing"
        point_file(self._ground.folder, member.name).write_text(point, encoding="ascii")
        if member.process is not None and member.pid is not None:
            member.process.send_signal(signal.SIGUSR1)

    async def is_ready(self, member: Member) -> bool:
        """Whether it says that it is ready."""
        if member.pid is None:
            return False
        try:
            answer = await self._looking.get(f"http://{LOOPBACK}:{member.ops_port}/health/ready")
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK

    async def all_ready(self) -> bool:
        """Whether every member says so."""
        return all(await asyncio.gather(*(self.is_ready(each) for each in self.members)))

    async def figures(self) -> Figures:
        """What each member that answers shows on /metrics."""
        figures = {}
        for member in self.members:
            with contextlib.suppress(httpx.HTTPError):
                address = f"http://{LOOPBACK}:{member.ops_port}/metrics"
                answer = (await self._looking.get(address)).raise_for_status()
                figures[member.name] = [
                    sample
                    for family in text_string_to_metric_families(answer.text)
                    for sample in family.samples
                ]
        return figures

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep every member running until the block ends; none is left after it."""
        keepers = [asyncio.create_task(self._keep(each), name=each.name) for each in self.members]
        try:
            yield
        finally:
            self._stopping = True
            for keeper in keepers:
                keeper.cancel()
            await asyncio.wait(keepers)
            for member in self.members:
                await _end(member)
            await self._looking.aclose()

    async def _keep(self, member: Member) -> None:
        while not self._stopping:
            if time.monotonic() < member.held_until:
                await asyncio.sleep(LOOK_SECONDS)
                continue
            await self._live(member)
            await asyncio.sleep(RESTART_SECONDS)

    async def _live(self, member: Member) -> None:
        """One process from its start to its end, which is noted unless it was meant."""
        member.begin()
        death_file(self._ground.folder, member.name).unlink(missing_ok=True)
        log = self.log_of(member)
        said_before = log.stat().st_size if log.exists() else 0
        began = time.monotonic()
        member.process = await self._spawn(member)
        status = await member.process.wait()
        died = self._died_at_point(member)
        said = log.read_bytes()[said_before:].decode(errors="replace")
        drains = member.awaited == "stop" and READY_LINE in said
        since = member.asked_to_end_at if drains else began
        end = end_of(status, said, outage=self._ground.outage.was_since(since))
        if not is_meant(end, member.awaited, died_at_point=died):
            member.ends.append(end)

    def _died_at_point(self, member: Member) -> bool:
        """Whether its last process wrote down that it dies where it was told to."""
        return death_file(self._ground.folder, member.name).exists()

    async def _spawn(self, member: Member) -> asyncio.subprocess.Process:
        with self.log_of(member).open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *ending_with_me(
                    *(sys.executable, "-m", "tests.chaos.member"),
                    *(member.service.name, member.name),
                    *(str(self._ground.folder), str(self._ground.began)),
                ),
                cwd=CHECKOUT,
                env=dict(member.environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


async def until(condition: Callable[[], bool] | Callable[[], Awaitable[bool]]) -> None:
    """Wait until it holds; whoever asks says for how long."""
    while True:
        holds = condition()
        if holds if isinstance(holds, bool) else await holds:
            return
        await asyncio.sleep(LOOK_SECONDS)


async def _end(member: Member) -> None:
    process = member.process
    if process is None or process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGCONT)
        process.kill()
    await process.wait()
