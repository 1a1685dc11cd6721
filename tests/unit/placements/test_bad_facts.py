"""What one look disproves is refused, whichever door it comes by, with the rule it breaks."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from services.bonus.rules.book import load_book
from services.placements.domain import senders
from services.placements.domain.reports import Refused
from services.placements.handlers.reading import read_report
from shared.contracts.door_rules import LAW_RULE, SAYS, DoorRule
from shared.contracts.reports import RefusedFact, parse_reported_fact
from tests.support.bad_facts import BAD, GOOD, reported

LAW_PAGE = Path(__file__).parents[3] / "docs" / "law.md"


@pytest.mark.parametrize("name", BAD)
def test_a_record_on_a_municipality_s_topic_is_refused_by_its_rule(name: str) -> None:
    fact, code = BAD[name]
    refused = parse_reported_fact(json.dumps(reported(fact, "r-1")).encode())
    assert isinstance(refused, RefusedFact)
    assert (refused.report_id, refused.rule.value) == ("r-1", code)
    assert refused.problem


@pytest.mark.parametrize("name", BAD)
def test_what_is_posted_is_refused_by_the_same_rule(name: str) -> None:
    fact, code = BAD[name]
    told = read_report(reported(fact, "r-1"), senders.municipality("0101")).told
    assert isinstance(told.refused, Refused)
    assert (told.refused.reason, told.refused.code) == ("invalid-fact", code)


def test_the_facts_they_were_made_of_are_taken() -> None:
    for fact in GOOD:
        read = parse_reported_fact(json.dumps(reported(fact, "r-1")).encode())
        assert not isinstance(read, RefusedFact)


def test_a_field_named_twice_and_a_person_number_are_refused_by_their_rules() -> None:
    twice = parse_reported_fact(b'{"report_id": "r-1", "fact": "PlacementEnded", "fact": "x"}')
    assert isinstance(twice, RefusedFact)
    assert twice.rule is DoorRule.FIELD_TWICE
    number = reported(GOOD[0], "r-1", "file 610180-0001")
    told = parse_reported_fact(json.dumps(number).encode())
    assert isinstance(told, RefusedFact)
    assert told.rule is DoorRule.PERSON_NUMBER_IN_TEXT


def test_the_page_about_the_law_lists_every_code_under_the_rule_that_refusals_name() -> None:
    section = LAW_PAGE.read_text(encoding="utf-8").partition(f"### {LAW_RULE}:")[2]
    section = section.partition("\n### ")[0]
    assert LAW_RULE in load_book()
    assert set(re.findall(r"Refused with `([A-Z0-9_]+)`", section)) == set(DoorRule) == set(SAYS)
