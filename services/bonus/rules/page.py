"""The page docs/law.md, written from the rules themselves: `python -m services.bonus.rules.page`.

The page goes to standard output; a test sees that the one in docs is what comes out here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import date
from fractions import Fraction
from typing import Final

from services.bonus.domain.rules import Limit, Parameter, Rules, Version
from services.bonus.rules import load_rules
from services.bonus.rules.book import Setting, Statement, load_book
from shared.contracts import door_rules
from shared.contracts.door_rules import SAYS

HEAD: Final = """\
# The law, rule by rule

This page is written by `python -m services.bonus.rules.page > docs/law.md` from the rules the
engine itself reads (`services/bonus/rules/`). Don't edit it: change the rules, and write it anew.

Each rule has an id, which stands in every explanation and event. **Law** means that the act, or
the ministry's guidance to it, says so. **Reading** means that the sources are silent or differ:
the rule is then what a careful caseworker would do, with the reason, and a named setting with the
days it is in force. A setting or parameter without days holds on every day. For a parameter the
day asked for is the start of the employment or course; for public funding it is the milestone's.

The acts: *integrationsloven* § 46 (bonus for ordinary employment) and *igu-loven*, lov nr. 623 af
8. juni 2016 om integrationsgrunduddannelse, § 11. The ministerial orders under both could not be
read in full when this was written; nothing here replaces them, and this is no legal advice.
"""
CHAPTERS: Final[Mapping[str, str]] = {
    "S": "Both schemes",
    "O": "Ordinary employment (ordinær ansættelse)",
    "G": "IGU (integrationsgrunduddannelse)",
    "F": "From what is told to what counts",
    "T": "Tests, reviews and status",
    "L": "Over all employments of a person",
    "C": "Repayment claims (tilbagebetalingskrav)",
    "W": "What is flagged for a look",
    "P": "Accruals and figures (periodisering)",
}
MARKS: Final[Mapping[str, str]] = {"law": "law", "default": "reading"}


def page() -> str:
    """Write every rule with its source, parameters and settings, in the order of the book."""
    rules = load_rules()
    parts = [HEAD, "\n" + "\n".join(_silences()) + "\n"]
    chapter = ""
    for statement in load_book().values():
        if statement.rule[0] != chapter:
            chapter = statement.rule[0]
            parts.append(f"\n## {CHAPTERS[chapter]}\n")
        parts.append("\n" + "\n".join(_statement(statement, rules)) + "\n")
    return "".join(parts)


def _silences() -> Iterator[str]:
    """The rules that are a reading, so that whoever knows better finds them at once."""
    yield "## Where the acts are silent"
    yield ""
    for statement in load_book().values():
        if statement.mark == "default":
            yield f"- {statement.rule}: {statement.title}"


def parameters_of(rules: Rules) -> Iterator[Parameter[object]]:
    """Every parameter of every group."""
    for group in (rules.shared, rules.ordinary, rules.igu):
        for field in fields(group):
            yield getattr(group, field.name)


def _statement(statement: Statement, rules: Rules) -> Iterator[str]:
    yield f"### {statement.rule}: {statement.title} ({statement.danish_title})"
    yield ""
    yield statement.says
    yield ""
    yield f"- Source ({MARKS[statement.mark]}): {statement.law}"
    if statement.because:
        yield f"- Why: {statement.because}"
    for parameter in parameters_of(rules):
        if parameter.rule == statement.rule:
            for version in parameter.versions:
                yield f"- Parameter {_version(parameter, version)}"
    for setting in statement.settings:
        yield from _setting(setting)
    if statement.rule == door_rules.LAW_RULE:
        yield from (f"- Refused with `{rule}` unless {said}" for rule, said in SAYS.items())
    if codes := _codes(statement.rule, rules):
        yield f"- Decides: {', '.join(codes)}"


def versions_text(parameter: Parameter[object]) -> str:
    """A parameter's values with their unit and days, and the law each rests on."""
    return "; ".join(
        f"{value_text(each.value)} ({each.unit}){_days(each)}, {each.law}"
        for each in parameter.versions
    )


def _version(parameter: Parameter[object], version: Version[object]) -> str:
    return (
        f"`{parameter.name}` = {value_text(version.value)} ({version.unit})"
        f"{_days(version)}; {MARKS[version.mark]}: {version.law}"
    )


def _setting(setting: Setting) -> Iterator[str]:
    for version in setting.parameter.versions:
        chosen = f"`{setting.parameter.name}` = `{version.value}`{_days(version)}"
        yield f"- Setting {chosen}, in `{setting.implemented_in}`"


def _days(version: Version[object]) -> str:
    first = f" from {version.first_day}" if version.first_day else ""
    last = f" to {version.last_day}" if version.last_day else ""
    return first + last


def _codes(rule: str, rules: Rules) -> list[str]:
    """What a test of this rule answers with, where it has no parameter of its own."""
    return sorted(
        {f"`{code}`" for (_, code), source in rules.sources.items() if source.rule == rule}
    )


def value_text(value: object) -> str:
    """Write a parameter's value as people read it."""
    match value:
        case None:
            return "without limit"
        case Limit():
            return str(value.months)
        case Fraction() | date() | int():
            return str(value)
        case frozenset():
            return ", ".join(sorted(value))
        case Mapping():
            return ", ".join(f"{name} {months}" for name, months in value.items())
    raise AssertionError(f"a parameter's value is no {type(value).__name__}")


if __name__ == "__main__":
    sys.stdout.write(page())
