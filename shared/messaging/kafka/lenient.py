"""Records that aiokafka can't read: those it could with more patience, and those nobody can.

Kafka takes a record that names a header with bytes that are no UTF-8, and its own client reads the
name as best it can. aiokafka can't read it, nor anything behind it: one record of a stranger would
stop whoever hears its topic, for ever. So where aiokafka finds such a name, the same bytes are read
once more by its slower parser in Python, made to put U+FFFD for what can't be read. All other
records are read as ever.

A batch that is damaged, or packed as nobody knows, stops its partition. aiokafka names no offset,
forgets the whole records it had read in front of it, and raises whatever the unpacking library
raises. Here the records in front are handed out first, and one error says where the damage lies.
"""

from __future__ import annotations

from typing import Any

from aiokafka import TopicPartition, errors
from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords, _MemoryRecordsPy

from shared.messaging.kafka.faults import UnreadableError


def read_leniently() -> None:
    """Have aiokafka's consumers in this process read so."""
    reading: Any = fetcher
    reading.MemoryRecords = KeptRecords
    reading.PartitionRecords = LenientPartitionRecords


class KeptRecords:
    """The batches of a partition in an answer, and the bytes they were read from."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        records = MemoryRecords(content)
        self.has_next = records.has_next
        self.next_batch = records.next_batch
        self.size_in_bytes = records.size_in_bytes


class LenientPartitionRecords(PartitionRecords):
    """The records of a partition in an answer, one after the other."""

    def __init__(self, partition: TopicPartition, records: KeptRecords, *rest: object) -> None:
        super().__init__(partition, records, *rest)  # type: ignore[no-untyped-call]
        self._place = partition
        self._content = records.content
        self._handed_out = False

    def __next__(self) -> Any:  # noqa: ANN401 - aiokafka's record
        try:
            record = self._read()
        except StopIteration:
            raise
        except Exception as error:
            if self._handed_out:
                # Those count; the next answer begins with what can't be read.
                raise StopIteration from error
            raise UnreadableError(
                self._place.topic, self._place.partition, self.next_fetch_offset, error
            ) from error
        self._handed_out = True
        return record

    def _read(self) -> Any:  # noqa: ANN401 - as above
        try:
            return super().__next__()  # type: ignore[no-untyped-call]
        except (UnicodeDecodeError, errors.CorruptRecordException) as error:
            # Where aiokafka runs without its compiled part, it wraps the one in the other.
            if not isinstance(error.__cause__ or error, UnicodeDecodeError):
                raise
        # Of the batch it stopped in, what was handed out is skipped by its offset. What it knows of
        # aborted transactions is true of that batch, so the ones before it must not come again.
        self._records = _LenientRecords(self._content, self.next_fetch_offset)
        self._records_iterator = self._unpack_records()  # type: ignore[no-untyped-call]
        return super().__next__()  # type: ignore[no-untyped-call]


class _LenientRecords(_MemoryRecordsPy):  # type: ignore[misc] # final, for want of need
    """The batches that hold this offset or later ones."""

    def __init__(self, content: bytes, offset: int) -> None:
        super().__init__(content)
        while (coming := self._next_slice) is not None:
            if _LenientBatch(coming).next_offset > offset:
                return
            self._cache_next()

    def next_batch(self, *_: int) -> _LenientBatch | None:
        coming = self._next_slice
        if coming is None:
            return None
        self._cache_next()
        return _LenientBatch(coming)


class _LenientBatch(_DefaultRecordBatchPy):  # type: ignore[misc] # as above
    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer = _LenientBytes(self._buffer)


class _LenientBytes(bytearray):
    """Bytes of which every part is text, whatever it holds."""

    def __getitem__(self, place: Any) -> Any:  # noqa: ANN401 - as bytearray's: a number, or bytes
        part = super().__getitem__(place)
        return _LenientBytes(part) if isinstance(part, bytearray) else part

    def decode(self, encoding: str = "utf-8", errors: str = "replace") -> str:  # noqa: ARG002
        return super().decode(encoding, "replace")
