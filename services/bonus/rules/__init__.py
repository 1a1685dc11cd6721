"""The law's parameters stand here as dated data, one file per scheme, loaded once and frozen.

`book` holds every rule in plain words with its policy settings; `page` writes docs/law.md from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date
from fractions import Fraction
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final, TypeVar

import yaml

from services.bonus.domain.assessment import Missing, Reason
from services.bonus.domain.days import day_after
from services.bonus.domain.rules import (
    IguRules,
    Limit,
    OrdinaryRules,
    Parameter,
    Rules,
    SharedRules,
    Source,
    Version,
)

MARKS: Final = ("law", "default")
VERSION_KEYS: Final = {"value", "unit", "from", "to", "law", "mark"}

Group = TypeVar("Group", SharedRules, OrdinaryRules, IguRules)


class InvalidRuleError(ValueError):
    """A parameter of the law can't be read: the message names it and what must be mended."""


@cache
def load_rules() -> Rules:
    """Read the parameters that come with the package. Raises InvalidRuleError."""
    return Rules(
        shared=read_group("shared", _document("shared"), SharedRules),
        ordinary=read_group("ordinary", _document("ordinary"), OrdinaryRules),
        igu=read_group("igu", _document("igu"), IguRules),
        sources=read_sources(_document("sources")),
    )


def read_group(name: str, document: Mapping[str, Any], group: type[Group]) -> Group:
    """Build one group of parameters: exactly those it has, each in force on every day once."""
    wanted = {field.name for field in fields(group)}
    if wanted != set(document):
        odd = ", ".join(sorted(wanted ^ set(document)))
        raise InvalidRuleError(f"{name}.yaml lacks or doesn't know {odd}")
    return group(**{key: _parameter(f"{name}.{key}", document[key]) for key in wanted})


def read_sources(document: Mapping[str, Any]) -> Mapping[tuple[str, Reason | Missing], Source]:
    """Build the table of law references, by scheme and code."""
    sources: dict[tuple[str, Reason | Missing], Source] = {}
    for code, by_scheme in document.items():
        for scheme, entry in by_scheme.items():
            name = f"sources.{code}.{scheme}"
            source = Source(entry["rule"], reference_of(name, entry), mark_of(name, entry))
            sources[scheme, _code(code)] = source
    return MappingProxyType(sources)


def _document(name: str) -> Mapping[str, Any]:
    text = files(__package__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    document: Mapping[str, Any] = yaml.safe_load(text)
    return document


def _parameter(name: str, entry: Mapping[str, Any]) -> Parameter[Any]:
    versions = tuple(_version(name, entry, each) for each in entry["versions"])
    in_force_every_day(name, versions)
    return Parameter(name=name, rule=entry["rule"], versions=versions)


def _version(name: str, entry: Mapping[str, Any], version: Mapping[str, Any]) -> Version[Any]:
    if odd := set(version) - VERSION_KEYS:
        raise InvalidRuleError(f"{name}: a version has no {', '.join(sorted(odd))}")
    unit = version.get("unit", entry.get("unit"))
    if unit not in UNITS:
        raise InvalidRuleError(f"{name}: unit {unit!r} is none of {', '.join(UNITS)}")
    try:
        value = UNITS[unit](version["value"])
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidRuleError(f"{name}: {version.get('value')!r} is no {unit}") from error
    return Version(
        value=value,
        unit=unit,
        law=reference_of(name, version),
        mark=mark_of(name, version),
        first_day=version.get("from"),
        last_day=version.get("to"),
    )


def in_force_every_day(name: str, versions: tuple[Version[Any], ...]) -> None:
    """Refuse versions that leave a day out or overlap. Raises InvalidRuleError."""
    starts = [version.first_day for version in versions]
    expected = [None, *(day_after(v.last_day) for v in versions[:-1] if v.last_day is not None)]
    if not versions or starts != expected or versions[-1].last_day is not None:
        raise InvalidRuleError(f"{name}: the versions don't follow each other day by day")


def reference_of(name: str, entry: Mapping[str, Any]) -> str:
    """The law an entry rests on. Raises InvalidRuleError if it names none."""
    law = entry.get("law")
    if not isinstance(law, str) or not law.strip():
        raise InvalidRuleError(f"{name}: names no law")
    return law


def mark_of(name: str, entry: Mapping[str, Any]) -> str:
    """Whether an entry is the law or a reading of it. Raises InvalidRuleError."""
    mark = entry.get("mark")
    if mark not in MARKS:
        raise InvalidRuleError(f"{name}: mark {mark!r} is neither law nor default")
    return str(mark)


def _code(text: str) -> Reason | Missing:
    for vocabulary in (Reason, Missing):
        if text in vocabulary.__members__.values():
            return vocabulary(text)
    raise InvalidRuleError(f"sources: {text!r} is no reason and nothing that can be missing")


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("not a whole number")
    return value


def _day(value: object) -> date:
    if type(value) is not date:
        raise ValueError("not a date")
    return value


def _exact(value: object) -> Fraction:
    if not isinstance(value, str):
        raise ValueError("not quoted: a bare decimal would be read as a float")
    return Fraction(value)


def _by_milestone(value: Mapping[str, object]) -> Mapping[str, int]:
    return MappingProxyType({name: _whole(months) for name, months in value.items()})


UNITS: Final[dict[str, Callable[[Any], object]]] = {
    "DKK": _whole,
    "months": _whole,
    "days": _whole,
    "months or without limit": lambda value: None if value is None else _whole(value),
    "months below": lambda value: Limit(_whole(value), anniversary_included=False),
    "months up to and including": lambda value: Limit(_whole(value), anniversary_included=True),
    "months by milestone": _by_milestone,
    "date": _day,
    "percent": _exact,
    "hours a week": _exact,
    "categories": frozenset,
}
"""How a value is read, by its unit."""
