"""One run of records, decided in one transaction by one consumer: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal

from shared.database import Database
from shared.messaging import dead_letter_store, inbox
from shared.messaging.decided_offsets import DecidedOffsets
from shared.messaging.failpoints import reached
from shared.messaging.letter import State, TopicKey
from shared.messaging.reading import Reading
from shared.messaging.retry import follow
from shared.messaging.steps import Steps
from shared.messaging.work import Hears, Work, begin_work
from shared.values.clock import Clock

Fate = Literal[
    "handled", "erased", "duplicate", "passed_by", "parked", "unknown_type", "malformed", "dead"
]
"""What became of one record."""

STATE_OF_FATE: Mapping[Fate, State] = {
    "parked": "parked",
    "unknown_type": "unknown_type",
    "malformed": "dead",
    "dead": "dead",
}
DECIDED: frozenset[Fate] = frozenset({"handled", "erased"})


@dataclass(frozen=True, slots=True)
class Listener:
    """One consumer of one service: who it is, and where it decides."""

    service: str
    hears: Hears
    database: Database
    clock: Clock
    steps: Steps = field(default_factory=Steps)

    @property
    def name(self) -> str:
        """The name of its group, its inbox and its dead letters."""
        return f"{self.service}.{self.hears.name}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of each record, and how many dead letters in a row that makes."""

    fates: tuple[tuple[Reading, Fate], ...]
    run: int


class RunTooLongError(Exception):
    """The dead letters among these records would be too many in a row; nothing was decided."""

    def __init__(self, cut: int) -> None:
        super().__init__(f"the limit is reached at record {cut} of the run")
        self.cut = cut
        """How many records may be decided before that."""


async def decide_together(
    listener: Listener,
    readings: Sequence[Reading],
    offsets: DecidedOffsets,
    *,
    run: int,
    run_max: int,
) -> Outcome:
    """Decide the readings in record order: known ids dropped, stopped keys parked, bad ones buried.

    `run` is how many dead letters in a row came before. Raises RunTooLongError when the limit is
    filled before the last reading, DecisionsLostError, and whatever the handler or the database
    raises; nothing is left behind then.
    """
    records = [reading.record for reading in readings]
    if all(reading.kind == "passed_by" for reading in readings):
        async with listener.database.transaction() as connection:
            moved = await offsets.move(connection, records)
        offsets.noted(moved)
        return Outcome(tuple((reading, "passed_by") for reading in readings), run)
    await reached("consumer.before_transaction")
    steps = listener.steps
    steps.begin("inbox")
    async with begin_work(
        listener.database, listener.clock, service=listener.service, steps=steps
    ) as work:
        moved = await offsets.move(work.connection, records)
        kept = await _find_kept(work, listener, readings)
        fates = await _settle_fates(work, listener, readings, kept)
        await reached("consumer.after_inbox")
        followed = follow(
            run, [_outcome(reading, fate, kept) for reading, fate in fates], limit=run_max
        )
        if followed.cut is not None and followed.cut < len(readings):
            raise RunTooLongError(followed.cut)
        await dead_letter_store.insert(
            work.connection,
            listener.name,
            [(reading, STATE_OF_FATE[fate]) for reading, fate in fates if fate in STATE_OF_FATE],
            recorded_at=work.now,
        )
        steps.begin("load")
        await hand_over(work, listener, [r for r, fate in fates if fate in DECIDED])
        steps.begin("write")
        await work.write_outbox()
        await reached("consumer.before_commit")
        steps.begin("commit")
    offsets.noted(moved)
    await reached("consumer.after_commit")
    return Outcome(tuple(fates), followed.length)


async def hand_over(work: Work, listener: Listener, readings: Sequence[Reading]) -> None:
    """Give new events to the handler, and erasures to theirs, in record order.

    What an erased key left among the dead letters is forgotten with it.
    """
    hears = listener.hears
    for kind, group in groupby(readings, key=lambda reading: reading.kind):
        together = list(group)
        if kind == "erased":
            assert hears.on_erased is not None, "without it, a null value is malformed"
            keys = [(reading.record.key or b"").decode("utf-8", "replace") for reading in together]
            await hears.on_erased(work, keys)
            places = {reading.stops for reading in together if reading.stops is not None}
            await dead_letter_store.empty(work.connection, listener.name, places)
        else:
            await hears.handler(work, [r.received for r in together if r.received is not None])


async def _find_kept(
    work: Work, listener: Listener, readings: Sequence[Reading]
) -> Mapping[tuple[str, int, int], State]:
    """What became earlier of records that can't be decided, should they come again."""
    bad = [reading.record for reading in readings if reading.kind in ("malformed", "undecidable")]
    return await dead_letter_store.find_states(work.connection, listener.name, bad)


async def _settle_fates(
    work: Work,
    listener: Listener,
    readings: Sequence[Reading],
    kept: Mapping[tuple[str, int, int], State],
) -> list[tuple[Reading, Fate]]:
    """Say what becomes of each reading, and claim the ids of those to be decided."""
    keys = {
        reading.stops
        for reading in readings
        if reading.stops is not None and reading.kind in ("heard", "erased")
    }
    stopped = await dead_letter_store.lock_stopped(work.connection, listener.name, keys)
    waits = _waiting(readings, stopped, kept)
    asking = [
        (reading.event_id, wait)
        for reading, wait in zip(readings, waits, strict=True)
        if reading.kind in ("heard", "erased") and reading.event_id is not None
    ]
    new = set(
        await inbox.claim(
            work.connection,
            listener.name,
            [event_id for event_id, wait in asking if not wait],
            claimed_at=work.now,
        )
    )
    known = await inbox.find_known(
        work.connection, listener.name, [event_id for event_id, wait in asking if wait]
    )
    return [
        (reading, _fate(reading, new, known, kept, waits=wait))
        for reading, wait in zip(readings, waits, strict=True)
    ]


def _waiting(
    readings: Sequence[Reading],
    stopped: frozenset[TopicKey],
    kept: Mapping[tuple[str, int, int], State],
) -> list[bool]:
    """Which readings wait behind a stopped key; a bad record stops its key from here on."""
    stopped_now = set(stopped)
    waits: list[bool] = []
    for reading in readings:
        decidable = reading.kind in ("heard", "erased")
        waits.append(decidable and reading.stops in stopped_now)
        bad = reading.kind in ("malformed", "undecidable")
        if bad and reading.stops is not None and _place(reading) not in kept:
            stopped_now.add(reading.stops)
    return waits


def _fate(
    reading: Reading,
    new: set[str],
    known: frozenset[str],
    kept: Mapping[tuple[str, int, int], State],
    *,
    waits: bool,
) -> Fate:
    """What becomes of the reading; takes its id out of `new`, since only one can be the first."""
    match reading.kind:
        case "passed_by" | "unknown_type":
            return reading.kind
        case "malformed":
            return "duplicate" if _place(reading) in kept else "malformed"
        case "undecidable":
            return "duplicate" if _place(reading) in kept else "dead"
        case "heard" | "erased":
            if waits:
                return "duplicate" if reading.event_id in known else "parked"
            if reading.event_id not in new:
                return "duplicate"
            new.discard(reading.event_id or "")
            return "handled" if reading.kind == "heard" else "erased"


def _outcome(
    reading: Reading, fate: Fate, kept: Mapping[tuple[str, int, int], State]
) -> Literal["good", "dead", "neither"]:
    """Whether it counts in the run of dead letters; one that lies there open still counts."""
    if fate in DECIDED:
        return "good"
    if fate in ("malformed", "dead") or kept.get(_place(reading)) == "dead":
        return "dead"
    return "neither"


def _place(reading: Reading) -> tuple[str, int, int]:
    record = reading.record
    return record.topic, record.partition, record.offset
