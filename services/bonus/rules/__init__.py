"""The law's parameters stand here as dated data, one file per scheme, loaded once and frozen.

`book` holds every rule in plain words with its policy settings; `page` writes docs/law.md from it;
`folders` reads other rules of the same form, to see what they would change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import date
from functools import cache
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

from services.bonus.domain.assessment import ClaimTest, Code, Missing, Reason
from services.bonus.domain.candidates import IGU_COMPLETION_AGENDA, ORDINARY_AGENDA
from services.bonus.domain.checks import PARAMETERS
from services.bonus.domain.days import day_after
from services.bonus.domain.rules import (
    IguRules,
    OrdinaryRules,
    Parameter,
    Rules,
    SharedRules,
    Source,
    Version,
)
from services.bonus.domain.spells import IGU, ORDINARY
from services.bonus.rules.documents import FILES, InvalidRuleError, document, own_folder
from services.bonus.rules.units import UNITS

MARKS: Final = ("law", "default")
ENTRY_KEYS: Final = {"rule", "unit", "versions"}
VERSION_KEYS: Final = {"value", "unit", "from", "to", "law", "mark"}
SOURCE_KEYS: Final = {"rule", "law", "mark"}

Group = TypeVar("Group", SharedRules, OrdinaryRules, IguRules)


@cache
def load_rules() -> Rules:
    """Read the parameters that come with the package. Raises InvalidRuleError."""
    return rules_in(own_folder())


def rules_in(folder: Traversable) -> Rules:
    """Read the parameters from the four files of a folder.

    Raises InvalidRuleError, which names the file or parameter and what is wrong.
    """
    return rules_from({name: document(folder, name) for name in FILES})


def rules_from(documents: Mapping[str, Mapping[str, Any]]) -> Rules:
    """Build the rules from the tables of the four files. Raises InvalidRuleError."""
    return Rules(
        shared=read_group("shared", documents["shared"], SharedRules),
        ordinary=read_group("ordinary", documents["ordinary"], OrdinaryRules),
        igu=read_group("igu", documents["igu"], IguRules),
        sources=_complete(read_sources(documents["sources"])),
    )


def read_group(name: str, document: Mapping[str, Any], group: type[Group]) -> Group:
    """Build one group of parameters: exactly those it has, each in force on every day once."""
    wanted = [field.name for field in fields(group)]
    if lacking := sorted(set(wanted) - set(document)):
        raise InvalidRuleError(f"{name}.yaml lacks {', '.join(lacking)}")
    if odd := sorted(set(document) - set(wanted)):
        raise InvalidRuleError(f"{name}.yaml: there is no parameter {', '.join(odd)}")
    hints = get_type_hints(group)
    return group(
        **{
            key: _parameter(f"{name}.{key}", document[key], _kinds(get_args(hints[key])[0]))
            for key in wanted
        }
    )


def read_sources(document: Mapping[str, Any]) -> Mapping[tuple[str, Code], Source]:
    """Build the table of law references, by scheme and code."""
    sources: dict[tuple[str, Code], Source] = {}
    for code, by_scheme in document.items():
        for scheme, entry in by_scheme.items():
            name = f"sources.{code}.{scheme}"
            _table(name, entry, SOURCE_KEYS)
            if scheme not in (ORDINARY, IGU):
                raise InvalidRuleError(f"{name}: {scheme!r} is neither {ORDINARY} nor {IGU}")
            source = Source(_rule_of(name, entry), reference_of(name, entry), mark_of(name, entry))
            sources[scheme, _code(code)] = source
    return MappingProxyType(sources)


def _complete(
    sources: Mapping[tuple[str, Code], Source],
) -> Mapping[tuple[str, Code], Source]:
    for scheme, code in _codes_without_parameter():
        if (scheme, code) not in sources:
            raise InvalidRuleError(f"sources.yaml: {code} names no law for {scheme}")
    return sources


def _codes_without_parameter() -> Iterator[tuple[str, Code]]:
    for scheme, agenda in ((ORDINARY, ORDINARY_AGENDA), (IGU, IGU_COMPLETION_AGENDA)):
        codes: list[Code] = [code for code, _ in (*agenda.tests, *agenda.reviews)]
        codes += [paper for paper, _ in agenda.papers]
        codes += [test for test in ClaimTest if test is not ClaimTest.CLAIM_TIME_BARRED]
        for code in codes:
            if (scheme, code) not in PARAMETERS:
                yield scheme, code


def _kinds(hint: object) -> tuple[type, ...]:
    """The types a parameter's value may have, from `int | None` or `Mapping[str, int]`."""
    origin = get_origin(hint)
    if isinstance(origin, type) and hint != int | None:
        return (origin,)
    kinds = get_args(hint) or (hint,)
    return tuple(kind for kind in kinds if isinstance(kind, type))


def _parameter(name: str, entry: object, kinds: tuple[type, ...]) -> Parameter[Any]:
    told = _table(name, entry, ENTRY_KEYS)
    listed = told.get("versions")
    if not isinstance(listed, list):
        raise InvalidRuleError(f"{name}: versions is no list")
    versions = tuple(_version(name, told, each, kinds) for each in listed)
    in_force_every_day(name, versions)
    return Parameter(name=name, rule=_rule_of(name, told), versions=versions)


def _table(name: str, entry: object, keys: set[str]) -> Mapping[str, Any]:
    if not isinstance(entry, Mapping):
        raise InvalidRuleError(f"{name}: {entry!r} is no table of {', '.join(sorted(keys))}")
    if odd := set(entry) - keys:
        raise InvalidRuleError(f"{name}: has no {', '.join(sorted(odd))}")
    return entry


def _version(
    name: str, entry: Mapping[str, Any], told: object, kinds: tuple[type, ...]
) -> Version[Any]:
    if not isinstance(told, Mapping):
        raise InvalidRuleError(f"{name}: {told!r} is no version")
    if odd := set(told) - VERSION_KEYS:
        raise InvalidRuleError(f"{name}: a version has no {', '.join(sorted(odd))}")
    unit = told.get("unit", entry.get("unit"))
    if not isinstance(unit, str) or unit not in UNITS:
        raise InvalidRuleError(f"{name}: unit {unit!r} is none of {', '.join(UNITS)}")
    try:
        value = UNITS[unit](told["value"])
    except KeyError:
        raise InvalidRuleError(f"{name}: a version has no value") from None
    except ValueError as error:
        raise InvalidRuleError(f"{name}: {told['value']!r} is no {unit}: {error}") from error
    if not isinstance(value, kinds):
        raise InvalidRuleError(f"{name}: {unit} is not what this parameter is measured in")
    first_day, last_day = (_bound(name, told, key) for key in ("from", "to"))
    return Version(
        value=value,
        unit=unit,
        law=reference_of(name, told),
        mark=mark_of(name, told),
        first_day=first_day,
        last_day=last_day,
    )


def _bound(name: str, version: Mapping[str, Any], key: str) -> date | None:
    day: object = version.get(key)
    if day is not None and type(day) is not date:
        raise InvalidRuleError(f"{name}: {key}: {day!r} is no date such as 2021-05-01, unquoted")
    return day


def in_force_every_day(name: str, versions: tuple[Version[Any], ...]) -> None:
    """Refuse versions that leave a day out or overlap. Raises InvalidRuleError."""
    starts = [version.first_day for version in versions]
    expected = [None, *(day_after(v.last_day) for v in versions[:-1] if v.last_day is not None)]
    in_order = all(v.first_day <= v.last_day for v in versions[1:-1] if v.first_day and v.last_day)
    if not versions or starts != expected or versions[-1].last_day is not None or not in_order:
        raise InvalidRuleError(
            f"{name}: the versions don't follow each other day by day, the first without `from`"
            " and the last without `to`"
        )


def _rule_of(name: str, entry: Mapping[str, Any]) -> str:
    rule = entry.get("rule")
    if not isinstance(rule, str) or not rule.strip():
        raise InvalidRuleError(f"{name}: names no rule")
    return rule


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


def _code(text: str) -> Code:
    for vocabulary in (Reason, Missing, ClaimTest):
        if text in vocabulary.__members__.values():
            return vocabulary(text)
    raise InvalidRuleError(f"sources: {text!r} is no reason, no paper and no test of a claim")
