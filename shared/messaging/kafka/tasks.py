"""What runs beside a consumer's batches, ended together, whose failures are told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import copy_context

from aiokafka import errors

from shared.messaging.kafka.faults import translate


class Tasks:
    """Tasks of one owner; each error goes to `on_failure`, a library's as the port calls it and
    with the name in front.

    They see the context variables of their owner's making, not of whoever spawns them: FastStream
    keeps its batch in one, and asyncpg keeps what it sees with every statement it prepares.
    """

    def __init__(self, name: str, on_failure: Callable[[BaseException], None]) -> None:
        self._name = name
        self._on_failure = on_failure
        self._context = copy_context()
        self._running: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Begin the work."""
        task = asyncio.create_task(work, name=self._name, context=self._context.copy())
        self._running.add(task)
        task.add_done_callback(self._on_done)

    def cancel_others(self) -> None:
        """End all of them but the one that asks."""
        for task in self._running - {asyncio.current_task()}:
            task.cancel()

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._on_failure(
                translate(error, self._name) if isinstance(error, errors.KafkaError) else error
            )
