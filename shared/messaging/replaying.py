"""One dead letter, decided again in one transaction, through the handler that it failed at."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, replace
from typing import Literal

from shared.messaging import dead_letter_store, inbox
from shared.messaging.deciding import Listener, hand_over
from shared.messaging.failpoints import reached
from shared.messaging.letter import DeadLetter
from shared.messaging.reading import Reading, read
from shared.messaging.retry import (
    RetryPolicy,
    delay_seconds,
    explain,
    permanent_reason,
    transient_kind,
)
from shared.messaging.work import Work, begin_work
from shared.observability.logs import Log

LOG = Log(__name__)


@dataclass(frozen=True, slots=True)
class Replay:
    """The letter is decided."""

    letter_id: int


@dataclass(frozen=True, slots=True)
class StillBad:
    """The letter was tried and still can't be decided."""

    letter_id: int
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class NotReplayed:
    """The letter was not tried."""

    letter_id: int
    reason: Literal["already_decided", "waits_behind", "redacted", "no_consumer"]
    detail: str


async def replay_letter(
    listener: Listener,
    letter: DeadLetter,
    *,
    mended_value: bytes | None = None,
    policy: RetryPolicy | None = None,
) -> Replay | StillBad | NotReplayed:
    """Decide the letter, with the mended value if one is given.

    Raises the database's error when it is away or busy after a few attempts; the letter is then
    as it was.
    """
    policy = policy or RetryPolicy()
    attempt = 0
    while True:
        attempt += 1
        try:
            return await _decide(listener, letter.id, mended_value)
        except Exception as error:
            if transient_kind(error) is None:
                reason = permanent_reason(error) or "unexpected_error"
                return await _keep(listener, letter.id, reason, explain(error))
            if attempt >= policy.unknown_attempts_max:
                raise
            dice = random.random()  # noqa: S311 # spreads retries, hides nothing
            await asyncio.sleep(delay_seconds(attempt, policy=policy, dice=dice))


async def _decide(
    listener: Listener, letter_id: int, mended_value: bytes | None
) -> Replay | StillBad | NotReplayed:
    async with begin_work(listener.database, listener.clock, service=listener.service) as work:
        letter, refusal = await _take(work, listener, letter_id)
        if refusal is not None:
            return refusal
        if letter.redacted and mended_value is None:
            if letter.state != "parked":
                what = "a person number in it was masked, or its key erased"
                return NotReplayed(letter_id, "redacted", what)
            return await _save_failed(work, letter, "redacted", "a person number was masked")
        value = letter.record.value if mended_value is None else mended_value
        reading = read(replace(letter.record, value=value), listener.hears)
        if reading.kind in ("malformed", "unknown_type"):
            return await _save_failed(work, letter, reading.reason, reading.detail)
        await _hand_over_once(work, listener, reading)
        await dead_letter_store.save_decided(
            work.connection,
            letter_id,
            state="replayed",
            decided_at=work.now,
            mended_value=mended_value,
        )
        await work.write_outbox()
        await reached("replay.before_commit")
    await reached("replay.after_commit")
    LOG.info("event_replayed", consumer=listener.name, event_id=reading.event_id, id=letter_id)
    return Replay(letter_id)


async def _take(
    work: Work, listener: Listener, letter_id: int
) -> tuple[DeadLetter, NotReplayed | None]:
    """The letter, its key and itself locked, and why it must not be tried, if so."""
    letter = await dead_letter_store.find_letter(work.connection, letter_id)
    assert letter is not None, "letters are never deleted"
    if letter.key is not None:
        await dead_letter_store.lock_keys(work.connection, listener.name, [letter.key])
    letter = await dead_letter_store.lock_letter(work.connection, letter_id)
    if letter.state in ("replayed", "discarded"):
        return letter, NotReplayed(letter_id, "already_decided", f"it is {letter.state}")
    if letter.key is not None:
        topic, key = letter.key
        first = await dead_letter_store.find_first_of_key(
            work.connection, listener.name, topic, key
        )
        if first is not None and first.id != letter_id:
            detail = f"letter {first.id} stops its key: replay or discard that one first"
            return letter, NotReplayed(letter_id, "waits_behind", detail)
    return letter, None


async def _hand_over_once(work: Work, listener: Listener, reading: Reading) -> None:
    if reading.kind == "passed_by":
        return
    assert reading.event_id is not None, "what is heard has an id"
    new = await inbox.claim(work.connection, listener.name, [reading.event_id], claimed_at=work.now)
    if new:
        await hand_over(work, listener, [reading])


async def _keep(
    listener: Listener, letter_id: int, reason: str, detail: str
) -> StillBad | NotReplayed:
    """Note in a transaction of its own why the letter's own was undone."""
    await reached("replay.after_failure")
    async with begin_work(listener.database, listener.clock, service=listener.service) as work:
        # Somebody else may have decided it between the two transactions.
        letter, refusal = await _take(work, listener, letter_id)
        return refusal or await _save_failed(work, letter, reason, detail)


async def _save_failed(work: Work, letter: DeadLetter, reason: str, detail: str) -> StillBad:
    """Keep the letter dead; one of a type nobody knows stops no key."""
    await dead_letter_store.save_failed(
        work.connection,
        letter.id,
        state="unknown_type" if reason == "unknown_type" else "dead",
        reason=reason,
        detail=detail,
    )
    LOG.warning("dead_letter_written", consumer=letter.consumer, reason=reason, id=letter.id)
    return StillBad(letter.id, reason, detail)
