"""What holds for every history, whatever was told and in whatever order."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from services.bonus.domain.assessment import Assessment, Instalment
from services.bonus.domain.engine import assess, next_look_on
from services.bonus.domain.explanation import explain
from services.bonus.domain.facts import (
    Fact,
    PlacementAnnulled,
    PlacementCorrected,
    PlacementEnded,
    PlacementStarted,
    fact_as_object,
)
from services.bonus.domain.parsing import parse_fact
from services.bonus.rules import load_rules
from tests.unit.bonus.histories import FIRST_DAY, histories
from tests.unit.bonus.stories import (
    BETA,
    applied,
    assessed,
    confirmed,
    decided,
    ended,
    person,
    sector,
    started,
    tell,
)

HISTORIES = 10_000
patiently = settings(max_examples=200)
"""Enough to notice; how fast an example is, is not what is tested."""
OVER_40000 = "OVER_40000_SAME_EMPLOYER_PERSON"
AFTER_ALL = "2040-01-01"
looks = st.integers(0, 2000).map(lambda step: FIRST_DAY + timedelta(days=step))
orders = st.integers(0, 2**32 - 1).map(Random)


def look(facts: list[Fact], as_of: date, known_on: date = date(2050, 1, 1)) -> Assessment:
    return assess(facts, as_of=as_of, known_on=known_on, rules=load_rules())


def shown(instalments: tuple[Instalment, ...]) -> list[tuple[object, ...]]:
    """What is decided, without the explanation."""
    return [
        (i.scheme, i.milestone, i.employer, i.due_on, i.amount_dkk, i.status, i.reason, i.missing)
        for i in instalments
    ]


def told_otherwise(facts: list[Fact], order: Random) -> list[Fact]:
    """The same facts in another order, some of them several times."""
    told = [*facts, *order.choices(facts, k=order.randrange(6))]
    order.shuffle(told)
    return told


@settings(max_examples=HISTORIES)
@given(histories, looks, orders)
def test_order_and_repetition_change_nothing(facts: list[Fact], as_of: date, order: Random) -> None:
    assert look(told_otherwise(facts, order), as_of) == look(facts, as_of)


@patiently
@given(histories, looks, orders)
def test_order_and_repetition_change_no_word_of_the_explanation(
    facts: list[Fact], as_of: date, order: Random
) -> None:
    again = look(told_otherwise(facts, order), as_of)
    rules = load_rules()
    assert explain(again, rules) == explain(look(facts, as_of), rules)


@settings(max_examples=HISTORIES // 5)
@given(histories, looks, looks)
def test_facts_recorded_later_change_nothing_for_an_earlier_day(
    facts: list[Fact], as_of: date, known_on: date
) -> None:
    known = [fact for fact in facts if fact.recorded_on <= known_on]
    assert look(facts, as_of, known_on) == look(known, as_of, known_on)


@patiently
@given(histories, looks)
def test_what_is_due_at_one_employer_stays_within_40000(facts: list[Fact], as_of: date) -> None:
    """Unless a caseworker accepted more: no decision about that is told here."""
    facts = [fact for fact in facts if getattr(fact, "review", None) != OVER_40000]
    due: dict[str, int] = defaultdict(int)
    for instalment in look(facts, as_of).instalments:
        due[instalment.employer] += instalment.amount_dkk
    assert all(total <= 40000 for total in due.values())


@patiently
@given(histories, looks)
def test_every_line_is_listed_once_and_worth_nothing_unless_it_is_open(
    facts: list[Fact], as_of: date
) -> None:
    lines = look(facts, as_of).instalments
    keys = [(line.scheme, line.milestone, line.employer) for line in lines]
    assert len(keys) == len(set(keys))
    for line in lines:
        assert (line.amount_dkk == 0) == (line.reason is not None)
        assert bool(line.missing) == (line.status == "AWAITING")


@patiently
@given(histories, looks)
def test_within_one_spell_the_second_milestone_is_never_before_the_first(
    facts: list[Fact], as_of: date
) -> None:
    by_spell: dict[object, dict[str, date]] = defaultdict(dict)
    for line in look(facts, as_of).instalments:
        by_spell[line.scheme, line.placements][line.milestone] = line.due_on
    for dates in by_spell.values():
        second = dates.get("M12") or dates.get("M24")
        assert second is None or dates.get("M6", second) <= second


@patiently
@given(histories, looks, st.data())
def test_until_the_next_look_time_alone_changes_nothing(
    facts: list[Fact], as_of: date, drawn: st.DataObject
) -> None:
    first = look(facts, as_of)
    next_look = next_look_on(first) or date(2049, 12, 31)
    later = as_of + timedelta(days=drawn.draw(st.integers(0, (next_look - as_of).days - 1)))
    assert look(facts, later).instalments == first.instalments
    assert look(facts, later).repayment_claims == first.repayment_claims


@patiently
@given(histories, looks, st.sampled_from(("L1", "L2", "L3")))
def test_an_end_and_its_retraction_leave_the_instalments(
    facts: list[Fact], as_of: date, placement: str
) -> None:
    facts = [fact for fact in facts if not isinstance(fact, PlacementEnded)]
    told = [
        ended("2016-08-01", "resigned", placement, on=AFTER_ALL),
        tell("PlacementEndRetracted", placement=placement, on="2040-01-02"),
    ]
    assert shown(look([*facts, *told], as_of).instalments) == shown(look(facts, as_of).instalments)


@patiently
@given(histories, looks, st.sampled_from(("mistake", "duplicate")))
def test_an_annulment_and_its_reinstatement_leave_the_instalments(
    facts: list[Fact], as_of: date, reason: str
) -> None:
    facts = [fact for fact in facts if not isinstance(fact, PlacementAnnulled)]
    told = [
        tell("PlacementAnnulled", placement="L1", reason=reason, on=AFTER_ALL),
        tell("PlacementReinstated", placement="L1", on="2040-01-02"),
    ]
    assert shown(look([*facts, *told], as_of).instalments) == shown(look(facts, as_of).instalments)


@patiently
@given(histories, looks)
def test_a_placement_told_under_a_second_id_as_well_changes_nothing(
    facts: list[Fact], as_of: date
) -> None:
    """A duplicate annulment speaks of one id: with a second one it no longer annuls."""
    facts = [fact for fact in facts if not isinstance(fact, PlacementAnnulled)]
    twice = [
        replace(fact, placement=f"other/{fact.placement}")
        for fact in facts
        if isinstance(fact, PlacementStarted | PlacementCorrected)
    ]
    assert shown(look([*facts, *twice], as_of).instalments) == shown(look(facts, as_of).instalments)


@patiently
@given(st.integers(0, 180), st.integers(100, 500), st.integers(1, 99), st.integers(0, 8), looks)
def test_splitting_a_spell_into_adjoining_placements_changes_nothing(
    start: int, length: int, share: int, daily: int, as_of: date
) -> None:
    first = date(2016, 9, 1) + timedelta(days=start)
    last = first + timedelta(days=length)
    cut = first + timedelta(days=max(1, length * share // 100))
    before = cut - timedelta(days=1)

    def period(since: date, until: date, placement: str) -> list[Fact]:
        worked = str(daily * ((until - since).days + 1))
        return [
            started(since.isoformat(), placement=placement),
            ended(until.isoformat(), placement=placement),
            confirmed(since.isoformat(), until.isoformat(), worked, placement=placement),
            applied("M6", placement=placement),
            applied("M12", placement=placement),
        ]

    base = [person("2016-03-10"), sector()]
    whole = look([*base, *period(first, last, "L1")], as_of)
    split = look([*base, *period(first, before, "L1"), *period(cut, last, "L2")], as_of)
    assert shown(split.instalments) == shown(whole.instalments)


@patiently
@given(histories)
def test_a_fact_is_read_back_as_it_was_written(facts: list[Fact]) -> None:
    assert [parse_fact(fact_as_object(fact)) for fact in facts] == facts


def test_accepted_by_a_caseworker_more_than_40000_may_be_due() -> None:
    told: list[Fact] = [
        person(),
        sector(BETA),
        *(
            fact
            for number, day in enumerate(("2016-09-01", "2018-01-01"))
            for fact in (
                started(day, f"L{number}", BETA, ("ordinary", "igu")[number], on=day),
                applied("M6", placement=f"L{number}"),
                applied("M12", placement=f"L{number}"),
            )
        ),
        ended("2017-12-31", placement="L0"),
        confirmed("2016-09-01", "2017-12-31", "9000", placement="L0"),
        tell("PersonCorrected", person="P1", born_on="1990-01-01", resident_since="2016-01-01"),
        decided("OVER_40000_SAME_EMPLOYER_PERSON", "accepted", scheme="igu", employer=BETA),
        decided("IGU_PRIOR_EMPLOYMENT", "accepted", scheme="igu", employer=BETA),
    ]
    due = [each for each in assessed(told).instalments if each.status == "DUE"]
    assert sum(each.amount_dkk for each in due) == 60000
