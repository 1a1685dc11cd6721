"""The demo from beginning to end: a fresh system, two years, a summary, and pages to look at."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from services.demo.drive import DemoError, Driver
from services.demo.drive import Progress as Tell
from services.demo.finance import FinanceStandIn
from services.demo.summary import read_summary, show
from services.demo.timeline import SampleRequest, load_timeline
from shared.database import EmbeddedPostgres
from shared.observability.logs import configure_logs
from shared.runtime import datadir
from shared.runtime.clock import SimulatedClock
from shared.runtime.embedded import embedded_surroundings
from shared.runtime.outside import outside_transport
from shared.runtime.service import Service
from shared.runtime.settings import read_settings
from shared.runtime.supervision import COMPONENT_FAILED, STALLED, run_until_stopped
from shared.runtime.system import Surroundings, System
from shared.web.issuer import SIGN_IN_PATH

FOLDER: Final = "demo"
STATE_FILE: Final = "state"
UNFINISHED, FINISHED = "unfinished", "finished"
LOG_FILE: Final = "log.jsonl"
LAST_DAY: Final = date(2018, 6, 30)
MIDNIGHT = datetime.min.time().replace(tzinfo=UTC)


def say(sentence: str) -> None:
    """Tell the person at the terminal."""
    sys.stderr.write(f"demo: {sentence}\n")
    sys.stderr.flush()


def run_demo(services: Sequence[Service], *, exit_after: bool) -> int:
    """Run the demo, and stay up afterwards unless told to exit; the exit status.

    Always starts over in a folder of its own inside the data folder, saying what it found there.
    Raises DemoError when a system it was pointed at is in use already.
    """
    settings = read_settings(os.environ)
    settings = settings.model_copy(update={"data_dir": settings.data_dir.resolve() / FOLDER})
    timeline = load_timeline()
    clock = SimulatedClock(datetime.combine(timeline[0].on - timedelta(days=1), MIDNIGHT))
    demo = Demo(timeline, clock, exit_after=exit_after)
    with datadir.held(settings.data_dir):
        start_over(settings.data_dir)
    with (settings.data_dir / LOG_FILE).open("w", encoding="utf-8") as log:
        configure_logs(log, renderer="json")
        surroundings = embedded_surroundings(settings, services, clock, say, durable=False)
        opened = demo.with_finance(surroundings)
        status = asyncio.run(run_until_stopped(opened, services, meanwhile=demo.live))
    if status in (COMPONENT_FAILED, STALLED):
        say(f"a part of the system failed; what happened stands in {settings.data_dir / LOG_FILE}")
    if demo.ended:
        (settings.data_dir / STATE_FILE).write_text(FINISHED, encoding="utf-8")
    return status


def start_over(folder: Path) -> None:
    """Clear away what an earlier demo left, saying whether it had come to its end."""
    state = folder / STATE_FILE
    if state.exists():
        ended = state.read_text(encoding="utf-8") == FINISHED
        say(
            "starting over; an earlier demo's data are cleared away"
            if ended
            else "an earlier demo was stopped half-way: its data are cleared away, starting over"
        )
    if (folder / "postgres").exists():
        asyncio.run(EmbeddedPostgres(folder / "postgres").stop())
    for entry in folder.iterdir():
        if entry.name != datadir.LOCK_FILE:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    state.write_text(UNFINISHED, encoding="utf-8")


class Demo:
    """One run of the demo, from a system that is up to the addresses of its pages."""

    def __init__(
        self, timeline: Sequence[SampleRequest], clock: SimulatedClock, *, exit_after: bool
    ) -> None:
        self._timeline = timeline
        self._clock = clock
        self._exit_after = exit_after
        self._began = time.monotonic()
        self._console = Console()
        self._finance: FinanceStandIn | None = None
        self.ended = False

    @asynccontextmanager
    async def with_finance(
        self, opened: AbstractAsyncContextManager[Surroundings]
    ) -> AsyncIterator[Surroundings]:
        """The surroundings, with a finance system in them that answers to orders."""
        async with opened as surroundings:
            transport = await outside_transport(surroundings.settings, "finance")
            say("no finance system is there: a stand-in pays whatever is ordered, at once")
            async with FinanceStandIn(transport, self._clock) as self._finance:
                yield surroundings

    async def live(self, system: System) -> bool:
        """Live through the programme and show what came of it; whether the process is to end.

        Raises DemoError when the system is not a fresh one.
        """
        issuer = system.own_issuer
        if issuer is None:
            raise DemoError("the demo signs its senders in itself: unset SAMMEN_OIDC_ISSUER")
        token = issuer.issue_token("caseworker")
        assert self._finance is not None, "the surroundings hold one"
        await refuse_used(system, token)
        with progress_shown(self._timeline) as progress:
            driver = Driver(system, issuer, self._clock, self._finance)
            lived = await driver.live_through(self._timeline, LAST_DAY, progress)
        seconds = time.monotonic() - self._began
        summary = await read_summary(system, token, lived, last_day=LAST_DAY, seconds=seconds)
        show(summary, self._console)
        self.ended = True
        if not self._exit_after:
            self._show_addresses(system, summary.explained_case)
        return self._exit_after

    def _show_addresses(self, system: System, case: str | None) -> None:
        sign_in = f"{system.address}{SIGN_IN_PATH}"
        lines = [
            f"The programme's figures: {system.address}/",
            f"One person's case, explained: {sign_in}?next=/bonus/cases/{case or ''}",
            "  (sign in there as a caseworker)",
            f"What waits for a caseworker: {sign_in}?next=/bonus/work",
            f"What a company sees, and applies for: {sign_in}?next=/bonus/company",
            f"Health and metrics: {system.ops_address}/health/ready, {system.ops_address}/metrics",
            "Stop it with Ctrl-C.",
        ]
        for line in lines:
            self._console.print(line, soft_wrap=True, highlight=False)


async def refuse_used(system: System, token: str) -> None:
    """Raise DemoError when companies have joined this system before."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=system.address, headers=headers) as client:
        answer = await client.get("/evaluation/v1/figures", params={"to": str(LAST_DAY)})
    if answer.raise_for_status().json()["after"]["companies"]:
        raise DemoError("the database named by SAMMEN_DATABASE_URL is in use; name an empty one")


@contextmanager
def progress_shown(timeline: Sequence[SampleRequest]) -> Iterator[Tell]:
    """A bar for who is looking, a line each half year for who reads a log."""
    first = timeline[0].on
    if not sys.stderr.isatty():
        yield _say_half_years
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task(str(first), total=(LAST_DAY - first).days + 1)

        def tell(day: date, _requests: int) -> None:
            bar.update(task, completed=(day - first).days + 1, description=f"{day:%B %Y}")

        yield tell


def _say_half_years(day: date, requests: int) -> None:
    if (day.month, day.day) in {(1, 1), (7, 1)}:
        say(f"{day}: {requests} requests sent")
