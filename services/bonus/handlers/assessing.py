"""From facts to money: load all that is known of a person, apply the rules, act on what differs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import uuid4

from services.bonus.domain.assessment import Assessment, Status
from services.bonus.domain.differences import Difference, LineKey, differences
from services.bonus.domain.engine import assess, next_look_on
from services.bonus.domain.facts import Fact, PlacementStarted
from services.bonus.domain.parsing import parse_fact
from services.bonus.domain.postings import Entry, entitlement_entry
from services.bonus.domain.rules import Rules
from services.bonus.handlers.accruing import accrue, list_posted_later
from services.bonus.handlers.paying import pay_and_claim
from services.bonus.rules import load_rules
from services.bonus.rules.editions import own_edition
from services.bonus.store import cases, facts, figures, ledger
from services.bonus.store.assessments import NewAssessment, insert_assessments
from services.bonus.store.cases import StoredInstalment
from services.bonus.store.facts import LockedPerson, Look, StoredFact
from shared.contracts.bonus import (
    BonusAssessed,
    BonusInstalmentDue,
    BonusRefused,
    BonusUnderReview,
)
from shared.database import Connection
from shared.messaging.work import Cause, Work
from shared.values.dates import day_in_copenhagen


async def assess_persons(
    work: Work,
    locked: Sequence[LockedPerson],
    causes: Mapping[str, Cause],
    *,
    touched: Collection[str] = (),
) -> int:
    """Apply the rules to all that is known of the persons; save, post, order and tell what differs.

    The caller holds the persons' locks. `touched` are instalments whose money has moved: what it
    asks for is done even if the assessment is as it was. An assessment never goes back to an
    earlier day, so that a process whose clock is behind changes nothing. It is kept with the ids of
    the facts it knew if there was a cause for it, or if something differs. Returns for how many
    persons something does.
    """
    if not locked:
        return 0
    work.steps.begin("load")
    persons = [each.person for each in locked]
    known = await load_known(work.connection, persons)
    stored = await cases.list_instalments(work.connection, persons)
    work.steps.begin("decide")
    as_of = seen_on(work, locked)
    assessments = {person: assess_known(known[person].facts, as_of=as_of) for person in persons}
    found: list[tuple[str, Difference]] = []
    for person, assessment in assessments.items():
        lines = {each.key: each.line for each in stored.get(person, [])}
        found += [(person, each) for each in differences(lines, assessment)]
    kept = {(person, each.key): each for person in persons for each in stored.get(person, [])}
    work.steps.begin("write")
    changed = await _save(work, found, kept, causes, as_of=as_of)
    differing = {person for person, _ in found}
    asked_for = differing.union(causes)
    made = [NewAssessment(each, known[each].ids, assessments[each]) for each in asked_for]
    await insert_assessments(
        work.connection, made, edition=own_edition(), as_of=as_of, assessed_at=work.now
    )
    moved = {each.instalment_id: each for each in kept.values() if each.instalment_id in touched}
    await pay_and_claim(work, list({**moved, **changed}.values()), assessments, causes)
    looks = [Look(person, next_look_on(made), made.flags) for person, made in assessments.items()]
    await facts.save_looks(work.connection, looks, assessed_on=as_of)
    return len(differing)


def seen_on(work: Work, locked: Iterable[LockedPerson]) -> date:
    """The day to assess these persons on: today, or a later one they were assessed on already."""
    return max([work.today, *(each.assessed_on for each in locked if each.assessed_on)])


@dataclass
class Known:
    """All that is known and bears on one person: facts, and under which id each is stored."""

    facts: list[Fact] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    def add(self, fact: Fact, fact_id: str) -> None:
        """One more."""
        self.facts.append(fact)
        self.ids.append(fact_id)


async def load_facts(connection: Connection, persons: Sequence[str]) -> dict[str, list[Fact]]:
    """All that is known and bears on each person, the sectors of their employers included."""
    known = await load_known(connection, persons)
    return {person: each.facts for person, each in known.items()}


async def load_known(connection: Connection, persons: Sequence[str]) -> dict[str, Known]:
    """All that is known and bears on each person, the sectors of their employers included."""
    known = {person: Known() for person in persons}
    for stored in await facts.list_facts_of_persons(connection, persons):
        assert stored.person is not None, "asked for by person"
        known[stored.person].add(fact_of(stored), stored.fact_id)
    employers = {person: employers_in(each.facts) for person, each in known.items()}
    sectors: dict[str, list[tuple[Fact, str]]] = defaultdict(list)
    wanted = set().union(*employers.values())
    for stored in await facts.list_facts_of_employers(connection, wanted) if wanted else []:
        assert stored.employer is not None, "asked for by employer"
        sectors[stored.employer].append((fact_of(stored), stored.fact_id))
    for person in persons:
        for employer in employers[person]:
            for fact, fact_id in sectors[employer]:
                known[person].add(fact, fact_id)
    return known


def employers_in(told_facts: Iterable[Fact]) -> set[str]:
    """Every employer the person was ever reported at."""
    return {fact.employer for fact in told_facts if isinstance(fact, PlacementStarted)}


def assess_known(
    known: Sequence[Fact],
    *,
    as_of: date,
    known_on: date | None = None,
    rules: Rules | None = None,
) -> Assessment:
    """What these facts come to, seen on `as_of` as known on `known_on`; absent = all of them.

    `rules` are those to go by; absent, those in force.
    """
    if known_on is None:
        known_on = max((as_of, *(fact.recorded_on for fact in known)))
    return assess(known, as_of=as_of, known_on=known_on, rules=rules or load_rules())


def fact_of(stored: StoredFact) -> Fact:
    """The fact as the rules read it."""
    instant = stored.recorded_at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    recorded_on = day_in_copenhagen(stored.recorded_at).isoformat()
    recorded = {"fact": stored.name, "recorded_on": recorded_on, "recorded_at": instant}
    return parse_fact({**stored.content, **recorded})


async def _save(
    work: Work,
    found: Sequence[tuple[str, Difference]],
    kept: Mapping[tuple[str, LineKey], StoredInstalment],
    causes: Mapping[str, Cause],
    *,
    as_of: date,
) -> dict[str, StoredInstalment]:
    """Save every difference, post what it is worth, and tell of it.

    Returns by id the instalments that may bear on money: those there were, and those now due.
    """
    if not found:
        return {}
    wanted = [(person, each.key.employer, each.key.scheme) for person, each in found]
    opened = await cases.ensure_cases(work.connection, wanted, opened_at=work.now)
    changes = [(kept.get((person, each.key)), each.after) for person, each in found]
    later = await list_posted_later(work, changes)
    changed: list[StoredInstalment] = []
    versions: list[StoredInstalment] = []
    worth: list[Entry] = []
    with_money: dict[str, StoredInstalment] = {}
    for person, each in found:
        before = kept.get((person, each.key))
        after = (
            replace(before, line=each.after)
            if before
            else StoredInstalment(
                instalment_id=str(uuid4()),
                case=opened[person, each.key.employer, each.key.scheme],
                milestone=each.key.milestone,
                line=each.after,
            )
        )
        for day, change in each.expense_changes:
            worth.append(entitlement_entry(after.instalment_id, change, day))
        _tell(work, after, each, causes.get(person))
        posted_later = later.get(after.instalment_id, ())
        after, accruals = accrue(work, after, as_of, causes.get(person), posted_later)
        worth += accruals
        changed.append(after)
        versions += [after] if each.is_told else []
        if before or each.after.status is Status.DUE:
            with_money[after.instalment_id] = after
    await cases.save_instalments(work.connection, changed, assessed_at=work.now)
    await figures.insert_versions(work.connection, versions, known_on=work.today)
    await ledger.insert_entries(work.connection, worth, entered_at=work.now)
    return with_money


def _tell(
    work: Work, instalment: StoredInstalment, difference: Difference, cause: Cause | None
) -> None:
    """Publish what became of an instalment: its assessment, and what follows from it."""
    line = instalment.line
    common: dict[str, Any] = {
        "case": instalment.case.case_id,
        "scheme": instalment.case.scheme,
        "milestone": instalment.milestone,
        "employer": instalment.case.employer,
        "law": line.law,
    }
    reasoned: dict[str, Any] = {
        **common,
        "reason": line.reason and line.reason.value,
        "rule": line.rule,
    }
    amounts: dict[str, Any] = {"amount_ore": line.amount_ore, "due_on": line.due_on}
    if difference.is_told:
        work.publish(BonusAssessed(**reasoned, **amounts, status=line.status.value), cause=cause)
    if difference.entitlement_change_ore and line.status is Status.DUE:
        identified: dict[str, Any] = {**common, "instalment": instalment.instalment_id}
        work.publish(BonusInstalmentDue(**identified, **amounts), cause=cause)
    elif difference.verdict_changed and line.status is Status.REFUSED:
        work.publish(BonusRefused(**reasoned), cause=cause)
    elif difference.verdict_changed and line.status is Status.REVIEW:
        work.publish(BonusUnderReview(**reasoned), cause=cause)
