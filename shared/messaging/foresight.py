"""Reading ahead: the next batch is read while the one in flight waits for the database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from shared.messaging.reading import Reading, read
from shared.messaging.steps import Tell
from shared.messaging.transport import Record
from shared.messaging.work import Hears

READ_AT_ONCE: Final = 10
"""So many records are read before the batch in flight gets its turn again: it waits for that long
after each answer of the database."""


class ReadAhead:
    """What one consumer has read of the batch that may come next."""

    def __init__(self, hears: Hears, tell: Tell) -> None:
        self._hears = hears
        self._tell = tell
        """Told of the time that reading takes; it is also part of another batch's steps."""
        self._records: Sequence[Record] = ()
        self._readings: list[Reading] = []

    async def foresee(self, records: Sequence[Record]) -> None:
        """Read the records, with a break after every few."""
        readings: list[Reading] = []
        seconds = 0.0
        for first in range(0, len(records), READ_AT_ONCE):
            started = time.perf_counter()
            readings += [
                read(record, self._hears) for record in records[first : first + READ_AT_ONCE]
            ]
            seconds += time.perf_counter() - started
            await asyncio.sleep(0)
        self._tell("decode", seconds)
        self._records, self._readings = records, readings

    def take(self, records: Sequence[Record]) -> list[Reading]:
        """The records as they were read ahead, or else as read now."""
        foreseen, readings = self._records, self._readings
        self._records, self._readings = (), []
        if foreseen is records:
            return readings
        return [read(record, self._hears) for record in records]
