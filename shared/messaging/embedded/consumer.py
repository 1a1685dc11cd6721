"""Delivering: one member of one group, with one batch in flight and its offsets committed after.

One task fetches, calls the handler, commits, and lets go of partitions between two batches. The
member's session is kept beside it, however long the handler takes.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence

from shared.database import Database
from shared.messaging.embedded import store
from shared.messaging.embedded.faults import SessionLostError, faults_named
from shared.messaging.embedded.membership import Membership
from shared.messaging.patience import Patience, wait_at_most
from shared.messaging.steps import Steps
from shared.messaging.transport import (
    BatchHandler,
    DecisionsLostError,
    Position,
    Record,
    Subscription,
    TransportError,
    TransportUnavailableError,
)

CHANNEL = "sammen_bus"


class EmbeddedConsumer:
    """One member of one group; starts once."""

    def __init__(
        self,
        database: Database,
        sessions: Database,
        subscription: Subscription,
        handler: BatchHandler,
        *,
        session_timeout_seconds: float,
        poll_seconds: float,
        steps: Steps,
    ) -> None:
        self._database = database
        self._subscription = subscription
        self._handler = handler
        self._poll_seconds = poll_seconds
        self._steps = steps
        self._hears = re.compile("|".join(_as_regex(name) for name in subscription.topics))
        self._look = asyncio.Event()  # there may be records, or something to let go of
        self._membership = Membership(
            sessions,
            subscription,
            session_timeout_seconds=session_timeout_seconds,
            on_change=self._look.set,
        )
        self._stopping = False
        self._delivery: asyncio.Task[None] | None = None
        self._stop_listening: Callable[[], Awaitable[None]] | None = None
        self._failure: BaseException | None = None
        self._rebalances = 0

    async def start(self) -> None:
        """See TransportConsumer.start."""
        assert self._delivery is None, "a consumer starts once; make another"
        with faults_named():
            self._stop_listening = await self._database.listen(CHANNEL, self._heard)
        try:
            await self._membership.join()
        except BaseException:
            await self._let_go()
            raise
        name = f"bus {self._subscription.group} delivery"
        self._delivery = asyncio.create_task(self._deliver(), name=name)

    async def stop(self) -> None:
        """See TransportConsumer.stop."""
        self._stopping = True
        self._look.set()
        if self._delivery is not None:
            await asyncio.wait([self._delivery])
        await self._leave()
        await self._let_go()

    async def abandon(self) -> None:
        """Stop as a dying process would: nothing is finished, committed or said to others."""
        self._stopping = True
        if self._delivery is not None:
            self._delivery.cancel()
            await asyncio.wait([self._delivery])
        await self._let_go()

    async def positions(self) -> Mapping[tuple[str, int], Position]:
        """See TransportConsumer.positions; raises TransportUnavailableError."""
        if (seat := self._membership.seat) is None:
            return {}
        return await store.list_positions(self._database, seat)

    def failure(self) -> BaseException | None:
        """See TransportConsumer.failure."""
        return self._failure

    def rebalances(self) -> int:
        """See TransportConsumer.rebalances."""
        return self._rebalances

    async def _leave(self) -> None:
        """Give the seat up, so that others need not wait until it is lost."""
        seat, self._membership.seat = self._membership.seat, None
        if seat is None:
            return
        try:
            await store.leave_group(self._database, seat)
        except TransportError:
            # Nobody can be told; the session ends by itself.
            return

    async def _let_go(self) -> None:
        """End everything that runs on this member's behalf."""
        self._membership.seat = None
        await self._membership.close()
        stop_listening, self._stop_listening = self._stop_listening, None
        if stop_listening is None:
            return
        try:
            with faults_named():
                await stop_listening()
        except TransportError:
            # With its connection the listening ended too.
            return

    def _heard(self, notice: str) -> None:
        """Act on a notice: topics that grew, a group in motion, or (empty) perhaps anything."""
        kind, _, said = notice.partition(" ")
        if kind == "g" and said == self._subscription.group:
            self._rebalances += 1
        if kind != "t" and said in ("", self._subscription.group):
            self._membership.look()
            self._look.set()
        if kind == "t" and any(map(self._hears.fullmatch, said.split(" "))):
            self._look.set()

    async def _deliver(self) -> None:
        try:
            await self._deliver_until_stopped()
        except Exception as error:  # noqa: BLE001 - whatever ends delivery is what failure() says
            self._failure = error
            # Others may have more luck with these partitions, and must not wait for us.
            await self._leave()

    async def _deliver_until_stopped(self) -> None:
        patience = Patience()
        while not self._stopping:
            self._look.clear()
            self._steps.begin("fetch")
            try:
                batch = await self._next_batch()
            except TransportUnavailableError:
                self._steps.forget()
                await wait_at_most(patience.lose(), self._look)
                continue
            patience = Patience()
            if batch:
                try:
                    await self._handler(batch)
                except DecisionsLostError:
                    # The group's offsets lie beside the decisions: those there now go with them.
                    continue
                self._steps.begin("offsets")
                await self._commit(batch)
            else:
                self._steps.forget()
                await wait_at_most(self._poll_seconds, self._look)

    async def _next_batch(self) -> Sequence[Record]:
        membership = self._membership
        if membership.failure is not None:
            raise membership.failure
        if membership.seat is None:
            await membership.join()
        seat = membership.seat
        assert seat is not None, "joining takes a seat"
        try:
            if membership.must_release:
                membership.must_release = False
                await store.release(self._database, seat)
            return await store.fetch(
                self._database, seat, records_max=self._subscription.batch_records_max
            )
        except SessionLostError:
            membership.seat = None
            self._look.set()
            return ()

    async def _commit(self, batch: Sequence[Record]) -> None:
        """Commit what the batch consumed, for as long as the seat is ours and the bus away."""
        offsets = {(record.topic, record.partition): record.offset + 1 for record in batch}
        patience = Patience()
        while (seat := self._membership.seat) is not None:
            try:
                moved = await store.commit_offsets(self._database, seat, offsets)
            except TransportUnavailableError:
                if self._stopping:
                    return
                await asyncio.sleep(patience.lose())
                continue
            if moved < len(offsets):
                # Others have these partitions, and will be given the batch again.
                self._membership.seat = None
            return


def _as_regex(name: str) -> str:
    return ".*".join(re.escape(text) for text in name.split("*"))
