"""Every value of every parameter decides a case: the smallest step either way changes one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from datetime import date, timedelta
from fractions import Fraction
from functools import cache

import pytest

from services.bonus.domain.parsing import Case
from services.bonus.domain.rules import Limit, Parameter, Rules, Version
from services.bonus.rules import load_rules
from tests.unit.bonus.pairs import came_out, pairs

GROUPS = ("shared", "ordinary", "igu")
STEPS = {
    # Amounts come in thousands: one krone more on the ceiling lets no further instalment below it.
    "shared.ceiling": (-1, 20000),
}
OF_CLAIMS_IN_TIME = "shared.repayment_limit"
"""Bars no claim of a case, only its decision: test_claim_explanations shows both its sides."""


def versions() -> Iterator[tuple[str, str, int]]:
    for group in GROUPS:
        for field in fields(getattr(load_rules(), group)):
            parameter: Parameter[object] = getattr(getattr(load_rules(), group), field.name)
            if parameter.name == OF_CLAIMS_IN_TIME:
                continue
            yield from ((group, field.name, place) for place in range(len(parameter.versions)))


def neighbours(name: str, value: object) -> Iterator[object]:
    match value:
        case None:
            yield 1
        case int():
            yield from (value + step for step in STEPS.get(name, (-1, 1)))
        case Fraction():
            yield from (value - Fraction(1, 100), value + Fraction(1, 100))
        case date():
            yield from (value - timedelta(days=1), value + timedelta(days=1))
        case Limit():
            yield replace(value, anniversary_included=not value.anniversary_included)
            yield from (replace(value, months=value.months + step) for step in (-1, 1))
        case frozenset():
            yield from (value - {each} for each in sorted(value))
            yield value | {"student"}
        case Mapping():
            for each in value:
                yield from ({**value, each: value[each] + step} for step in (-1, 1))
        case _:
            raise AssertionError(f"no neighbour of {value!r}")


def changed(group: str, name: str, place: int, **changes: object) -> Rules:
    rules = load_rules()
    parameters = getattr(rules, group)
    parameter: Parameter[object] = getattr(parameters, name)
    told: list[Version[object]] = list(parameter.versions)
    told[place] = replace(told[place], **changes)  # type: ignore[arg-type]  # fields of a version
    other = replace(parameter, versions=tuple(told))
    return replace(rules, **{group: replace(parameters, **{name: other})})


@cache
def cases() -> tuple[tuple[Case, frozenset[str]], ...]:
    sides = [side for pair in pairs() for side in pair if not side.refused]
    return tuple((side.parse(), side.expect) for side in sides)


def changes_a_case(rules: Rules) -> bool:
    return any(came_out(case, rules) != expect for case, expect in cases())


@pytest.mark.parametrize(("group", "name", "place"), list(versions()))
def test_a_step_of_a_value_changes_a_case(group: str, name: str, place: int) -> None:
    value = getattr(getattr(load_rules(), group), name).versions[place].value
    unseen = [
        other
        for other in neighbours(f"{group}.{name}", value)
        if not changes_a_case(changed(group, name, place, value=other))
    ]
    assert not unseen


def test_a_border_between_versions_decides_a_case() -> None:
    unseen = [
        (name, last_day, step)
        for group, name, place in versions()
        if (last_day := getattr(getattr(load_rules(), group), name).versions[place].last_day)
        for step in (-1, 1)
        if not changes_a_case(changed(group, name, place, last_day=last_day + timedelta(days=step)))
    ]
    assert not unseen
