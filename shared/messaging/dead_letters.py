"""What a person does about dead letters: look, replay, discard.

A letter that is replayed goes through the same handler as it would have, protected by the same
inbox, each in a transaction of its own. When it is decided, those parked behind it follow in their
order; one that still can't be decided becomes the new dead letter, and the rest stays parked.
Discarding a letter lets its followers go on in the same way.

All this may happen while the consumer runs. Whoever decides about a stopped key holds that key's
lock: a record arriving meanwhile waits, and is then either parked behind the rest or, once nothing
is left to wait for, decided after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from shared.database import Connection, Database
from shared.messaging import dead_letter_store, inbox
from shared.messaging.deciding import Listener
from shared.messaging.letter import DeadLetter, State
from shared.messaging.reading import read
from shared.messaging.replaying import NotReplayed, Replay, StillBad, replay_letter
from shared.messaging.work import Hears, begin_work
from shared.observability.logs import Log
from shared.values.clock import Clock

LOG = Log(__name__)

PAGE_LETTERS: Final = 1000
OPEN_STATES: Final[tuple[State, ...]] = ("dead", "parked", "unknown_type")


class DeadLetterNotFoundError(LookupError):
    """No dead letter of this service has this id."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """How a replay went."""

    decided: tuple[int, ...]
    """Ids of the letters that were decided, in order."""
    still_bad: StillBad | None
    """The letter it stopped at; it is now the first of its key."""
    waiting: int
    """Letters that still wait, with the one it stopped at."""


@dataclass(frozen=True, slots=True)
class Discarded:
    """A letter was given up, and how those behind it went on."""

    letter_id: int
    followers: Replayed


@dataclass(frozen=True, slots=True)
class NotDiscarded:
    """The letter had come to its end before."""

    letter_id: int
    state: State


def listeners_of(
    service: str, hears: Sequence[Hears], *, database: Database, clock: Clock
) -> tuple[Listener, ...]:
    """Whose dead letters these functions decide: every consumer of one service."""
    return tuple(Listener(service, each, database, clock) for each in hears)


async def list_dead_letters(
    connection: Connection,
    *,
    state: State | None = None,
    consumer: str | None = None,
    after_id: int = 0,
    limit: int = 100,
) -> list[DeadLetter]:
    """Letters in order of arrival, after the given id, at most `limit`."""
    return await dead_letter_store.list_letters(
        connection, state=state, consumer=consumer, after_id=after_id, limit=limit
    )


async def get_dead_letter(connection: Connection, letter_id: int) -> DeadLetter:
    """One letter. Raises DeadLetterNotFoundError."""
    letter = await dead_letter_store.find_letter(connection, letter_id)
    if letter is None:
        raise DeadLetterNotFoundError(
            f"no dead letter has the id {letter_id}; see `sammen dead-letters list`"
        )
    return letter


async def replay(
    listeners: Sequence[Listener], letter_id: int, *, mended_value: bytes | None = None
) -> Replayed | NotReplayed:
    """Decide a letter now, with another value if one is given, and then those parked behind it.

    Raises DeadLetterNotFoundError, and the database's error when it is away: what was decided
    until then stays decided, the rest stays as it was.
    """
    database = listeners[0].database
    async with database.connection() as connection:
        letter = await get_dead_letter(connection, letter_id)
    listener = _listener_of(listeners, letter)
    if listener is None:
        return NotReplayed(letter_id, "no_consumer", f"no consumer is called {letter.consumer}")
    outcome = await replay_letter(listener, letter, mended_value=mended_value)
    match outcome:
        case NotReplayed():
            return outcome
        case StillBad():
            return Replayed((), outcome, await _count_waiting(listener, letter))
        case Replay():
            return await _follow(listener, letter, decided=(letter_id,))


async def replay_all(listeners: Sequence[Listener]) -> list[Replayed | NotReplayed]:
    """Replay every dead letter and every one of unknown type, in order of arrival."""
    database = listeners[0].database
    async with database.connection() as connection:
        letter_ids = [
            letter.id
            for state in ("dead", "unknown_type")
            for letter in await _list_all(connection, state)
        ]
    return [await replay(listeners, letter_id) for letter_id in sorted(letter_ids)]


async def discard(
    listeners: Sequence[Listener], letter_id: int, *, reason: str
) -> Discarded | NotDiscarded:
    """Give a letter up for good, saying why, and let those parked behind it go on.

    The event counts as known from then on: should it be delivered again, nothing happens.
    Raises DeadLetterNotFoundError.
    """
    assert reason.strip(), "discarding a letter needs a reason"
    any_listener = listeners[0]
    async with any_listener.database.connection() as connection:
        letter = await get_dead_letter(connection, letter_id)
    listener = _listener_of(listeners, letter) or any_listener
    async with begin_work(listener.database, listener.clock, service=listener.service) as work:
        if letter.key is not None:
            await dead_letter_store.lock_keys(work.connection, letter.consumer, [letter.key])
        letter = await dead_letter_store.lock_letter(work.connection, letter_id)
        if letter.state not in OPEN_STATES:
            return NotDiscarded(letter_id, letter.state)
        await dead_letter_store.save_decided(
            work.connection, letter_id, state="discarded", decided_at=work.now, note=reason
        )
        # A malformed record's id isn't claimed: its sender may mend it and send it again.
        reading = read(letter.record, listener.hears)
        if reading.kind in ("heard", "erased") and reading.event_id is not None:
            await inbox.claim(
                work.connection, letter.consumer, [reading.event_id], claimed_at=work.now
            )
    LOG.info("event_discarded", consumer=letter.consumer, event_id=letter.event_id, id=letter_id)
    return Discarded(letter_id, await _follow(listener, letter, decided=()))


async def _follow(listener: Listener, letter: DeadLetter, decided: tuple[int, ...]) -> Replayed:
    """Decide what is parked behind the letter, in order, up to the next that can't be decided."""
    while letter.key is not None:
        topic, key = letter.key
        async with listener.database.connection() as connection:
            first = await dead_letter_store.find_first_of_key(
                connection, letter.consumer, topic, key
            )
        if first is None or first.state != "parked":
            break
        outcome = await replay_letter(listener, first)
        match outcome:
            case Replay():
                decided = (*decided, first.id)
            case StillBad():
                return Replayed(decided, outcome, await _count_waiting(listener, letter))
            case NotReplayed():
                # Somebody else was quicker: look again at what comes first now.
                continue
    return Replayed(decided, None, await _count_waiting(listener, letter))


async def _count_waiting(listener: Listener, letter: DeadLetter) -> int:
    if letter.key is None:
        return 0
    async with listener.database.connection() as connection:
        return await dead_letter_store.count_of_key(connection, letter.consumer, *letter.key)


async def _list_all(connection: Connection, state: State) -> list[DeadLetter]:
    letters: list[DeadLetter] = []
    while True:
        page = await dead_letter_store.list_letters(
            connection,
            state=state,
            consumer=None,
            after_id=letters[-1].id if letters else 0,
            limit=PAGE_LETTERS,
        )
        letters += page
        if len(page) < PAGE_LETTERS:
            return letters


def _listener_of(listeners: Sequence[Listener], letter: DeadLetter) -> Listener | None:
    return next((each for each in listeners if each.name == letter.consumer), None)
