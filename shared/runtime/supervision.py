"""The life of a process: start, watch, drain when told to, and an exit status that says why."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from shared.messaging.watchdog import WatchdogError
from shared.observability.logs import Log
from shared.runtime.system import ComponentError, System

LOG = Log(__name__)

GOOD: Final = 0
COMPONENT_FAILED: Final = 1
STALLED: Final = 70
"""EX_SOFTWARE of sysexits.h: no input was wrong, the program stands still. Start it again."""
SIGNALLED: Final = 128
"""A shell adds the signal's number to this."""
DRAIN_SECONDS_MAX: Final = 30.0
SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


async def run_until_stopped(
    system: System, *, started: Callable[[System], None] | None = None
) -> int:
    """Run the system until SIGTERM or SIGINT, or until a part of it fails; the exit status.

    The first signal drains. A second one ends the process at once, unfinished work and all:
    nothing is lost by that, since what is unfinished is delivered again.
    """
    told = asyncio.Event()
    with _signals_caught(told):
        await system.start()
        if started is not None:
            started(system)
        status = await _wait(system, told)
        return await _drain(system, status)


async def _wait(system: System, told: asyncio.Event) -> int:
    """Wait for a signal or a failure; the status the process is to end with."""
    watch = asyncio.create_task(system.watch(), name="watch")
    signalled = asyncio.create_task(told.wait(), name="signals")
    await asyncio.wait([watch, signalled], return_when=asyncio.FIRST_COMPLETED)
    signalled.cancel()
    if not watch.done():
        watch.cancel()
        await asyncio.wait([watch])
        return GOOD
    return _status_of(system, watch.exception())


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
    """Stop everything, but don't wait for ever for a part that hangs."""
    try:
        async with asyncio.timeout(DRAIN_SECONDS_MAX):
            await system.stop()
    except TimeoutError:
        LOG.error("component_failed", component="drain", seconds=DRAIN_SECONDS_MAX)
        return status or COMPONENT_FAILED
    return status


@contextmanager
def _signals_caught(told: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def on_signal(number: int) -> None:
        if told.is_set():
            os._exit(SIGNALLED + number)
        told.set()

    for number in SIGNALS:
        loop.add_signal_handler(number, on_signal, number)
    try:
        yield
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
