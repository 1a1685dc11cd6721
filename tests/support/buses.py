"""What the conformance suite asks of a bus under test, and who uses it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from shared.messaging.transport import OutgoingRecord, Record

WRITER = "placements"
"""The principal that writes what a test publishes, unless the test says otherwise."""

READER = "bonus"
"""The principal that reads it."""

STRANGER = "notifications"
"""A principal that neither writes nor reads it."""

PRINCIPALS = (WRITER, READER, STRANGER)

SESSION_SECONDS = 2.0
"""How long a member may be silent on a bus under test."""


class Bus(Protocol):
    """A running bus and the rights of its administrator."""

    async def create_topic(
        self,
        name: str,
        *,
        partitions: int = 1,
        compacted: bool = False,
        maximum_bytes: int = 100_000,
        writers: Sequence[str] = (WRITER,),
        readers: Sequence[str] = (READER,),
    ) -> None: ...

    async def delete_topic(self, name: str) -> None:
        """Remove a topic with all its records."""

    async def delete_records(self, topic: str, *, partition: int, before: int) -> None:
        """Remove the records of a partition that come before an offset."""

    def address(self, principal: str) -> str:
        """Text from which `open_address` makes a transport of this principal, in any process."""


def record(
    topic: str, value: bytes | None = b"{}", *, key: bytes | None = b"k", headers: object = ()
) -> OutgoingRecord:
    """A record to be published."""
    assert isinstance(headers, tuple)
    return OutgoingRecord(topic, key, value, headers)


class Inbox:
    """A handler that keeps what it is given, and can be made to wait or to fail."""

    def __init__(self) -> None:
        self.batches: list[list[Record]] = []
        self.may_return = asyncio.Event()
        self.may_return.set()
        self.entered = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self, batch: Sequence[Record]) -> None:
        self.batches.append(list(batch))
        self.entered.set()
        await self.may_return.wait()
        if self.error is not None:
            raise self.error

    @property
    def records(self) -> list[Record]:
        """Everything given so far, in the order given."""
        return [each for batch in self.batches for each in batch]

    @property
    def values(self) -> list[bytes | None]:
        """The values of everything given so far."""
        return [each.value for each in self.records]
