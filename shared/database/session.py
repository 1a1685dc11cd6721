"""One session with the server, whose every way of getting lost has one name.

The driver is untyped; what the rest of this package uses of it is typed here.
"""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import asyncpg
from asyncpg.exceptions import InterfaceError, InternalClientError

from shared.database.faults import (
    ConnectionLostError,
    DatabaseUnavailableError,
    Fault,
    TransactionAbortedError,
    fault_of,
)
from shared.database.transaction import Transaction

CONNECT_SECONDS_MAX = 5.0

# The driver gives up on a statement this much after the server should have: by then the server,
# or the way to it, is gone.
ANSWER_MARGIN_SECONDS = 5.0

# Idle connections of a pool beyond the first are given back to the server after this time.
IDLE_SECONDS_MAX = 300.0


# How soon the server notices that a machine is gone without a word. Left to Linux it takes over two
# hours, in which the locks of its sessions are kept: a service's stand-by relay waits for one.
GONE_SETTINGS = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "4",
    "tcp_user_timeout": "30000",
}


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long one session may keep the database; None means without limit."""

    statement_seconds: float | None = 30.0
    lock_seconds: float | None = 10.0
    idle_in_transaction_seconds: float | None = 60.0

    def as_settings(self) -> dict[str, str]:
        """The limits as PostgreSQL settings, in milliseconds; 0 is PostgreSQL's "no limit"."""
        return {
            "statement_timeout": _milliseconds(self.statement_seconds),
            "lock_timeout": _milliseconds(self.lock_seconds),
            "idle_in_transaction_session_timeout": _milliseconds(self.idle_in_transaction_seconds),
        }

    @property
    def answer_seconds_max(self) -> float | None:
        """How long to wait for the answer to one statement before holding the server for lost."""
        if self.statement_seconds is None:
            return None
        return self.statement_seconds + ANSWER_MARGIN_SECONDS


def _milliseconds(seconds: float | None) -> str:
    return "0" if seconds is None else str(round(seconds * 1000))


class Session(asyncpg.Connection):
    """A driver connection that says ConnectionLostError however it was lost.

    The driver itself says the same thing in four ways: an OSError, a TimeoutError, an
    InterfaceError, an InternalClientError. Translated here, at the call that met it, a time-out of
    the database is never mistaken for one of the caller's own.
    """

    async def execute(self, query: str, *args: object, timeout: float | None = None) -> str:  # noqa: ASYNC109 - the driver's signature
        """See Connection.execute."""
        async with self._losses_named():
            tag: str = await super().execute(query, *args, timeout=timeout)
        if tag == "ROLLBACK" and query.startswith("COMMIT"):
            raise TransactionAbortedError(
                "an earlier statement of this transaction failed and nothing was committed; "
                "put what may fail into a savepoint: `async with connection.transaction()`"
            )
        return tag

    async def executemany(
        self,
        command: str,
        args: Iterable[Sequence[object]],
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - the driver's signature
    ) -> None:
        """See Connection.executemany."""
        async with self._losses_named():
            await super().executemany(command, args, timeout=timeout)

    async def fetch(self, query: str, *args: object, **options: Any) -> Any:  # noqa: ANN401 - untyped
        """See Connection.fetch."""
        async with self._losses_named():
            return await super().fetch(query, *args, **options)

    async def fetchrow(self, query: str, *args: object, **options: Any) -> Any:  # noqa: ANN401 - untyped
        """See Connection.fetchrow."""
        async with self._losses_named():
            return await super().fetchrow(query, *args, **options)

    async def fetchval(self, query: str, *args: object, **options: Any) -> Any:  # noqa: ANN401 - untyped
        """See Connection.fetchval."""
        async with self._losses_named():
            return await super().fetchval(query, *args, **options)

    async def copy_records_to_table(self, table_name: str, **options: Any) -> Any:  # noqa: ANN401 - untyped
        """See Connection.copy_records_to_table."""
        async with self._losses_named():
            return await super().copy_records_to_table(table_name, **options)

    def transaction(self, **options: str) -> Transaction:
        """See Connection.transaction."""
        return Transaction(self, super().transaction(**options))

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - the driver's signature
        """Say goodbye to the server."""
        await super().close(timeout=timeout)

    def terminate(self) -> None:
        """Cut the connection without saying goodbye."""
        super().terminate()

    def is_closed(self) -> bool:
        """See Connection.is_closed."""
        return bool(super().is_closed())

    def is_in_transaction(self) -> bool:
        """See Connection.is_in_transaction."""
        return bool(super().is_in_transaction())

    async def hear(self, channel: str, callback: Callable[..., None]) -> None:
        """Call back with (session, process id, channel, payload) on each notice."""
        async with self._losses_named():
            await self.add_listener(channel, callback)

    async def unhear(self, channel: str, callback: Callable[..., None]) -> None:
        """End what `hear` began."""
        async with self._losses_named():
            await self.remove_listener(channel, callback)

    def when_lost(self, callback: Callable[[object], None]) -> None:
        """Call back when the session has ended, for whatever reason."""
        self.add_termination_listener(callback)

    @asynccontextmanager
    async def _losses_named(self) -> AsyncIterator[None]:
        try:
            yield
        except TimeoutError as error:
            self.terminate()
            raise ConnectionLostError("the database did not answer in time; try again") from error
        except (OSError, InterfaceError, InternalClientError) as error:
            if fault_of(error) is Fault.UNAVAILABLE:
                self.terminate()
            if not self.is_closed():
                raise
            raise ConnectionLostError(f"the connection broke: {error}; try again") from error


class Pool(Protocol):
    """The driver's pool, which lends Sessions."""

    def __await__(self) -> Generator[Any, None, Any]: ...

    def acquire(self, *, timeout: float) -> Awaitable[Session]:
        """Lend a session; raises TimeoutError when none is free in time."""

    async def release(self, session: Session) -> None:
        """Take a session back, undoing what was set in it."""

    async def close(self) -> None:
        """Close every session once it is given back."""

    def terminate(self) -> None:
        """Cut every session."""


async def open_session(url: str, *, settings: dict[str, str] | None = None) -> Session:
    """Open one session outside any pool.

    Raises DatabaseUnavailableError when nobody answers at the address, and the server's own error
    when it answers but refuses.
    """
    async with unreachable_named():
        session: Session = await asyncpg.connect(
            url,
            timeout=CONNECT_SECONDS_MAX,
            server_settings=settings,
            connection_class=Session,
        )
    return session


async def open_pool(
    url: str, *, connections_max: int, limits: SessionLimits, settings: dict[str, str]
) -> Pool:
    """Open a pool and the first session in it; errors as for `open_session`."""
    pool: Pool = asyncpg.create_pool(
        url,
        # None are kept in reserve: the driver's upkeep of a reserve races with those who ask for a
        # session while the server comes back (cannot switch to state ...), and fills the log.
        min_size=0,
        max_size=connections_max,
        max_inactive_connection_lifetime=IDLE_SECONDS_MAX,
        connection_class=Session,
        init=_prepare,
        timeout=CONNECT_SECONDS_MAX,
        command_timeout=limits.answer_seconds_max,
        server_settings=settings | limits.as_settings() | GONE_SETTINGS,
    )
    async with unreachable_named():
        await pool
        await pool.release(await pool.acquire(timeout=CONNECT_SECONDS_MAX))
    return pool


@asynccontextmanager
async def unreachable_named() -> AsyncIterator[None]:
    """Turn a failure to reach the server into DatabaseUnavailableError."""
    try:
        yield
    except PermissionError:
        raise  # a certificate or key in the home folder that we may not read: no outage
    except OSError as error:  # TimeoutError is one
        reason = str(error) or "no answer, or no free connection, in time"
        raise DatabaseUnavailableError(
            f"the database can't be reached ({reason}); look whether PostgreSQL runs there"
        ) from error


async def _prepare(session: Any) -> None:  # noqa: ANN401 - untyped
    """Let jsonb values pass as Python objects; a NaN is refused before it is sent."""
    await session.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_encode_json, decoder=json.loads
    )


def _encode_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
