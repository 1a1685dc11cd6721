"""Every rule has an id, plain words and a source; every reading of the law is a named setting."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from services.bonus.rules import load_rules
from services.bonus.rules.book import load_book, read_statements
from services.bonus.rules.choices import IMPLEMENTED
from services.bonus.rules.documents import InvalidRuleError
from services.bonus.rules.page import page, parameters_of

LAW_PAGE = Path(__file__).parents[3] / "docs" / "law.md"
COUNTS = {"S": 12, "O": 21, "G": 20, "F": 10, "T": 10, "L": 3, "C": 5, "W": 7, "P": 3}
ACTS = re.compile(
    r"integrationsloven § 46|igu-loven( §| \(lov nr\. \d+ af )|forældelsesloven § \d"
    r"|forvaltningsloven § \d|EU's de minimis-forordning|ingen lovhjemmel: ."
)


def test_every_rule_is_known_by_its_id() -> None:
    known = [f"{letter}{n}" for letter, count in COUNTS.items() for n in range(1, count + 1)]
    assert list(load_book()) == known


def test_every_parameter_and_test_names_a_rule_of_the_book() -> None:
    rules = load_rules()
    named = {parameter.rule for parameter in parameters_of(rules)}
    named |= {source.rule for source in rules.sources.values()}
    assert named <= set(load_book())


def test_every_reference_names_an_act_or_says_that_there_is_none() -> None:
    rules = load_rules()
    laws = {version.law for each in parameters_of(rules) for version in each.versions}
    laws |= {source.law for source in rules.sources.values()}
    laws |= {statement.law for statement in load_book().values()}
    assert not [law for law in sorted(laws) if not ACTS.match(law)]


def test_every_reading_is_a_named_setting_or_parameter() -> None:
    read_so = {
        parameter.rule
        for parameter in parameters_of(load_rules())
        if any(version.mark == "default" for version in parameter.versions)
    }
    bare = [
        statement.rule
        for statement in load_book().values()
        if statement.mark == "default" and not statement.settings and statement.rule not in read_so
    ]
    assert not bare


def test_every_setting_is_implemented_where_it_says() -> None:
    settings = [each for statement in load_book().values() for each in statement.settings]
    names = [each.parameter.name for each in settings]
    assert sorted(names) == sorted(IMPLEMENTED)
    for each in settings:
        module, function = each.implemented_in.split(".")
        assert callable(getattr(import_module(f"services.bonus.domain.{module}"), function))


def entry(**changes: object) -> dict[str, Any]:
    told = {"title": "t", "danish": "d", "law": "l", "mark": "default", "says": "s", "because": "b"}
    return {"X1": {**told, **changes}}


def payee(**changes: object) -> dict[str, Any]:
    known = IMPLEMENTED["payee"][0]
    return {"name": "payee", "value": known, "in": "situations.situations_of", **changes}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (entry(danish=""), "X1: danish is missing"),
        (entry(law=""), "X1: names no law"),
        (entry(mark="maybe"), "X1: mark 'maybe' is neither"),
        (entry(because=None), "X1: a default says because of what"),
        (entry(note="n"), "X1: a statement has no note"),
        (entry(settings=[payee(value="nobody")]), "X1: payee: the engine has no 'nobody', only"),
        (entry(settings=[payee(name="luck")]), "only no such setting"),
        (entry(settings=[payee(unit="x")]), "is no setting"),
        (entry(settings=[payee(), payee()]), "X1: payee: the versions don't follow each other"),
    ],
)
def test_a_statement_that_is_not_whole_is_refused(document: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRuleError) as caught:
        read_statements(document)
    assert message in str(caught.value)


def test_the_page_about_the_law_is_what_the_rules_say() -> None:
    assert LAW_PAGE.read_text(encoding="utf-8") == page()
