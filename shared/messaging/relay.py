"""The relay: brings what a service's outbox holds to the bus, in order, and marks it only then.

One relay of a service works at a time, whoever holds its advisory lock; the others stand by. Two
at once would turn the order of a key around. The lock lives as long as the connection it was taken
on, and rows are marked through that same connection: a relay that lost its lock can't go on to
the rows that follow.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, get_args

from shared.database import Connection, Database
from shared.messaging import dead_letter_store, outbox
from shared.messaging.failpoints import reached
from shared.messaging.letter import State
from shared.messaging.locks import try_session_lock
from shared.messaging.outbox import StoredRow
from shared.messaging.retry import RetryPolicy, delay_seconds
from shared.messaging.sending import Sender
from shared.messaging.transport import Transport
from shared.observability.logs import Log, bound
from shared.observability.metrics import Metrics
from shared.values.clock import Clock

LOG = Log(__name__)

POLL_SECONDS: Final = 1.0
"""A notice wakes the relay at once; this is for the notice that got lost."""

STANDBY_SECONDS: Final = 1.0
"""How often a relay that stands by tries to take over."""

LISTS_AHEAD_MAX: Final = 20
"""Then what was held is tried again, and what waits is counted."""

LOOK_SECONDS: Final = 5.0
"""How often the tables are counted for the metrics."""


class Relay:
    """One process's relay of one service: active or standing by."""

    def __init__(
        self,
        service: str,
        *,
        database: Database,
        transport: Transport,
        clock: Clock,
        metrics: Metrics,
        policy: RetryPolicy | None = None,
        batch_rows_max: int = 5000,
    ) -> None:
        self._service = service
        self._database = database
        self._transport = transport
        self._clock = clock
        self._metrics = metrics
        self._policy = policy or RetryPolicy()
        self._batch_rows_max = batch_rows_max
        self._stopping = asyncio.Event()
        self._wake = asyncio.Event()
        self._sender = Sender(
            service,
            transport=transport,
            metrics=metrics,
            policy=self._policy,
            stopping=self._stopping,
            meanwhile=self._look,
        )
        self._active = False
        self._failures = 0
        self._trouble: str | None = None
        self._looked_at_seconds = float("-inf")
        self._rebuilds = 0
        self._task: asyncio.Task[None] | None = None
        self._unlisten: Callable[[], Awaitable[None]] | None = None

    @property
    def active(self) -> bool:
        """Whether this one works; if not, another does or will."""
        return self._active

    def trouble(self) -> str | None:
        """Why rows wait at present (the bus, a topic, the database), None when nothing is wrong."""
        return self._trouble or self._sender.trouble()

    async def start(self) -> None:
        """Begin, or stand by. Raises DatabaseUnavailableError without a database."""
        # Whoever never has its turn must show that, too: else nobody sees that nobody publishes.
        self._metrics.relay_active(service=self._service).set(0)
        self._unlisten = await self._database.listen(
            outbox.channel(self._service), lambda _payload: self._wake.set()
        )
        self._task = asyncio.create_task(self._run(), name=f"relay of {self._service}")

    async def stop(self) -> None:
        """Finish the batch in flight and let another take over; safe twice and before start."""
        self._stopping.set()
        self._wake.set()
        if self._unlisten is not None:
            unlisten, self._unlisten = self._unlisten, None
            await unlisten()
        if self._task is not None:
            await self._task

    def failure(self) -> BaseException | None:
        """What ended the relay for good, or None: it outlives every fault of database and bus."""
        if self._task is None or not self._task.done() or self._task.cancelled():
            return None
        return self._task.exception()

    async def _run(self) -> None:
        with bound(service=self._service):
            while not self._stopping.is_set():
                try:
                    await self._take_turn()
                except Exception as error:  # noqa: BLE001 # counted, shown, and tried again
                    await self._recover(error)

    async def _take_turn(self) -> None:
        """Work for as long as the lock is ours, else wait a little for it."""
        async with self._database.connection() as connection:
            if await try_session_lock(connection, "relay", self._service):
                # Giving the connection back ends the lock; so does losing it.
                self._set_active(active=True)
                try:
                    await self._work(connection)
                finally:
                    self._set_active(active=False)
                return
        self._trouble = None
        await self._pause(STANDBY_SECONDS)

    async def _work(self, connection: Connection) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            rows = await self._list(connection)
            self._trouble = None
            if rows:
                await self._send(connection, rows)
            self._failures = 0
            await self._look(connection)
            if len(rows) < self._batch_rows_max:
                await self._until_woken()

    async def _send(self, connection: Connection, rows: Sequence[StoredRow]) -> None:
        """Send these rows, and those behind them that are listed while these are on their way.

        What is listed ahead is good only where all before it was sent. Where a topic is refused
        meanwhile, or a row before these shows up (committed late, or to be sent again), everything
        is looked at anew, with nothing left out.
        """
        for _ in range(LISTS_AHEAD_MAX):
            if len(rows) < self._batch_rows_max:
                await self._send_batch(connection, rows)
                return
            ahead = asyncio.create_task(self._list_behind(rows))
            try:
                may_follow = await self._send_batch(connection, rows)
            except BaseException:
                ahead.cancel()
                await asyncio.gather(ahead, return_exceptions=True)
                raise
            behind = await ahead
            if not (may_follow and behind and behind[0].position > rows[-1].position):
                return
            rows = behind

    async def _send_batch(self, connection: Connection, rows: Sequence[StoredRow]) -> bool:
        started_seconds = time.perf_counter()
        await reached("relay.after_select")
        may_follow = await self._sender.send(connection, rows)
        self._metrics.relay_batch_seconds(service=self._service).observe(
            time.perf_counter() - started_seconds
        )
        return may_follow

    async def _list(
        self, connection: Connection, on_their_way: Sequence[StoredRow] = ()
    ) -> list[StoredRow]:
        return await outbox.list_unpublished(
            connection,
            limit=self._batch_rows_max,
            except_topics=self._sender.held_topics(),
            except_positions=[row.position for row in on_their_way],
        )

    async def _list_behind(self, on_their_way: Sequence[StoredRow]) -> list[StoredRow]:
        """The oldest rows but those on their way, by a connection of its own: ours is busy
        marking.
        """
        async with self._database.connection() as connection:
            return await self._list(connection, on_their_way)

    async def _look(self, connection: Connection) -> None:
        """Count what waits, and what it cost to send, now and then."""
        if time.monotonic() - self._looked_at_seconds < LOOK_SECONDS:
            return
        self._looked_at_seconds = time.monotonic()
        before, self._rebuilds = self._rebuilds, self._transport.producer_rebuilds()
        self._metrics.producer_rebuilds(service=self._service).inc(self._rebuilds - before)
        waiting = await outbox.count_waiting(connection)
        age = (self._clock.now() - waiting.oldest_at).total_seconds() if waiting.oldest_at else 0
        self._metrics.outbox_waiting_rows(service=self._service).set(waiting.rows)
        self._metrics.outbox_oldest_age_seconds(service=self._service).set(max(0, age))
        for state, letters in (await dead_letter_store.count_open(connection)).items():
            self._metrics.dead_letters_open(service=self._service, state=state).set(letters)

    async def _until_woken(self) -> None:
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _recover(self, error: Exception) -> None:
        self._failures += 1
        self._trouble = f"{type(error).__name__}: {error}"
        self._metrics.retries(service=self._service, kind="unavailable").inc()
        LOG.warning("relay_retried", attempt=self._failures, reason=self._trouble)
        dice = random.random()  # noqa: S311 # spreads retries, hides nothing
        await self._pause(delay_seconds(self._failures, policy=self._policy, dice=dice))

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    def _set_active(self, *, active: bool) -> None:
        self._active = active
        self._metrics.relay_active(service=self._service).set(int(active))
        if not active:
            # From now on another counts what waits; ours would stand still.
            self._looked_at_seconds = float("-inf")
            self._metrics.outbox_waiting_rows.forget(service=self._service)
            self._metrics.outbox_oldest_age_seconds.forget(service=self._service)
            for state in get_args(State):
                self._metrics.dead_letters_open.forget(service=self._service, state=state)
        LOG.info("relay_started" if active else "relay_standby")
