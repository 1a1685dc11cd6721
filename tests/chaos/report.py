"""What a soak came to, as a table."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.chaos.calm import Calm
from tests.chaos.ends import End
from tests.chaos.feeding import Accepted
from tests.chaos.judging import Finding, by_fault
from tests.chaos.schedule import GROUND_DECK, SERVICE_DECK
from tests.chaos.storm import Fault

FINDINGS_SHOWN = 20
KINDS = {*SERVICE_DECK, *GROUND_DECK}


@dataclass
class Report:
    """One soak."""

    seed: int
    seconds: float
    accepted: Accepted
    faults: Sequence[Fault]
    calm: Calm
    findings: Sequence[Finding] = ()
    records: int = 0
    records_again: int = 0
    mails: int = 0
    paid_ore: int = 0
    ends: dict[str, list[End]] = field(default_factory=dict)
    """Of processes that ended otherwise than the schedule meant, by name."""
    unmoved: Sequence[str] = ()
    """What /metrics did not show as it should."""
    wrong_rights: Sequence[str] = ()
    """How the brokers' topics and rights differ in the end from what topics.yaml says."""

    @property
    def unseen(self) -> list[Fault]:
        """Faults whose effect nobody saw: they count as not done."""
        return [fault for fault in self.faults if not fault.seen]

    @property
    def missing(self) -> list[str]:
        """Kinds of faults that were never done, or never seen to happen."""
        return sorted(KINDS - {fault.kind for fault in self.faults if fault.seen})

    @property
    def failures(self) -> list[tuple[str, End]]:
        """Processes that ended although nothing had happened that may end them."""
        return [(name, end) for name, ends in self.ends.items() for end in ends if not end.allowed]

    @property
    def passed(self) -> bool:
        """The verdict."""
        done = not (self.missing or self.unseen)
        recovered = all(fault.recovered_after is not None for fault in self.faults)
        wrong = (self.failures, self.unmoved, self.wrong_rights, self.findings)
        return done and recovered and self.calm.quiet and not any(wrong)

    def lines(self) -> Iterator[str]:
        """The table, a line at a time."""
        told = self.accepted
        calm = f"{'quiet' if self.calm.quiet else 'given up'} {self.calm.seconds:.0f} s later"
        yield f"seed {self.seed}: {self.seconds:.0f} s of faults, {calm}"
        yield (
            f"told: {told.facts} facts about {told.lives} persons, {told.companies} companies, "
            f"{told.canaries} canaries; "
            f"sent again {told.insisted.total()} times {dict(told.insisted.most_common(5))}"
        )
        if self.calm.quiet:
            yield (
                f"came of it: {self.records} records on Kafka ({self.records_again} sent again), "
                f"{self.mails} mails, {self.paid_ore / 100:,.0f} kr. to be paid"
            )
        yield from self._fault_lines()
        if allowed := sum(end.allowed for ends in self.ends.values() for end in ends):
            yield f"ended at their start, for want of what they stand on: {allowed}"
        yield from self._end_lines()
        yield from (f"/metrics: {each}" for each in self.unmoved[:FINDINGS_SHOWN])
        yield from (f"rights: {each}" for each in self.wrong_rights)
        yield from self._oracle_lines()
        yield f"verdict: {'passed' if self.passed else 'FAILED'} (seed {self.seed})"

    def _end_lines(self) -> Iterator[str]:
        """Who ended by itself, how, and what it said last."""
        for name, end in self.failures:
            when = "after it was ready" if end.was_ready else "before it was ready"
            ground = "during an outage" if end.outage else "with nothing away"
            yield f"ended by itself: {name}, with status {end.status}, {when}, {ground}"
            yield from (f"  {line}" for line in end.last_lines)

    def _oracle_lines(self) -> Iterator[str]:
        """What the oracle found, if it was asked: what has not come yet would look lost to it."""
        if not self.calm.quiet:
            yield f"never quiet: {dict(self.calm.waiting)} stood still"
            yield "oracle: not asked, since it never became quiet"
            return
        counts = ", ".join(f"{name} {count}" for name, count in by_fault(self.findings).items())
        yield f"oracle: {counts}"
        yield from (f"  {each.fault}: {each.what}" for each in self.findings[:FINDINGS_SHOWN])

    def _fault_lines(self) -> Iterator[str]:
        yield f"{'fault':24}{'done':>6}{'seen':>6}{'p50 s':>8}{'max s':>8}   recovery"
        for kind in sorted(KINDS):
            faults = [fault for fault in self.faults if fault.kind == kind]
            times = [each.recovered_after for each in faults if each.recovered_after is not None]
            middle = f"{statistics.median(times):.1f}" if times else "-"
            longest = f"{max(times):.1f}" if times else "-"
            never = len(faults) - len(times)
            yield (
                f"{kind:24}{len(faults):6}{sum(each.seen for each in faults):6}"
                f"{middle:>8}{longest:>8}{f'   never: {never}' if never else ''}"
            )
        for fault in self.unseen:
            yield f"not seen to happen: {fault.kind}, {fault.what}"
        yield from (f"never done and seen: {kind}" for kind in self.missing)
