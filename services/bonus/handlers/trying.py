"""Facts weighed against what is stored: what they would change, had they just become known.

What is needed is read at one instant, in a transaction that can write nothing and holds no lock;
the weighing comes after it, from memory alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.bonus.domain.differences import LineKey, line_object
from services.bonus.domain.effects import Effect, effects, totals
from services.bonus.domain.facts import Fact
from services.bonus.domain.payouts import Money
from services.bonus.handlers.assessing import assess_known, employers_in, fact_of, load_facts
from services.bonus.handlers.paying import load_money
from services.bonus.handlers.telling import ToldFact, persons_told
from services.bonus.store import cases, facts, trials
from shared.database import Connection
from shared.messaging.work import Work

PERSONS_MAX = 2_000
"""Weighed in one request."""
FACTS_OF_A_PERSON_MAX = 1_000
"""Told in one request. The days of a claim are looked for day by day, fact by fact."""
TICK = timedelta(microseconds=1)


class TooMuchToWeighError(ValueError):
    """The facts are about more than one request can weigh; the message says how much it may be."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A fact that was not weighed, and why; `position` counts from 1."""

    position: int
    why: str


@dataclass(frozen=True)
class Stored:
    """What is stored of the persons the facts bear on, at one instant."""

    as_of: date
    now: datetime
    known: Mapping[str, Sequence[Fact]]
    sectors: Mapping[str, Sequence[Fact]]
    """Of the employers that persons are told to have started at."""
    money: Mapping[str, Mapping[LineKey, Money]]
    case_ids: Mapping[tuple[str, str, str], str]
    """By person, employer and scheme."""


@dataclass(frozen=True)
class Trial:
    """Facts told, by the person they are about, and what is stored of all they bear on."""

    told: Mapping[str, Sequence[ToldFact]]
    sectors_told: Sequence[ToldFact]
    left_out: Sequence[LeftOut]
    stored: Stored


async def prepare(work: Work, told: Sequence[ToldFact], municipality: str | None) -> Trial:
    """Read all that the facts bear on; nothing is locked, and nothing can be written.

    A municipality's facts about a person whom others placed, and it didn't, are left out: what is
    stored of that person is not its to know. Raises UnusableFactsError and TooMuchToWeighError.
    """
    await trials.hold_still(work.connection)
    placements = {each.placement for each in told if each.placement is not None}
    known = await trials.list_persons_of_placements(work.connection, placements)
    persons, waiting = persons_told(told, known)
    left_out = [
        LeftOut(position, f"the start of {placement} isn't known: this would wait for it")
        for position, placement in waiting.items()
    ]
    if municipality is not None:
        placed = await trials.list_placed(work.connection, persons.values(), municipality)
        why = "others placed this person, and you didn't: what is stored isn't yours to know"
        strangers = {person for person, is_own in placed.items() if not is_own}
        left_out += [LeftOut(place, why) for place, each in persons.items() if each in strangers]
        persons = {place: each for place, each in persons.items() if each not in strangers}
    by_person: dict[str, list[ToldFact]] = defaultdict(list)
    for each in told:
        if each.position in persons:
            by_person[persons[each.position]].append(each)
    sectors = [each for each in told if each.employer is not None]
    employed = await facts.list_persons_at_employers(
        work.connection, [each.employer for each in sectors if each.employer is not None]
    )
    concerned = sorted({*by_person, *employed})
    _refuse_too_much(len(concerned), max(map(len, by_person.values()), default=0))
    stored = await _stored(work, concerned, by_person)
    return Trial(by_person, sectors, sorted(left_out, key=lambda each: each.position), stored)


def _refuse_too_much(persons: int, facts_of_one: int) -> None:
    if persons > PERSONS_MAX:
        raise TooMuchToWeighError(
            f"these facts bear on {persons} persons, and at most {PERSONS_MAX} are weighed"
        )
    if facts_of_one > FACTS_OF_A_PERSON_MAX:
        raise TooMuchToWeighError(
            f"{facts_of_one} facts are about one person, and at most {FACTS_OF_A_PERSON_MAX} are"
            " weighed"
        )


async def _stored(
    work: Work, persons: Sequence[str], told: Mapping[str, Sequence[ToldFact]]
) -> Stored:
    started = {
        each.content["employer"]
        for facts_told in told.values()
        for each in facts_told
        if each.name == "PlacementStarted"
    }
    sectors: dict[str, list[Fact]] = defaultdict(list)
    for each in await facts.list_facts_of_employers(work.connection, started):
        assert each.employer is not None, "asked for by employer"
        sectors[each.employer].append(fact_of(each))
    money, case_ids = await load_standing(work.connection, persons)
    return Stored(
        as_of=work.today,
        now=work.now,
        known=await load_facts(work.connection, persons),
        sectors=sectors,
        money=money,
        case_ids=case_ids,
    )


async def load_standing(
    connection: Connection, persons: Sequence[str]
) -> tuple[dict[str, dict[LineKey, Money]], dict[tuple[str, str, str], str]]:
    """The money of each instalment, by person and line, and the ids of their cases."""
    instalments = await cases.list_instalments(connection, persons)
    own = [each for found in instalments.values() for each in found]
    held = await load_money(connection, (each.instalment_id for each in own))
    money: dict[str, dict[LineKey, Money]] = defaultdict(dict)
    for each in own:
        money[each.case.person][each.key] = held[each.instalment_id].money
    case_ids = {
        (each.case.person, each.case.employer, each.case.scheme): each.case.case_id for each in own
    }
    return money, case_ids


def weigh(trial: Trial) -> Iterator[tuple[Effect, ...]]:
    """What the facts would change, person by person, had they become known now, as ordered."""
    stored = trial.stored
    latest = max(
        (
            fact.recorded_at
            for known in stored.known.values()
            for fact in known
            if fact.recorded_at is not None
        ),
        default=stored.now,
    )
    began = max(stored.now, latest)
    for person, known in stored.known.items():
        told = [each.as_fact(began + each.position * TICK) for each in trial.told.get(person, ())]
        with_told = [*known, *told]
        employers = employers_in(with_told)
        for employer in employers - employers_in(known):
            with_told += stored.sectors.get(employer, ())
        with_told += [
            each.as_fact(began + each.position * TICK)
            for each in trial.sectors_told
            if each.employer in employers
        ]
        before = assess_known(known, as_of=stored.as_of)
        after = assess_known(with_told, as_of=stored.as_of)
        yield effects(person, before, after, stored.money.get(person, {}))


def as_answer(trial: Trial, found: Iterable[Effect]) -> dict[str, object]:
    """The differences, their sums in øre, and what was left out, for programs."""
    listed = list(found)
    return {
        "as_of": trial.stored.as_of.isoformat(),
        "differences": [effect_object(each, trial.stored.case_ids) for each in listed],
        "sums": totals(listed).as_object(),
        "left_out": [{"fact": each.position, "why": each.why} for each in trial.left_out],
    }


def effect_object(
    effect: Effect, case_ids: Mapping[tuple[str, str, str], str]
) -> dict[str, object]:
    """One instalment before and after; `case` is null where there is none yet."""
    key = effect.key
    return {
        "case": case_ids.get((effect.person, key.employer, key.scheme)),
        "person": effect.person,
        "employer": key.employer,
        "scheme": key.scheme,
        "milestone": key.milestone,
        "before": None if effect.before is None else line_object(effect.before),
        "after": line_object(effect.after),
        "paid_more_ore": effect.paid_more_ore,
        "paid_less_ore": effect.paid_less_ore,
        "claimed_back_ore": effect.claimed_back_ore,
        "no_longer_claimed_ore": effect.no_longer_claimed_ore,
        "expected_change_ore": effect.expected_change_ore,
    }
