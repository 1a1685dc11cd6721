"""What becomes of each report, decided in the order told.

A fact that is accepted is published; one that is a *duplicate* is not. So a fact may be called a
duplicate only where the facts without it mean the same as the facts with it. Of several facts
about one thing the one recorded last counts, and facts told under several placement ids may turn
out, even later, to be about one placement of the person. Hence the rule: a fact is a duplicate if
exactly this fact was accepted before and, since then, no *rival*: no other fact of the same person
about the same thing (for facts about periods: about a day of this one's). An end told, retracted
and told again has a rival in between and is news. A correction of a person is a duplicate if it
changes nothing.

Where that is stricter than needed (a person with two placements, each told again), a repetition
is accepted and published once more, which changes nothing for anybody who hears it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.placements.domain.persons import PersonFields, corrected, differing
from services.placements.domain.reports import (
    Accepted,
    Duplicate,
    Outcome,
    Parked,
    Period,
    Refused,
    Repeated,
    Thing,
    Told,
)

TICK = timedelta(microseconds=1)
"""The smallest step of time that the database keeps."""

CONFLICT = Refused(
    "report-id-conflict",
    "Another report was sent under this report_id before, and stands. "
    "Send this one under a report_id of its own.",
)
UNKNOWN_PERSON = Refused(
    "unknown-person",
    "Nobody has this reference. Ask POST /placements/v1/persons for it, "
    "then report under a new report_id.",
)
OTHER_PERSON = Refused(
    "other-person",
    "This placement was reported with another person. Annul it, and report the right one "
    "under a new placement id.",
)


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """Somebody registered at the door."""

    stamp: datetime
    """The instant of the last fact about the person."""
    told: PersonFields


@dataclass(frozen=True, slots=True)
class Counted:
    """A fact accepted before."""

    meaning: bytes
    period: Period | None


@dataclass(frozen=True, slots=True)
class Known:
    """What the door knows about everything the reports touch."""

    reports: Mapping[str, tuple[bytes, Outcome]]
    """By report id of the sender: digest of what was sent, and what became of it."""
    placements: Mapping[str, str]
    """Person by placement id, of the placements whose start was accepted."""
    parked: Mapping[str, Sequence[Told]]
    """Reports waiting for the start of a placement, in the order told."""
    persons: Mapping[str, KnownPerson]
    counted: Mapping[tuple[str, Thing], Sequence[Counted]]
    """Facts accepted per person and thing, oldest first."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What becomes of the reports, and of those that waited for one of them."""

    outcomes: tuple[Outcome | Repeated, ...]
    """One per report, in the order told; where one waited for a later one, what it led to."""
    released: tuple[tuple[Told, Accepted | Duplicate], ...]
    """What had waited since before and waits no longer."""
    published: tuple[tuple[Told, Accepted], ...]
    """Every fact that counts from now on, in the order to be published."""
    placements: Mapping[str, str]
    """Person by placement id, of the placements whose start is accepted now."""
    persons: Mapping[str, KnownPerson]
    """The persons with facts accepted now, as they are known after them."""


def decide(told: Iterable[Told], known: Known, now: datetime) -> Decided:
    """Decide each report in turn, each in the light of those before it."""
    door = _Door(
        known, now, parked={placement: list(told) for placement, told in known.parked.items()}
    )
    outcomes = {report: door.receive(report) for report in told}
    led_to = {(each.report_id, each.content): became for each, became in door.released.items()}
    return Decided(
        outcomes=tuple(_final(report, became, led_to) for report, became in outcomes.items()),
        released=tuple(item for item in door.released.items() if item[0] not in outcomes),
        published=tuple(door.published),
        placements=door.started,
        persons=door.touched,
    )


@dataclass(slots=True)
class _Door:
    """What is known, growing report by report."""

    known: Known
    now: datetime
    parked: dict[str, list[Told]]
    reports: dict[str, tuple[bytes, Outcome]] = field(default_factory=dict)
    started: dict[str, str] = field(default_factory=dict)
    touched: dict[str, KnownPerson] = field(default_factory=dict)
    counted: dict[tuple[str, Thing], list[Counted]] = field(default_factory=dict)
    released: dict[Told, Accepted | Duplicate] = field(default_factory=dict)
    published: list[tuple[Told, Accepted]] = field(default_factory=list)

    def receive(self, report: Told) -> Outcome | Repeated:
        """Decide one report and remember what became of it."""
        if report.report_id is None:
            assert report.refused is not None, "a report without a report id is refused"
            return report.refused
        before = self.reports.get(report.report_id) or self.known.reports.get(report.report_id)
        if before is not None:
            content, outcome = before
            return Repeated(outcome) if content == report.content else CONFLICT
        outcome = report.refused or self._weigh(report)
        self.reports[report.report_id] = (report.content, outcome)
        if report.fact == "PlacementStarted" and isinstance(outcome, Accepted):
            self._release(report)
        return outcome

    def _weigh(self, report: Told) -> Outcome:
        if report.placement is None:
            assert report.person is not None, "a fact is about a placement or a person"
            return self._correct_person(report, report.person)
        person = self.started.get(report.placement) or self.known.placements.get(report.placement)
        if report.person is not None:  # its start
            if person is not None and person != report.person:
                return OTHER_PERSON
            if report.person not in self.known.persons:
                return UNKNOWN_PERSON
            if person is None:
                self.started[report.placement] = person = report.person
        if person is None:
            self.parked.setdefault(report.placement, []).append(report)
            return Parked()
        return self._count(report, person)

    def _correct_person(self, report: Told, person: str) -> Outcome:
        if person not in self.known.persons:
            return UNKNOWN_PERSON
        before = self._person(person)
        if differing(before.told, report.corrections).is_empty:
            return Duplicate()
        return self._accept(report, person, corrected(before.told, report.corrections))

    def _count(self, report: Told, person: str) -> Accepted | Duplicate:
        facts = self._counted(person, report.thing)
        for fact in reversed(facts):
            if fact.meaning == report.meaning:
                return Duplicate()
            if _are_rivals(fact.period, report.period):
                break
        facts.append(Counted(report.meaning, report.period))
        return self._accept(report, person, self._person(person).told)

    def _accept(self, report: Told, person: str, told: PersonFields) -> Accepted:
        stamp = max(self.now, self._person(person).stamp + TICK)
        self.touched[person] = KnownPerson(stamp, told)
        accepted = Accepted(person, stamp)
        self.published.append((report, accepted))
        return accepted

    def _release(self, start: Told) -> None:
        assert start.placement is not None, "a start is a start of a placement"
        assert start.person is not None, "a start names the person"
        for report in self.parked.pop(start.placement, ()):
            self.released[report] = self._count(report, start.person)

    def _person(self, person: str) -> KnownPerson:
        return self.touched.get(person) or self.known.persons[person]

    def _counted(self, person: str, thing: Thing) -> list[Counted]:
        key = (person, thing)
        if key not in self.counted:
            self.counted[key] = list(self.known.counted.get(key, ()))
        return self.counted[key]


def _final(
    report: Told,
    outcome: Outcome | Repeated,
    led_to: Mapping[tuple[str | None, bytes], Accepted | Duplicate],
) -> Outcome | Repeated:
    """What has become of a report once all are decided, if it waited for a later one."""
    match outcome:
        case Parked():
            return led_to.get((report.report_id, report.content), outcome)
        case Repeated(first=Parked()):
            return Repeated(led_to.get((report.report_id, report.content), outcome.first))
        case _:
            return outcome


def _are_rivals(one: Period | None, other: Period | None) -> bool:
    """Whether of two facts about the same thing the later one takes the earlier one's place."""
    return one is None or other is None or one.shares_a_day_with(other)
