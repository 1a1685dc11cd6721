"""What a caller holds while it talks to the database; the driver behind it stays unnamed.

Parameters are `$1, $2, ...`. `jsonb` values are Python objects; `timestamptz` values are aware
datetimes in UTC, and only aware ones may be given.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, ItemsView, Iterable, Iterator, KeysView, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol


class Row(Protocol):
    """One row, read by column name or position; iterating gives the values."""

    def __getitem__(self, key: str | int, /) -> Any:  # noqa: ANN401 - SQL decides the type
        """The value of a column. Raises KeyError or IndexError when there is no such column."""

    def __iter__(self) -> Iterator[Any]: ...

    def __len__(self) -> int: ...

    def get(self, key: str, default: Any = None, /) -> Any:  # noqa: ANN401 - SQL decides the type
        """The value of a column, or the default when there is no such column."""

    def keys(self) -> KeysView[str]:
        """The column names, in order."""

    def values(self) -> Iterable[Any]:
        """The values, in order."""

    def items(self) -> ItemsView[str, Any]:
        """Column names with their values, in order."""


class Connection(Protocol):
    """A session of one caller; never used by two tasks at once.

    Every method raises the database's own error; `fault_of` says what to do about it.
    """

    async def execute(self, query: str, *args: object) -> str:
        """Run one statement (or, without parameters, several) and return its command tag."""

    async def executemany(self, command: str, args: Iterable[Sequence[object]]) -> None:
        """Run one statement for each tuple of parameters, all or none of them."""

    async def fetch(self, query: str, *args: object) -> list[Row]:
        """Run one statement and return its rows."""

    async def fetchrow(self, query: str, *args: object) -> Row | None:
        """Run one statement and return its first row, None when there is none."""

    async def fetchval(self, query: str, *args: object, column: int = 0) -> Any:  # noqa: ANN401 - SQL decides the type
        """Run one statement and return one value of its first row, None when there is none."""

    def cursor(self, query: str, *args: object, prefetch: int | None = None) -> AsyncIterator[Row]:
        """Iterate over rows without holding them all in memory; only inside a transaction."""

    async def copy_records_to_table(
        self,
        table_name: str,
        *,
        records: Iterable[Sequence[object]],
        columns: Sequence[str] | None = None,
        schema_name: str | None = None,
    ) -> str:
        """Append many rows at the speed of COPY; any conflict fails them all."""

    def transaction(self) -> AbstractAsyncContextManager[Any]:
        """A savepoint inside a transaction: an error that leaves it undoes only its part."""

    def is_closed(self) -> bool:
        """Tell whether this session is known to be gone."""

    def is_in_transaction(self) -> bool:
        """Tell whether a transaction is open on this session."""
