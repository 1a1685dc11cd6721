"""Every rule in plain words, by its id: source, reading, and the policy settings behind it.

`statements/*.yaml` hold them: title in English and Danish, the law, `mark` (law or default), what
the rule says, why a careful caseworker would read it so where the law is silent (`because`), and
the named settings such a reading comes down to, dated like every parameter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from services.bonus.domain.rules import Parameter, Version
from services.bonus.rules import in_force_every_day, mark_of, reference_of
from services.bonus.rules.choices import IMPLEMENTED
from services.bonus.rules.documents import InvalidRuleError, document, own_folder

STATEMENTS: Final = "statements"
"""The folder of the chapters."""
CHAPTERS: Final = ("shared", "ordinary", "igu", "cases", "accounts")
KEYS: Final = {"title", "danish", "law", "mark", "says", "because", "settings"}
REQUIRED: Final = ("title", "danish", "says")
SETTING_KEYS: Final = {"name", "value", "from", "to", "in"}


@dataclass(frozen=True, slots=True)
class Setting:
    """A named reading of the law, dated; the engine implements the values listed in choices."""

    parameter: Parameter[str]
    implemented_in: str
    """Module and function of the domain, as `spells.due_date`."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One rule in plain words."""

    rule: str
    title: str
    danish_title: str
    law: str
    mark: str
    says: str
    because: str | None
    """Why it is read so, where the law is silent."""
    settings: tuple[Setting, ...]


@cache
def load_book() -> Mapping[str, Statement]:
    """Read every statement that comes with the package, in order. Raises InvalidRuleError."""
    folder = own_folder().joinpath(STATEMENTS)
    book: dict[str, Statement] = {}
    for chapter in CHAPTERS:
        book |= read_statements(document(folder, chapter))
    return MappingProxyType(book)


def read_statements(document: Mapping[str, Any]) -> dict[str, Statement]:
    """Build statements by rule id. Raises InvalidRuleError, naming the rule and what is wrong."""
    return {rule: _statement(rule, entry) for rule, entry in document.items()}


def _statement(rule: str, entry: Mapping[str, Any]) -> Statement:
    if odd := set(entry) - KEYS:
        raise InvalidRuleError(f"{rule}: a statement has no {', '.join(sorted(odd))}")
    for name in REQUIRED:
        if not entry.get(name):
            raise InvalidRuleError(f"{rule}: {name} is missing")
    mark = mark_of(rule, entry)
    because = entry.get("because")
    if mark == "default" and not because:
        raise InvalidRuleError(f"{rule}: a default says because of what")
    return Statement(
        rule=rule,
        title=entry["title"],
        danish_title=entry["danish"],
        law=reference_of(rule, entry),
        mark=mark,
        says=entry["says"].strip(),
        because=because and because.strip(),
        settings=tuple(_settings(rule, entry)),
    )


def _settings(rule: str, entry: Mapping[str, Any]) -> Iterator[Setting]:
    told: dict[str, list[Mapping[str, Any]]] = {}
    for each in entry.get("settings", ()):
        if set(each) - SETTING_KEYS or not each.get("name") or not each.get("in"):
            raise InvalidRuleError(f"{rule}: {each} is no setting: it has {sorted(SETTING_KEYS)}")
        told.setdefault(each["name"], []).append(each)
    for name, entries in told.items():
        versions = tuple(_version(rule, name, entry, each) for each in entries)
        in_force_every_day(f"{rule}: {name}", versions)
        yield Setting(Parameter(name, rule, versions), entries[0]["in"])


def _version(
    rule: str, name: str, entry: Mapping[str, Any], setting: Mapping[str, Any]
) -> Version[str]:
    choices = IMPLEMENTED.get(name, ())
    if setting.get("value") not in choices:
        raise InvalidRuleError(
            f"{rule}: {name}: the engine has no {setting.get('value')!r},"
            f" only {', '.join(choices) or 'no such setting'}"
        )
    return Version(
        value=setting["value"],
        unit="choice",
        law=entry["law"],
        mark="default",
        first_day=setting.get("from"),
        last_day=setting.get("to"),
    )
