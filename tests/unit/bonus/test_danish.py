"""The explanation in Danish: every phrase has its words, and every word is used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache

import pytest

from services.bonus.assess import assess_case
from services.bonus.domain import phrases, words
from services.bonus.domain.assessment import (
    Assessment,
    ClaimReason,
    ClaimTest,
    Missing,
    Reason,
    Status,
    Verdict,
)
from services.bonus.domain.disclosure import as_told_to_employer
from services.bonus.domain.explanation import explain, explanation_object
from services.bonus.domain.facts import FACT_TYPES
from services.bonus.domain.flags import Flag
from services.bonus.domain.parsing import parse_case
from services.bonus.domain.phrases import CLAUSES_APART, PHRASES, in_danish, phrase_of
from services.bonus.domain.spells import SCHEMES
from services.bonus.rules import load_rules
from tests.unit.bonus.pairs import pairs
from tests.unit.bonus.stories import assessed, corrected_person, decided, job, paid, sector, tell
from tests.unit.bonus.test_cases import random, worked


@cache
def assessments() -> tuple[Assessment, ...]:
    sides = [side.parse() for pair in pairs() for side in pair if not side.refused]
    told = [parse_case(case) for case in (*worked(), *random())]
    return tuple(assess_case(case) for case in (*sides, *told))


def comparisons() -> Iterator[str]:
    for assessment in assessments():
        for line in assessment.instalments:
            yield from (check.arithmetic for check in line.checks)
            yield from [] if line.price is None else [line.price.arithmetic]
            if line.reason is Reason.ALREADY_PAID:
                told = as_told_to_employer(assessment, line.employer)
                yield from (check.arithmetic for each in told.instalments for check in each.checks)
        for claim in assessment.repayment_claims:
            yield from (check.arithmetic for check in claim.explain())


def clauses() -> Iterator[str]:
    for comparison in comparisons():
        head = phrases.A_REVIEW.match(comparison)
        plain = comparison[head.end() :] if head else comparison
        yield from plain.split(CLAUSES_APART)


def test_every_clause_has_a_phrase() -> None:
    assert not sorted({clause for clause in clauses() if phrase_of(clause) is None})


def test_every_phrase_is_written_by_some_test() -> None:
    said = {phrase.english for clause in clauses() if (phrase := phrase_of(clause)) is not None}
    assert not [english for english, _ in PHRASES if english not in said]


@pytest.mark.parametrize(
    ("table", "codes"),
    [
        (words.STATUSES, Status),
        (words.VERDICTS, Verdict),
        (words.TESTS, [*Reason, *Missing, *ClaimTest]),
        (words.CLAIM_REASONS, ClaimReason),
        (words.FLAGS, Flag),
        (words.FACTS, FACT_TYPES),
        (words.SCHEMES, SCHEMES),
    ],
)
def test_every_code_has_words(table: dict[str, str], codes: list[str]) -> None:
    assert list(table) == list(codes)
    assert len(set(table.values())) == len(table)


@pytest.mark.parametrize(
    ("english", "danish"),
    [
        (
            "hire 2016-09-01 <= 2016-03-10 + 24 months = 2018-03-10",
            "ansat 01.09.2016 <= 10.03.2016 + 24 måneder = 10.03.2018",
        ),
        (
            "494 h x 7 / 182 days = 19 = 19",
            "494 t. x 7 / 182 dage = 19 = 19",
        ),
        (
            "165.3 h x 7 / 61 days = 11571/610 (about 18.9688) < 19",
            "165,3 t. x 7 / 61 dage = 11571/610 (ca. 18,9688) < 19",
        ),
        (
            "category family_other; covered: family_refugee, refugee",
            "persongrundlag anden familiesammenført;"
            " omfattet: familiesammenført til flygtning, flygtning",
        ),
        ("no certificate; ended: resigned", "intet bevis; ophørt: egen opsigelse"),
        (
            "SECTOR_UNKNOWN: employer 99000007 on 2017-03-01: reported as club;"
            " refused on 2017-04-02",
            "SECTOR_UNKNOWN: arbejdsgiver 99000007 den 01.03.2017: oplyst som club;"
            " afslået 02.04.2017",
        ),
        ("no phrase; not filed", "no phrase; ikke indgivet"),
    ],
)
def test_a_comparison_is_put_into_danish(english: str, danish: str) -> None:
    assert in_danish(english) == danish


def test_a_case_is_explained_in_danish() -> None:
    told = [corrected_person(permit_granted_on="2016-03-10", category="refugee"), sector(), *job()]
    correction = tell(
        "PlacementCorrected", placement="L1", started_on="2017-04-01", on="2017-09-14"
    )
    text = explain(assessed(told, paid(20000), correction), load_rules(), "da")
    lines = [line.strip() for line in text.splitlines()]
    assert lines[0] == "Set den 01.01.2025, som kendt den 01.01.2025."
    assert lines[2:5] == [
        "ordinær ansættelse, 6 måneder, arbejdsgiver 99000007, skæringsdag 01.10.2017:"
        " til udbetaling 15.000 kr.",
        "fra 01.04.2017, forløb L1",
        "beløb: 15.000 kr.: ansat 01.04.2017 > 10.03.2016 + 12 måneder = 10.03.2017"
        " [O6, integrationsloven § 46, stk. 3] (personoplysninger rettet 01.01.2016)",
    ]
    assert lines[-6] == (
        "Tilbagebetalingskrav, ordinær ansættelse, 6 måneder, arbejdsgiver 99000007:"
        " udbetalt 20.000 kr. - berettiget 15.000 kr. = 5.000 kr., rejst 14.09.2017:"
        " startdato rettet (start rettet 14.09.2017)"
    )


def test_the_object_says_what_is_missing_who_has_it_and_until_when() -> None:
    waiting = assessed(sector(), corrected_person(permit_granted_on="2016-03-10"), job()[:1])
    told = [explanation_object(line, load_rules())["waits"] for line in waiting.instalments]
    assert (
        told
        == [
            [
                {
                    "missing": "PERSON_SCOPE",
                    "suppliers": ["caseworker", "municipality"],
                    "until": None,
                }
            ]
        ]
        * 2
    )
    known = corrected_person(category="refugee")
    accepted = assessed(
        sector(), corrected_person(permit_granted_on="2016-03-10"), known, job()[:1]
    )
    first = explanation_object(accepted.instalments[0], load_rules())
    assert first["waits"] == [
        {"missing": "application", "suppliers": ["company"], "until": "2020-03-01"},
        {"missing": "confirmation", "suppliers": ["company", "municipality"], "until": None},
    ]
    text = first["text"]
    assert isinstance(text, dict)
    assert "waits for: application: from company, by 2020-03-01" in text["en"]
    assert "afventer: ansøgning: fra virksomheden, senest 01.03.2020" in text["da"]


def test_a_refusal_waits_for_nothing_and_two_reviews_for_two_decisions() -> None:
    refused = assessed(sector(of="public_authority"), job()[:1]).instalments[0]
    assert explanation_object(refused, load_rules())["waits"] == []
    asked = assessed(job()[:1], decided("PERSON_SCOPE", "accepted")).instalments[0]
    waits = explanation_object(asked, load_rules())["waits"]
    assert json.dumps(waits).count('"missing"') == 2


def test_a_test_tells_its_facts_with_the_day_each_became_known() -> None:
    line = assessed(sector(on="2016-02-03"), corrected_person(category="refugee"), job())
    checks = explanation_object(line.instalments[0], load_rules())["checks"]
    assert isinstance(checks, list)
    (public,) = [each for each in checks if each["code"] == "EMPLOYER_PUBLIC"]
    assert public == {
        "code": "EMPLOYER_PUBLIC",
        "rule": "S1",
        "law": "integrationsloven § 46, stk. 6",
        "verdict": "passed",
        "arithmetic": "employer 99000007 is private on 2017-03-01"
        " (public from 50 percent public funding)",
        "facts": [{"fact": "EmployerSectorReported", "recorded_on": "2016-02-03"}],
    }
