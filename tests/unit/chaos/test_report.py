"""The soak's table says what was done and what was found, and nothing that nobody looked for."""

from __future__ import annotations

from tests.chaos.calm import Calm
from tests.chaos.feeding import Accepted
from tests.chaos.judging import Finding
from tests.chaos.report import Report
from tests.chaos.storm import Fault

QUIET = Calm(quiet=True, seconds=4, waiting={})
KILLED = Fault("service killed", "bonus-1", seen=True, recovered_after=2.0)


def report(*faults: Fault, calm: Calm = QUIET, findings: tuple[Finding, ...] = ()) -> Report:
    return Report(7, 120.0, Accepted(), faults, calm, findings)


def test_a_soak_passes_when_every_fault_was_seen_and_nothing_was_found() -> None:
    good = report(KILLED)
    assert good.passed
    assert list(good.lines())[-1] == "verdict: passed (seed 7)"


def test_a_fault_that_was_not_seen_or_not_recovered_from_fails_the_soak() -> None:
    unseen = Fault("broker hangs", "node 2", seen=False, recovered_after=1.0)
    never = Fault("broker hangs", "node 2", seen=True, recovered_after=None)
    assert not report(KILLED, unseen).passed
    assert "not seen to happen: broker hangs, node 2" in list(report(KILLED, unseen).lines())
    assert not report(KILLED, never).passed
    assert any("never: 1" in line for line in report(KILLED, never).lines())
    assert not report().passed, "without any fault it proves nothing"


def test_a_kind_of_fault_that_never_had_its_turn_is_in_the_table_too() -> None:
    lines = list(report(KILLED).lines())
    assert [line.split()[2:4] for line in lines if line.startswith("broker hangs")] == [["0", "0"]]


def test_what_the_oracle_found_is_told() -> None:
    lines = list(report(KILLED, findings=(Finding("lost", "a fact", 3),)).lines())
    assert "oracle: lost 3, doubled 0, out of order 0, untrue 0, øre off 0, different 0" in lines
    assert "  lost: a fact" in lines
    assert lines[-1] == "verdict: FAILED (seed 7)"


def test_an_oracle_that_was_not_asked_has_not_found_nothing() -> None:
    restless = report(KILLED, calm=Calm(quiet=False, seconds=120, waiting={"mails": 2}))
    lines = list(restless.lines())
    assert not restless.passed
    assert "oracle: not asked, since it never became quiet" in lines
    assert not any("lost 0" in line or "to be paid" in line for line in lines)
