"""What becomes of work that failed: decided here by pure functions, done elsewhere.

Three kinds of error. *Permanent*: it will fail the same way tomorrow, so a person must look. The
record is buried as a dead letter. *Transient*: the world is away, the record is fine. It is tried
again in place for as long as it takes, and its partition waits. *Unknown*: anything else. It gets
a few attempts and is then buried. Work on several records is first split to find the guilty one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from pydantic import ValidationError

from shared.database import Fault, fault_of
from shared.messaging.transport import TransportError
from shared.messaging.work import UndecidableError

Transient = Literal["unavailable", "contention", "bus"]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How patient we are."""

    unknown_attempts_max: int = 5
    attempts_together_max: int = 5
    """After so many lost locks or time-outs a batch is tried in parts."""
    delay_first_seconds: float = 0.1
    delay_max_seconds: float = 30.0
    dead_letters_in_a_row_max: int = 20


@dataclass(frozen=True, slots=True)
class Retry:
    """Try the same again after a while."""

    delay_seconds: float
    kind: Transient | Literal["unknown"]


@dataclass(frozen=True, slots=True)
class Split:
    """Try each half by itself, the first one first."""


@dataclass(frozen=True, slots=True)
class Bury:
    """Keep the record as a dead letter and go on."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Stop: going on would lose something."""


Decision = Retry | Split | Bury | GiveUp

DOUBLINGS_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class Failures:
    """How often the same work has failed, by what that says about it."""

    transient: int = 0
    other: int = 0

    def and_one(self, error: Exception) -> Failures:
        """These, and the failure with this error. An outage uses up nobody's patience."""
        if transient_kind(error):
            return replace(self, transient=self.transient + 1)
        return replace(self, other=self.other + 1)


def decide(
    error: Exception,
    *,
    failures: Failures,
    records: int,
    burying: bool,
    policy: RetryPolicy,
    dice: float,
) -> Decision:
    """What to do after work on so many records failed with the error, which `failures` counts.

    `burying` says that the failed work was to write a dead letter. `dice` is in [0, 1).
    """
    if transient := transient_kind(error):
        attempt = failures.transient
        # Less at a time takes fewer locks and less time: the batch itself may be what is too much.
        too_much = transient == "contention" and attempt >= policy.attempts_together_max
        if too_much and records > 1:
            return Split()
        return Retry(delay_seconds(attempt, policy=policy, dice=dice), transient)
    if records > 1:
        return Split()
    if burying:
        return GiveUp()
    reason = permanent_reason(error)
    if reason is None and failures.other < policy.unknown_attempts_max:
        return Retry(delay_seconds(failures.other, policy=policy, dice=dice), "unknown")
    return Bury(reason or "unexpected_error", explain(error))


def transient_kind(error: BaseException) -> Transient | None:
    """What is away when the error says that trying again later may help by itself."""
    if isinstance(error, TransportError):
        return "bus"
    match fault_of(error):
        case Fault.UNAVAILABLE:
            return "unavailable"
        case Fault.CONTENTION:
            return "contention"
        case _:
            return None


def permanent_reason(error: BaseException) -> str | None:
    """The reason code of an error that the same record will meet every time, else None."""
    if isinstance(error, UndecidableError):
        return error.reason
    if isinstance(error, ValidationError):
        return "invalid"
    if fault_of(error) is Fault.DATA:
        return "refused_by_database"
    return None


def delay_seconds(attempt: int, *, policy: RetryPolicy, dice: float) -> float:
    """Doubled at each attempt up to the limit, and spread over the upper half of that."""
    doublings = min(attempt - 1, DOUBLINGS_MAX)
    longest = min(policy.delay_max_seconds, policy.delay_first_seconds * float(2**doublings))
    return longest * (1 + dice) / 2


@dataclass(frozen=True, slots=True)
class Run:
    """How many dead letters came in a row, and after how many records that became too many."""

    length: int
    cut: int | None


def follow(run: int, outcomes: Sequence[Literal["good", "dead", "neither"]], *, limit: int) -> Run:
    """Follow the run of dead letters through the outcomes; a good one ends it.

    `cut` is the number of outcomes up to and with the one that fills the limit, None if none does.
    """
    for place, outcome in enumerate(outcomes, start=1):
        if outcome == "good":
            run = 0
        elif outcome == "dead":
            run += 1
            if run >= limit:
                return Run(run, place)
    return Run(run, None)


def explain(error: BaseException) -> str:
    """What a person should read about the error."""
    if isinstance(error, UndecidableError):
        return error.detail
    if isinstance(error, ValidationError):
        # The library's own text quotes the input, which may be anything.
        return "; ".join(
            f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()
        )
    return f"{type(error).__name__}: {error}"
