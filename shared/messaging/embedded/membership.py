"""A member's place in its group: taken on a connection of its own, and kept by heartbeats.

The bus ends a session that was silent for too long, and at once when the connection it was last
heard on is gone: so a process that was killed is replaced without waiting. Being slow costs
nothing, since the heartbeats go on while a handler works.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

from shared.database import Connection, Database
from shared.messaging.embedded import store
from shared.messaging.embedded.faults import faults_named
from shared.messaging.embedded.store import Seat
from shared.messaging.patience import wait_at_most
from shared.messaging.transport import Subscription, TransportError, TransportUnavailableError

HEARTBEATS_PER_SESSION = 3
HEARTBEAT_SECONDS_MAX = 1.0


class Membership:
    """One member's place in its group, lost and taken anew as often as need be."""

    def __init__(
        self,
        sessions: Database,
        subscription: Subscription,
        *,
        session_timeout_seconds: float,
        on_change: Callable[[], None],
    ) -> None:
        self.seat: Seat | None = None
        """What this member is in the group at present; None when it must join."""
        self.must_release = False
        """There are partitions to let go of, between two batches."""
        self.failure: TransportError | None = None
        """Why the session can't be kept, for good."""
        self._sessions = sessions
        self._subscription = subscription
        self._session_timeout_seconds = session_timeout_seconds
        self._on_change = on_change
        self._beat_now = asyncio.Event()
        self._heart: asyncio.Task[None] | None = None
        self._connection: Connection | None = None
        self._connections = AsyncExitStack()
        self._one_at_a_time = asyncio.Lock()

    async def join(self) -> None:
        """Take a seat, and keep it from now on.

        Raises TopicMismatchError, TransportForbiddenError or TransportUnavailableError.
        """
        seat = Seat(self._subscription.group, uuid4())
        async with self._own_connection() as connection:
            await store.join_group(
                connection,
                seat,
                self._subscription.topics,
                session_seconds=self._session_timeout_seconds,
            )
        self.seat = seat
        self.must_release = False
        if self._heart is None:
            name = f"bus {self._subscription.group} heart"
            self._heart = asyncio.create_task(self._keep_seat(), name=name)

    def look(self) -> None:
        """The group is in motion: ask at once what has become of this member's partitions."""
        self._beat_now.set()

    async def close(self) -> None:
        """End the heartbeats; the seat is lost when the bus notices."""
        heart, self._heart = self._heart, None
        if heart is not None:
            heart.cancel()
            await asyncio.wait([heart])
        await self._disconnect()

    async def _keep_seat(self) -> None:
        every_seconds = min(
            self._session_timeout_seconds / HEARTBEATS_PER_SESSION, HEARTBEAT_SECONDS_MAX
        )
        while True:
            await wait_at_most(every_seconds, self._beat_now)
            self._beat_now.clear()
            if self.seat is None:
                continue
            try:
                await self._beat(self.seat)
            except TransportUnavailableError:
                continue
            except TransportError as error:
                self.failure = error
                self._on_change()
                return

    async def _beat(self, seat: Seat) -> None:
        async with self._own_connection() as connection:
            pulse = await store.heartbeat(connection, seat)
        if seat is not self.seat:
            return
        if not pulse.alive:
            self.seat = None
        self.must_release = pulse.must_release
        if pulse.must_release or not pulse.alive:
            self._on_change()

    @asynccontextmanager
    async def _own_connection(self) -> AsyncIterator[Connection]:
        """The connection this member is known by; the next use makes another when it broke."""
        async with self._one_at_a_time:
            try:
                if self._connection is None:
                    with faults_named():
                        self._connection = await self._connections.enter_async_context(
                            self._sessions.connection()
                        )
                yield self._connection
            except TransportUnavailableError:
                await self._disconnect()
                raise

    async def _disconnect(self) -> None:
        self._connection = None
        await self._connections.aclose()
