"""A fact is late when an assessment made after it was recorded should have known it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from services.bonus.domain.lateness import Late, Look, late_facts

EMPLOYER = "99000007"


@dataclass(frozen=True)
class Told:
    recorded_at: datetime
    employer: str | None = None


def at(day: int) -> datetime:
    return datetime(2017, 3, day, 12, tzinfo=UTC)


def look(day: int, *facts: str, employers: frozenset[str] = frozenset()) -> Look:
    return Look(at(day), facts, employers)


def test_a_fact_recorded_before_a_look_that_missed_it_is_late() -> None:
    told = {"a": Told(at(1)), "b": Told(at(2))}
    looks = [look(3, "a"), look(9, "a", "b"), look(10, "b", "a")]
    assert list(late_facts(looks, told)) == [(1, Late("b", at(2), at(9)))]


def test_a_fact_recorded_at_or_after_the_last_look_is_not_late() -> None:
    told = {"a": Told(at(1)), "b": Told(at(3))}
    assert list(late_facts([look(3, "a"), look(9, "a", "b")], told)) == []


def test_what_the_first_look_knows_is_never_late() -> None:
    assert list(late_facts([look(9, "a")], {"a": Told(at(1))})) == []


def test_looks_count_in_the_order_they_were_made_whatever_their_clocks_say() -> None:
    told = {"a": Told(at(1)), "b": Told(at(4))}
    looks = [look(5, "a"), look(3, "a"), look(6, "a", "b")]
    assert list(late_facts(looks, told)) == [(2, Late("b", at(4), at(6)))]


def test_an_employer_s_sector_is_missed_only_by_who_knew_of_a_placement_there() -> None:
    told = {"a": Told(at(1)), "s": Told(at(1), EMPLOYER)}
    there = frozenset({EMPLOYER})
    before = look(3, "a")
    assert list(late_facts([before, look(5, "a", "s", employers=there)], told)) == []
    missed = look(4, "a", employers=there)
    looks = [before, missed, look(5, "a", "s", employers=there)]
    assert list(late_facts(looks, told)) == [(2, Late("s", at(1), at(5)))]
