"""A mutant is caught by a test that failed for a reason, or hung; and a reader is told which."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos import mutating
from tests.chaos.mutation import Edit, Mutant
from tests.chaos.noticing import FAILED, LETTERS_SHOWN, PASSED, Outcome, run_tests

MUTANT = Mutant("a mistake", (Edit("some.py", "one", "two"),), ("tests/test_it.py",))
FAILURE = """\
tests/test_it.py::test_one PASSED                                        [ 50%]
tests/test_it.py::test_two[kafka] FAILED                                 [100%]
=================================== FAILURES ===================================
    async def test_two(bus: Bus) -> None:
>       assert await seen(bus) == ["a"]
E       AssertionError: assert [] == ['a']

tests/test_it.py:7: AssertionError
=========================== short test summary info ============================
FAILED tests/test_it.py::test_two[kafka] - AssertionError: assert [] == ['a']
"""
IN_VAIN = FAILURE.replace("AssertionError: assert [] == ['a']", "AssertionError: waited in vain")
HANGING = """\
tests/test_it.py::test_one PASSED                                        [ 50%]
tests/test_it.py::test_two[kafka] """
IN_A_FIXTURE = "ERROR tests/test_it.py::test_one - RuntimeError: no bus\n"
FAILS, WAITS, HANGS = (
    Outcome(FAILED, FAILURE, 2.0),
    Outcome(FAILED, IN_VAIN, 2.0),
    Outcome(None, HANGING, 300.0),
)


def judged(
    outcome: Outcome, without: Outcome | None, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, str]:
    """The verdict when this came of it with the mutant, and that without."""

    def run(*_: object, seconds_max: float) -> Outcome:
        assert seconds_max > 0
        assert without is not None, "nothing is run again"
        return without

    monkeypatch.setattr(mutating, "run_tests", run)
    return mutating._judge(MUTANT, Path("nowhere"), outcome)


def test_the_test_that_failed_is_named_with_its_statement_and_what_came_of_it() -> None:
    assert FAILS.caught_by == "test_two[kafka]"
    assert FAILS.reason == (
        "assert await seen(bus) == [\"a\"] -> AssertionError: assert [] == ['a']"
    )
    long = Outcome(FAILED, FAILURE.replace("[] ==", f"{list(range(99))} =="), 2.0)
    assert len(long.reason) == LETTERS_SHOWN + len("...")


@pytest.mark.parametrize("name", ["test_two[kafka]", "test_two[3 brokers]"])
def test_a_test_is_named_with_all_of_its_name(name: str) -> None:
    renamed = replace(FAILS, output=FAILURE.replace("test_two[kafka]", name))
    assert renamed.caught_by == name
    assert replace(HANGS, output=HANGING.replace("test_two[kafka]", name)).caught_by == name


def test_a_wait_in_vain_is_noticed_also_where_the_reason_does_not_say_so() -> None:
    assert not FAILS.may_be_noise
    assert WAITS.may_be_noise
    nested = FAILURE.replace("E       Ass", "  |  TimeoutError\nE       Ass")
    assert replace(FAILS, output=nested).may_be_noise
    far = FAILURE.replace("assert [] ==", f"{list(range(99))} in vain, assert [] ==")
    assert replace(FAILS, output=far).may_be_noise


def test_the_test_that_hung_is_named_and_that_it_hung() -> None:
    assert (HANGS.caught_by, HANGS.reason) == ("test_two[kafka]", "no answer in 300 s")


@pytest.mark.parametrize(
    ("outcome", "without", "verdict", "said"),
    [
        (FAILS, None, "failing", "test_two[kafka]"),
        (WAITS, Outcome(PASSED, "", 1.0), "failing", "test_two[kafka]"),
        (WAITS, WAITS, "survived", "nobody: test_two[kafka], but without the mutant likewise"),
        (HANGS, Outcome(PASSED, "", 1.0), "hanging", "test_two[kafka], BY HANGING"),
        (HANGS, HANGS, "survived", "nobody: test_two[kafka], but without the mutant likewise"),
        (Outcome(PASSED, "", 1.0), None, "survived", "NOBODY: it survived"),
        (Outcome(FAILED, IN_A_FIXTURE, 1.0), None, "survived", "nobody: an error in a fixture"),
    ],
)
def test_what_waited_in_vain_counts_only_when_it_does_not_without_the_mutant(
    monkeypatch: pytest.MonkeyPatch,
    outcome: Outcome,
    without: Outcome | None,
    verdict: str,
    said: str,
) -> None:
    assert judged(outcome, without, monkeypatch) == (verdict, said)


def test_what_hangs_is_ended_and_does_not_end_the_table(tmp_path: Path) -> None:
    # A process begun in the background of a shell may have been told to pass SIGINT over.
    quick = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_DFL)\ntime.sleep(60)\n"
    (tmp_path / "pytest.py").write_text(quick, encoding="ascii")
    outcome = run_tests(tmp_path, ["tests"], seconds_max=0.2)
    assert outcome.hung
    assert outcome.seconds < 30


def test_a_real_failure_is_read_as_pytest_tells_it(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "def test_two() -> None:\n    seen = 1\n    assert seen == 2\n", encoding="ascii"
    )
    outcome = run_tests(tmp_path, ["test_it.py"], seconds_max=60.0)
    assert outcome.status == FAILED
    assert outcome.caught_by == "test_two"
    assert outcome.reason.startswith("assert seen == 2 -> ")
