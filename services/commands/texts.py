"""How the command line shows what messages came to: lines for people, JSON for programs."""

from __future__ import annotations

from shared.messaging.dead_letters import Discarded, NotDiscarded, Replayed
from shared.messaging.letter import DeadLetter
from shared.messaging.replaying import NotReplayed


def letter_line(service_name: str, letter: DeadLetter) -> str:
    """One letter in one line."""
    place = f"{letter.record.topic}/{letter.record.partition}@{letter.record.offset}"
    return (
        f"{service_name:<14}{letter.id:>6}  {letter.state:<13}{letter.reason:<24}"
        f"{letter.recorded_at:%Y-%m-%d %H:%M}  {letter.consumer}  {place}"
    )


def letter_object(letter: DeadLetter) -> dict[str, object]:
    """Everything that is kept of a letter; bytes that are no UTF-8 are shown escaped."""
    record = letter.record
    return {
        "id": letter.id,
        "consumer": letter.consumer,
        "state": letter.state,
        "reason": letter.reason,
        "detail": letter.detail,
        "event_id": letter.event_id,
        "event_type": letter.event_type,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": _text(record.key),
        "value": _text(record.value),
        "headers": [[name, _text(value)] for name, value in record.headers],
        "redacted": letter.redacted,
        "replays": letter.replays,
        "mended_value": _text(letter.mended_value),
        "recorded_at": letter.recorded_at.isoformat(),
        "decided_at": letter.decided_at.isoformat() if letter.decided_at else None,
        "note": letter.note,
    }


def replay_lines(outcome: Replayed | NotReplayed) -> list[str]:
    """How one replay went."""
    if isinstance(outcome, NotReplayed):
        return [f"{outcome.letter_id}: not tried ({outcome.reason}): {outcome.detail}"]
    lines = [f"{letter_id}: decided" for letter_id in outcome.decided]
    if outcome.still_bad is not None:
        bad = outcome.still_bad
        lines.append(f"{bad.letter_id}: still can't be decided ({bad.reason}): {bad.detail}")
    if outcome.waiting:
        lines.append(f"{outcome.waiting} of this key still wait")
    return lines


def went_well(outcome: Replayed | NotReplayed) -> bool:
    """Nothing is left to be looked at."""
    return isinstance(outcome, Replayed) and outcome.still_bad is None


def discard_lines(outcome: Discarded | NotDiscarded) -> list[str]:
    """How discarding went."""
    if isinstance(outcome, NotDiscarded):
        return [f"{outcome.letter_id}: was {outcome.state} before; nothing done"]
    return [f"{outcome.letter_id}: discarded", *replay_lines(outcome.followers)]


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "backslashreplace")
