"""A service's way to its database: a bounded pool that outlives the server it talks to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import cast

from asyncpg.exceptions import InterfaceError, PostgresError

from shared.database.connection import Connection
from shared.database.faults import DatabaseUnavailableError
from shared.database.listener import Listener
from shared.database.roles import quoted
from shared.database.session import (
    Pool,
    Session,
    SessionLimits,
    open_pool,
    unreachable_named,
)

# How long a caller waits for a free connection before it is told to come back later.
ACQUIRE_SECONDS_MAX = 10.0
CLOSE_SECONDS_MAX = 10.0


class Database:
    """One role's pool of connections to one database; safe to use from many tasks at once.

    It recovers by itself when the server comes back: calls fail with Fault.UNAVAILABLE meanwhile.
    """

    def __init__(self, pool: Pool, listener: Listener, *, acquire_seconds_max: float) -> None:
        self._pool = pool
        self._listener = listener
        self._acquire_seconds_max = acquire_seconds_max

    @classmethod
    async def connect(
        cls,
        url: str,
        *,
        application_name: str,
        schema: str | None = None,
        connections_max: int = 10,
        limits: SessionLimits | None = None,
        acquire_seconds_max: float = ACQUIRE_SECONDS_MAX,
    ) -> Database:
        """Open the pool and one connection in it; names without a schema mean `schema`.

        Raises DatabaseUnavailableError when nobody answers at the address, and the server's own
        error when it answers but refuses (a wrong password is Fault.FORBIDDEN).
        """
        settings = {"application_name": application_name, "timezone": "UTC"}
        if schema is not None:
            # pg_temp last, or a temporary table could stand in for a real one.
            settings["search_path"] = f"{quoted(schema)}, pg_temp"
        pool = await open_pool(
            url,
            connections_max=connections_max,
            limits=limits or SessionLimits(),
            settings=settings,
        )
        listener = Listener(url, application_name=f"{application_name} listener")
        return cls(pool, listener, acquire_seconds_max=acquire_seconds_max)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One READ COMMITTED transaction: committed at the end, undone when an error leaves it.

        Raises CommitUnknownError when the answer to COMMIT was lost (look up what you wrote), and
        TransactionAbortedError when the caller swallowed the error of a statement.
        """
        async with (
            self._session() as session,
            session.transaction(isolation="read_committed"),
        ):
            yield cast("Connection", session)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection without a transaction: each statement stands for itself."""
        async with self._session() as session:
            yield cast("Connection", session)

    async def listen(
        self, channel: str, callback: Callable[[str], None]
    ) -> Callable[[], Awaitable[None]]:
        """Call back with the payload of each notice on a channel, until the result is awaited.

        A notice is a wake-up call, no message: those sent while the connection was broken are
        lost. The callback is therefore also called with "" after each reconnection. All channels
        share one connection outside the pool. Raises DatabaseUnavailableError when the first
        connection can't be made; later ones are tried until they succeed.
        """
        return await self._listener.add(channel, callback)

    async def close(self) -> None:
        """Let go of every connection, waiting a while for those in use; safe to call twice."""
        await self._listener.close()
        try:
            async with asyncio.timeout(CLOSE_SECONDS_MAX):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Session]:
        session = await self._acquire()
        try:
            yield session
        finally:
            await self._give_back(session)

    async def _give_back(self, session: Session) -> None:
        # Should only the cleaning after the work fail, then the pool has cut that connection, and
        # the caller, whose work may be committed, must not be told that it failed.
        with suppress(PostgresError, InterfaceError, DatabaseUnavailableError, TimeoutError):
            await self._pool.release(session)

    async def _acquire(self) -> Session:
        try:
            async with unreachable_named():
                return await self._pool.acquire(timeout=self._acquire_seconds_max)
        except InterfaceError as error:
            # A pool that is closed or closing; anything else is our mistake.
            if "clos" not in str(error):
                raise
            raise DatabaseUnavailableError(f"no connection to be had: {error}") from error
