"""Delivering: one member of one group, with one batch in flight and its offsets committed after.

Two tasks share a consumer. One fetches, calls the handler, commits, and lets go of partitions
between two batches. The other keeps the session alive meanwhile, however long the handler takes,
and learns what this member is to let go of.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from uuid import uuid4

from shared.database import Database
from shared.messaging.embedded import store
from shared.messaging.embedded.faults import SessionLostError, faults_named
from shared.messaging.embedded.store import Seat
from shared.messaging.transport import (
    BatchHandler,
    Position,
    Record,
    Subscription,
    TransportError,
    TransportUnavailableError,
)

HEARTBEATS_PER_SESSION = 3

RETRY_SECONDS_FIRST = 0.05
RETRY_SECONDS_MAX = 2.0


class EmbeddedConsumer:
    """One member of one group; starts once."""

    def __init__(
        self,
        database: Database,
        subscription: Subscription,
        handler: BatchHandler,
        *,
        session_timeout_seconds: float,
        poll_seconds: float,
        channel: str,
        running: set[EmbeddedConsumer],
    ) -> None:
        self._database = database
        self._subscription = subscription
        self._handler = handler
        self._session_timeout_seconds = session_timeout_seconds
        self._poll_seconds = poll_seconds
        self._channel = channel
        self._running = running
        self._hears = re.compile("|".join(_as_regex(name) for name in subscription.topics))
        self._seat: Seat | None = None
        self._must_release = False
        self._stopping = False
        self._look = asyncio.Event()  # there may be records, or something to let go of
        self._beat_now = asyncio.Event()
        self._delivery: asyncio.Task[None] | None = None
        self._heart: asyncio.Task[None] | None = None
        self._stop_listening: Callable[[], Awaitable[None]] | None = None
        self._failure: BaseException | None = None
        self._heart_failure: TransportError | None = None

    async def start(self) -> None:
        """See TransportConsumer.start."""
        assert self._delivery is None, "a consumer starts once; make another"
        with faults_named():
            self._stop_listening = await self._database.listen(self._channel, self._heard)
        try:
            await self._join()
        except BaseException:
            await self._let_go()
            raise
        self._running.add(self)
        name = f"bus {self._subscription.group}"
        self._delivery = asyncio.create_task(self._deliver(), name=f"{name} delivery")
        self._heart = asyncio.create_task(self._keep_session(), name=f"{name} heart")

    async def stop(self) -> None:
        """See TransportConsumer.stop."""
        self._stopping = True
        self._look.set()
        if self._delivery is not None:
            await asyncio.wait([self._delivery])
        await self._let_go()

    async def abandon(self) -> None:
        """Stop as a dying process would: nothing is finished, committed or said to others."""
        self._stopping = True
        self._seat = None
        if self._delivery is not None:
            self._delivery.cancel()
            await asyncio.wait([self._delivery])
        await self._let_go()

    async def positions(self) -> Mapping[tuple[str, int], Position]:
        """See TransportConsumer.positions; raises TransportUnavailableError."""
        if self._seat is None:
            return {}
        return await store.list_positions(self._database, self._seat)

    def failure(self) -> BaseException | None:
        """See TransportConsumer.failure."""
        return self._failure

    async def _let_go(self) -> None:
        """Leave the group, if still in it, and end everything that runs on our behalf."""
        heart, self._heart = self._heart, None
        if heart is not None:
            heart.cancel()
            await asyncio.wait([heart])
        seat, self._seat = self._seat, None
        if seat is not None:
            await self._leave(seat)
        stop_listening, self._stop_listening = self._stop_listening, None
        if stop_listening is not None:
            await stop_listening()
        self._running.discard(self)

    async def _join(self) -> None:
        seat = Seat(self._subscription.group, uuid4())
        await store.join_group(
            self._database,
            seat,
            self._subscription.topics,
            session_seconds=self._session_timeout_seconds,
        )
        self._seat = seat
        self._must_release = False

    async def _leave(self, seat: Seat) -> None:
        try:
            await store.leave_group(self._database, seat)
        except TransportUnavailableError:
            # Nobody can be told now; the session ends by itself.
            return

    def _heard(self, notice: str) -> None:
        """Act on a notice: topics that grew, a group in motion, or (empty) perhaps anything."""
        kind, _, said = notice.partition(" ")
        if kind != "g" and (not said or any(map(self._hears.fullmatch, said.split(" ")))):
            self._look.set()
        if kind != "t" and said in ("", self._subscription.group):
            self._beat_now.set()

    async def _deliver(self) -> None:
        try:
            await self._deliver_until_stopped()
        except Exception as error:  # noqa: BLE001 - whatever ends delivery is what failure() says
            self._failure = error
            # Others may have more luck with these partitions, and must not wait for us.
            seat, self._seat = self._seat, None
            if seat is not None:
                await self._leave(seat)

    async def _deliver_until_stopped(self) -> None:
        retry_seconds = RETRY_SECONDS_FIRST
        while not self._stopping:
            self._look.clear()
            if self._heart_failure is not None:
                raise self._heart_failure
            try:
                batch = await self._next_batch()
            except TransportUnavailableError:
                await _wait(self._look, retry_seconds)
                retry_seconds = min(2 * retry_seconds, RETRY_SECONDS_MAX)
                continue
            retry_seconds = RETRY_SECONDS_FIRST
            if batch:
                await self._handler(batch)
                await self._commit(batch)
            else:
                await _wait(self._look, self._poll_seconds)

    async def _next_batch(self) -> Sequence[Record]:
        try:
            if self._seat is None:
                await self._join()
            seat = self._seat
            assert seat is not None, "joining takes a seat"
            if self._must_release:
                self._must_release = False
                await store.release(self._database, seat)
            return await store.fetch(
                self._database, seat, records_max=self._subscription.batch_records_max
            )
        except SessionLostError:
            self._seat = None
            self._look.set()
            return ()

    async def _commit(self, batch: Sequence[Record]) -> None:
        """Commit what the batch consumed, for as long as the seat is ours and the bus away."""
        offsets = {(record.topic, record.partition): record.offset + 1 for record in batch}
        retry_seconds = RETRY_SECONDS_FIRST
        while (seat := self._seat) is not None:
            try:
                moved = await store.commit_offsets(self._database, seat, offsets)
            except TransportUnavailableError:
                if self._stopping:
                    return
                await asyncio.sleep(retry_seconds)
                retry_seconds = min(2 * retry_seconds, RETRY_SECONDS_MAX)
                continue
            if moved < len(offsets):
                # Others have these partitions, and will be given the batch again.
                self._seat = None
            return

    async def _keep_session(self) -> None:
        every_seconds = self._session_timeout_seconds / HEARTBEATS_PER_SESSION
        wait_seconds = every_seconds
        while True:
            await _wait(self._beat_now, wait_seconds)
            self._beat_now.clear()
            wait_seconds = every_seconds
            if (seat := self._seat) is None:
                continue
            try:
                pulse = await store.heartbeat(self._database, seat)
            except TransportUnavailableError:
                wait_seconds = min(RETRY_SECONDS_MAX, every_seconds)
                continue
            except TransportError as error:
                self._heart_failure = error
                self._look.set()
                return
            if seat is not self._seat:
                continue
            if not pulse.alive:
                self._seat = None
            self._must_release = pulse.must_release
            self._look.set()


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, at most so long."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


def _as_regex(name: str) -> str:
    return ".*".join(re.escape(text) for text in name.split("*"))
