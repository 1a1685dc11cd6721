"""A transaction or savepoint whose end never hides how its work went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from asyncpg.exceptions import InterfaceError, PostgresError

from shared.database.faults import (
    CommitUnknownError,
    ConnectionLostError,
    DatabaseUnavailableError,
    Fault,
    fault_of,
)

if TYPE_CHECKING:
    from types import TracebackType

    from shared.database.session import Session


class DriverTransaction(Protocol):
    """The driver's transaction, which complains of a closed connection over any other error."""

    async def start(self) -> None:
        """Begin."""

    async def commit(self) -> None:
        """End it, keeping what was done."""

    async def rollback(self) -> None:
        """End it, undoing what was done."""


class Transaction:
    """A block that is committed at its end and undone when an error, whichever, leaves it.

    Inside another block it is a savepoint of that one.
    """

    def __init__(self, session: Session, driver: DriverTransaction) -> None:
        self._session = session
        self._driver = driver
        self._is_outermost = not session.is_in_transaction()

    async def __aenter__(self) -> None:
        await self._driver.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, _error: object, _traceback: TracebackType | None
    ) -> None:
        if kind is None:
            await self._commit()
        else:
            await self._roll_back()

    async def _commit(self) -> None:
        if self._session.is_closed():
            raise ConnectionLostError("the connection broke before COMMIT; nothing was done")
        try:
            await self._driver.commit()
        except (PostgresError, DatabaseUnavailableError) as error:
            lost = self._session.is_closed() and fault_of(error) is Fault.UNAVAILABLE
            if not (lost and self._is_outermost):
                raise
            raise CommitUnknownError(
                "the answer to COMMIT was lost; look up whether the work was done"
            ) from error

    async def _roll_back(self) -> None:
        try:
            await self._driver.rollback()
        except (PostgresError, InterfaceError, DatabaseUnavailableError):
            # The server undoes what a lost connection left open, or one we cut. The error that
            # brought us here is the one to be told.
            self._session.terminate()
