"""The soak's table says what was done and what was found, and nothing that nobody looked for."""

from __future__ import annotations

from tests.chaos.calm import Calm
from tests.chaos.ends import end_of
from tests.chaos.feeding import Accepted
from tests.chaos.judging import Finding
from tests.chaos.report import KINDS, Report
from tests.chaos.storm import Fault

QUIET = Calm(quiet=True, seconds=4, waiting={})
KILLED = Fault("service killed", "bonus-1", seen=True, recovered_after=2.0)


OTHERS = [
    Fault(kind, "somebody", seen=True, recovered_after=1.0)
    for kind in sorted(KINDS - {KILLED.kind})
]


def report(*faults: Fault, calm: Calm = QUIET, findings: tuple[Finding, ...] = ()) -> Report:
    """Of a soak in which every other kind had its turn as well."""
    return Report(7, 120.0, Accepted(), [*faults, *OTHERS], calm, findings)


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


def test_a_kind_of_fault_that_never_had_its_turn_fails_the_soak() -> None:
    lacking = report()
    assert not lacking.passed
    lines = list(lacking.lines())
    assert "never done and seen: service killed" in lines
    assert [line.split()[2:4] for line in lines if line.startswith("service killed")] == [["0"] * 2]
    unseen = report(Fault("service killed", "bonus-1", seen=False, recovered_after=2.0))
    assert "never done and seen: service killed" in list(unseen.lines())


def test_a_process_may_end_by_itself_only_when_it_says_that_its_ground_is_missing() -> None:
    started = report(KILLED)
    started.ends = {"bonus-1": [end_of(1, "bonus can't start: no database", outage=True)]}
    assert started.passed
    assert "ended at their start, for want of what they stand on: 1" in list(started.lines())


def test_a_process_that_ends_otherwise_fails_the_soak_with_its_last_words() -> None:
    crashed = report(KILLED)
    said = '{"action": "process_ready"}\n' + "\n".join(f"line {number}" for number in range(9))
    crashed.ends = {"bonus-1": [end_of(1, said, outage=True)]}
    assert not crashed.passed
    lines = list(crashed.lines())
    at = lines.index(
        "ended by itself: bonus-1, with status 1, after it was ready, during an outage"
    )
    assert lines[at + 1 : at + 6] == [f"  line {number}" for number in range(4, 9)]


def test_figures_that_stand_still_fail_the_soak() -> None:
    still = report(KILLED)
    still.unmoved = ["sammen_retries_total has not moved"]
    assert not still.passed
    assert "/metrics: sammen_retries_total has not moved" in list(still.lines())


def test_rights_that_are_not_those_of_the_file_fail_the_soak() -> None:
    loose = report(KILLED)
    loose.wrong_rights = ["bonus may write placements.events.v1, which no file says"]
    assert not loose.passed
    assert f"rights: {loose.wrong_rights[0]}" in list(loose.lines())


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
