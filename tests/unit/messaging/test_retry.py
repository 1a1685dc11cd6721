from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import pytest
from asyncpg.exceptions import (
    CharacterNotInRepertoireError,
    DeadlockDetectedError,
    InsufficientPrivilegeError,
    LockNotAvailableError,
    UndefinedTableError,
    UniqueViolationError,
)
from pydantic import BaseModel, ValidationError

from shared.database import ConnectionLostError, DatabaseUnavailableError
from shared.messaging.retry import (
    Bury,
    Decision,
    Failures,
    GiveUp,
    Retry,
    RetryPolicy,
    Run,
    Split,
    decide,
    delay_seconds,
    explain,
    follow,
)
from shared.messaging.transport import TransportUnavailableError
from shared.messaging.work import UndecidableError

POLICY = RetryPolicy(
    unknown_attempts_max=3,
    attempts_together_max=4,
    delay_first_seconds=1.0,
    delay_max_seconds=10.0,
)
UNDECIDABLE = UndecidableError("company_unknown", "never heard of it")


class Pair(BaseModel):
    left: int
    right: int


def invalid() -> ValidationError:
    with pytest.raises(ValidationError) as refused:
        Pair.model_validate({"left": "610180-1234", "right": 1})
    return refused.value


def after(error: Exception, *, times: int = 1, records: int = 1, burying: bool = False) -> Decision:
    failures = Failures()
    for _ in range(times):
        failures = failures.and_one(error)
    return decide(
        error, failures=failures, records=records, burying=burying, policy=POLICY, dice=0.0
    )


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (DatabaseUnavailableError("gone"), "unavailable"),
        (ConnectionLostError("gone"), "unavailable"),
        (DeadlockDetectedError("refused"), "contention"),
        (LockNotAvailableError("refused"), "contention"),
        (TransportUnavailableError("gone"), "bus"),
    ],
)
@pytest.mark.parametrize("work", [{"records": 1}, {"records": 2}, {"burying": True}])
def test_what_passes_by_itself_is_tried_again_for_as_long_as_it_takes(
    error: Exception, kind: str, work: dict[str, Any]
) -> None:
    decision = after(error, times=3, **work)
    assert (type(decision), getattr(decision, "kind", None)) == (Retry, kind)


def test_a_single_record_waits_out_an_outage_of_any_length() -> None:
    assert after(ConnectionLostError("gone"), times=10_000) == Retry(5.0, "unavailable")
    assert after(DeadlockDetectedError("refused"), times=10_000) == Retry(5.0, "contention")


@pytest.mark.parametrize(("times", "decided"), [(3, Retry(2.0, "contention")), (4, Split())])
def test_a_batch_that_loses_its_locks_too_often_is_tried_in_parts(
    times: int, decided: Decision
) -> None:
    assert after(DeadlockDetectedError("refused"), times=times, records=2) == decided


@pytest.mark.parametrize(
    ("error", "buried"),
    [
        (UNDECIDABLE, Bury("company_unknown", "never heard of it")),
        (invalid(), Bury("invalid", "left: Input should be a valid integer")),
        (
            CharacterNotInRepertoireError("refused"),
            Bury("refused_by_database", "CharacterNotInRepertoireError"),
        ),
        (UniqueViolationError("refused"), Bury("refused_by_database", "UniqueViolationError")),
    ],
)
def test_what_never_passes_is_buried_at_once(error: Exception, buried: Bury) -> None:
    decision = after(error)
    assert isinstance(decision, Bury)
    assert decision.reason == buried.reason
    assert buried.detail in decision.detail


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("a mistake"),
        UndefinedTableError("refused"),
        InsufficientPrivilegeError("refused"),
    ],
)
def test_what_nobody_classified_is_tried_a_few_times_and_then_buried(error: Exception) -> None:
    assert after(error, times=1) == Retry(0.5, "unknown")
    assert after(error, times=2) == Retry(1.0, "unknown")
    decision = after(error, times=3)
    assert isinstance(decision, Bury)
    assert decision.reason == "unexpected_error"


def test_an_outage_uses_up_nobodys_patience() -> None:
    failures = Failures()
    for _ in range(100):
        failures = failures.and_one(ConnectionLostError("gone"))
    error = RuntimeError("a mistake")
    decision = decide(
        error, failures=failures.and_one(error), records=1, burying=False, policy=POLICY, dice=0.0
    )
    assert decision == Retry(0.5, "unknown")


@pytest.mark.parametrize("error", [UNDECIDABLE, RuntimeError("a mistake")])
def test_of_several_records_the_guilty_one_is_looked_for_first(error: Exception) -> None:
    assert after(error, times=99, records=2) == Split()


@pytest.mark.parametrize("error", [UNDECIDABLE, RuntimeError("a mistake"), invalid()])
def test_what_can_not_even_be_buried_stops_everything(error: Exception) -> None:
    assert after(error, burying=True) == GiveUp()


@pytest.mark.parametrize(
    ("attempt", "dice", "seconds"),
    [
        (1, 0.0, 0.5),
        (1, 0.5, 0.75),
        (2, 0.0, 1.0),
        (4, 0.0, 4.0),
        (5, 0.0, 5.0),
        (10_000, 0.0, 5.0),
    ],
)
def test_delays_double_up_to_the_limit(attempt: int, dice: float, seconds: float) -> None:
    assert delay_seconds(attempt, policy=POLICY, dice=dice) == seconds


def test_what_a_person_reads_about_an_error_repeats_no_input() -> None:
    assert "610180" not in explain(invalid())
    assert explain(KeyError("x")) == "KeyError: 'x'"
    assert explain(UNDECIDABLE) == "never heard of it"


GOOD: Final = "good"
DEAD: Final = "dead"
NEITHER: Final = "neither"


@pytest.mark.parametrize(
    ("before", "outcomes", "followed"),
    [
        (0, [], Run(0, None)),
        (2, [], Run(2, None)),
        (0, [DEAD, DEAD], Run(2, None)),
        (0, [DEAD, DEAD, DEAD], Run(3, 3)),
        (0, [DEAD, NEITHER, DEAD, DEAD, DEAD], Run(3, 4)),
        (2, [DEAD, GOOD], Run(3, 1)),
        (2, [NEITHER, DEAD, GOOD], Run(3, 2)),
        (2, [GOOD, DEAD], Run(1, None)),
        (0, [DEAD, DEAD, GOOD, DEAD, DEAD], Run(2, None)),
    ],
)
def test_a_run_of_dead_letters_is_followed_to_its_limit(
    before: int, outcomes: Sequence[Literal["good", "dead", "neither"]], followed: Run
) -> None:
    assert follow(before, outcomes, limit=3) == followed
