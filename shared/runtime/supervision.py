"""The life of a process: start, watch, drain when told to, and an exit status that says why."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Final

from shared.messaging.watchdog import WatchdogError
from shared.observability.logs import Log
from shared.runtime.service import Service
from shared.runtime.system import DRAIN_SECONDS_MAX, ComponentError, Surroundings, System

LOG = Log(__name__)

GOOD: Final = 0
COMPONENT_FAILED: Final = 1
STALLED: Final = 70
"""EX_SOFTWARE of sysexits.h: no input was wrong, the program stands still. Start it again."""
SIGNALLED: Final = 128
"""A shell adds the signal's number to this."""
STALLED_DRAIN_SECONDS: Final = 2.0
END_SECONDS_MAX: Final = 10.0
"""How long a process may take to end after everything was stopped, before it is made to."""
SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
GARBAGE_THRESHOLDS: Final = (200_000, 10, 10)
"""A batch makes tens of thousands of objects and lets nearly all of them go by itself. With
Python's own thresholds looking for cycles among them takes a third of a consumer's time."""


Started = Callable[[System], None]
"""Told once the system is up."""

Meanwhile = Callable[[System], Awaitable[bool]]
"""Works with the system once it is up; True when the process is to end after it."""


def run_process(life: Coroutine[object, object, int]) -> int:
    """Run a process's whole life, such as `run_until_stopped(...)`; the status to end it with.

    Whatever is left then may not keep the process: a thread that hangs would.
    """
    with asyncio.Runner() as runner:
        status = runner.run(life)
        end = threading.Timer(END_SECONDS_MAX, os._exit, (status,))
        end.daemon = True
        end.start()
        return status


def collect_garbage_seldom() -> None:
    """Look for cycles less often, and never again among what is there now, such as modules."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


async def run_until_stopped(
    opened: AbstractAsyncContextManager[Surroundings],
    services: Sequence[Service],
    *,
    started: Started | None = None,
    meanwhile: Meanwhile | None = None,
) -> int:
    """Run the services until SIGTERM or SIGINT, or until a part of them fails; the exit status.

    The first signal drains, or breaks off a start. A second one ends the process at once,
    unfinished work and all: nothing is lost by that, since what is unfinished is delivered again.
    What `meanwhile` raises is raised, after draining.
    """
    told = _Told()
    with _signals_caught(told):
        try:
            async with opened as surroundings:
                system = System(services, surroundings)
                await system.start()
                told.starting = None
                collect_garbage_seldom()
                if started is not None:
                    started(system)
                try:
                    status = await _wait(system, told.event, meanwhile)
                except BaseException:
                    await _drain(system, COMPONENT_FAILED)
                    raise
                return await _drain(system, status)
        except asyncio.CancelledError:
            if told.starting is None or not told.event.is_set():
                raise
            told.starting.uncancel()
            return GOOD


class _Told:
    """Whether a signal has come, and which task is still starting things when one does."""

    def __init__(self) -> None:
        self.event = asyncio.Event()
        self.starting = asyncio.current_task()

    def on_signal(self, number: int) -> None:
        if self.event.is_set():
            os._exit(SIGNALLED + number)
        self.event.set()
        if self.starting is not None:
            self.starting.cancel()


async def _wait(system: System, told: asyncio.Event, meanwhile: Meanwhile | None) -> int:
    """Wait for a signal, a failure or the end of `meanwhile`; the status to end with."""
    watch = asyncio.create_task(system.watch(), name="watch")
    waiting: set[asyncio.Task[object]] = {watch, asyncio.create_task(told.wait(), name="signals")}
    if meanwhile is not None:
        waiting.add(asyncio.create_task(_whether_to_end(meanwhile, system), name="meanwhile"))
    try:
        while True:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if watch in done:
                return _status_of(system, watch.exception())
            if any(task.result() for task in done):
                return GOOD
    finally:
        for task in waiting:
            task.cancel()
        if waiting:
            await asyncio.wait(waiting)


async def _whether_to_end(meanwhile: Meanwhile, system: System) -> bool:
    return await meanwhile(system)


def _status_of(system: System, failure: BaseException | None) -> int:
    """Say what ended the watch."""
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    match failure:
        case WatchdogError(__cause__=None):
            component, status = "watchdog", STALLED
        case WatchdogError() | ComponentError():
            component, status = "consumer or relay", COMPONENT_FAILED
        case _:
            component, status = "watch", COMPONENT_FAILED
    system.metrics.component_failures(component=component).inc()
    LOG.error("component_failed", component=component, detail=str(failure), error=failure)
    return status


async def _drain(system: System, status: int) -> int:
    """Stop everything; what stands still anyway is not waited for."""
    seconds = STALLED_DRAIN_SECONDS if status == STALLED else DRAIN_SECONDS_MAX
    drained = await system.stop(drain_seconds_max=seconds)
    return status if drained else status or COMPONENT_FAILED


@contextmanager
def _signals_caught(told: _Told) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, told.on_signal, number)
    try:
        yield
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
