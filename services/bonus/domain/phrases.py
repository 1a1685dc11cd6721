"""Every comparison a test writes down, in English as it is written and in Danish.

A phrase has places for values, `{name:kind}`; its Danish form puts the same values in. What was
compared is written once, in English, by the test that compared it (decision 0031).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from services.bonus.domain.assessment import ClaimReason
from services.bonus.domain.words import (
    CATEGORIES,
    CLAIM_REASONS,
    END_REASONS,
    FACTS,
    FIELDS,
    SECTORS,
)

CLAUSES_APART: Final = "; "
PLACE: Final = re.compile(r"\{(\w+):(\w+)\}")
A_REVIEW: Final = re.compile(r"[A-Z0-9_]+: ")
"""A refused review repeats its reason before the comparison."""

KINDS: Final = {
    "day": r"\d{4}-\d\d-\d\d",
    "number": r"\d+/\d+ \(about \d+\.\d+\)|\d+(?:\.\d+)?",
    "sign": r"[<>]=?|=",
    "employer": r"\S+",
    "standing": "public|private|of unknown sector",
    "field": "|".join(FIELDS),
    "told": "hire|start|filed|seen",
    "money": r"-?\d+",
    "cause": "|".join(ClaimReason),
    "fact": "|".join(FACTS),
    "category": r".+?",
    "sector": r".+",
    "reason": r".+",
}
"""What stands in a place, by its kind."""

LIMIT: Final = "{day:day} {sign:sign} {since:day} + {months:number} months = {end:day}"
GRENSE: Final = "{day} {sign} {since} + {months} måneder = {end}"
WEEKLY: Final = (
    "{hours:number} h x 7 / {days:number} days = {weekly:number} {sign:sign} {limit:number}"
)
UGENTLIG: Final = "{hours} t. x 7 / {days} dage = {weekly} {sign} {limit}"

ELSEWHERE: Final = "a job at another employer decides it"
"""Stands for a comparison with another employer, where that one is not the reader's to know."""

PHRASES: Final[tuple[tuple[str, str], ...]] = (
    ("no annulment stands", "ingen annullering står ved magt"),
    ("annulled by what was told on {day:day}", "annulleret ved det, der blev oplyst {day}"),
    (
        "employer {employer:employer} is {standing:standing} on {day:day}"
        " (public from {share:number} percent public funding)",
        "arbejdsgiver {employer} er {standing} den {day}"
        " (offentlig fra {share} pct. offentlige tilskud)",
    ),
    ("{field:field} not known", "{field} kendes ikke"),
    ("category {category:category}", "persongrundlag {category}"),
    ("covered: {category:category}", "omfattet: {category}"),
    ("permit not known", "datoen for opholdstilladelsen kendes ikke"),
    ("birth date not known", "fødselsdatoen kendes ikke"),
    ("residence not known", "bopælsdatoen kendes ikke"),
    (
        "start {day:day} {sign:sign} permit {permit:day}",
        "start {day} {sign} opholdstilladelse {permit}",
    ),
    ("start {day:day} within {first:day} to {last:day}", "start {day} ligger i {first} til {last}"),
    (
        "start {day:day} outside {first:day} to {last:day}",
        "start {day} ligger uden for {first} til {last}",
    ),
    ("{told:told} " + LIMIT, "{told} " + GRENSE),
    ("start {day:day} {sign:sign} {since:day}", "start {day} {sign} {since}"),
    ("still running", "fortsætter"),
    ("last day {day:day}", "sidste dag {day}"),
    ("needed: {due:day} - {days:number} day = {day:day}", "kræves: {due} - {days} dag = {day}"),
    ("no other spell earns it first", "ingen anden ansættelse giver raten først"),
    (
        "earned by the job from {start:day} at {employer:employer}, due {due:day}",
        "givet for ansættelsen fra {start} hos {employer}, skæringsdag {due}",
    ),
    (ELSEWHERE, "en ansættelse hos en anden arbejdsgiver afgør det"),
    ("certificate issued on {day:day}", "bevis udstedt {day}"),
    ("no certificate", "intet bevis"),
    ("ended: {reason:reason}", "ophørt: {reason}"),
    ("no certificate with hours yet", "endnu intet bevis med timer"),
    (
        "practice {practice:number} h + documented absence {absence:number} h: " + WEEKLY,
        "praktik {practice} t. + dokumenteret fravær {absence} t.: " + UGENTLIG,
    ),
    (WEEKLY, UGENTLIG),
    ("{some:number} of {all:number} days confirmed", "{some} af {all} dage bekræftet"),
    ("no application", "ingen ansøgning"),
    ("to be filed by {day:day}", "skal indgives senest {day}"),
    ("tested when {day:day} is reached", "prøves, når {day} er nået"),
    ("everything asked is known", "alt, hvad der skal bruges, er kendt"),
    (
        "whether the act covers category {category:category} is not settled",
        "det er ikke afklaret, om loven omfatter {category}",
    ),
    ("the sector is known", "sektoren er kendt"),
    (
        "employer {employer:employer} on {day:day}: no report is valid",
        "arbejdsgiver {employer} den {day}: ingen gældende oplysning",
    ),
    (
        "employer {employer:employer} on {day:day}: reported as {sector:sector}",
        "arbejdsgiver {employer} den {day}: oplyst som {sector}",
    ),
    ("no ordinary job before the course", "ingen ordinær ansættelse før forløbet"),
    (
        "no ordinary job before the course, since {since:day}",
        "ingen ordinær ansættelse før forløbet siden {since}",
    ),
    (
        "ordinary job from {start:day} at {employer:employer} before the course on {day:day}",
        "ordinær ansættelse fra {start} hos {employer} før forløbet den {day}",
    ),
    (
        "ordinary job from {start:day} at {employer:employer} before the course,"
        " since {since:day} on {day:day}",
        "ordinær ansættelse fra {start} hos {employer} før forløbet den {day}, siden {since}",
    ),
    ("accepted on {day:day}", "godkendt {day}"),
    ("refused on {day:day}", "afslået {day}"),
    (
        "{before:number} + {amount:number} = {sum:number} {sign:sign} {ceiling:number}",
        "{before} + {amount} = {sum} {sign} {ceiling}",
    ),
    ("not filed", "ikke indgivet"),
    ("filed {day:day}", "indgivet {day}"),
    ("not issued", "ikke udstedt"),
    ("issued on {day:day}", "udstedt {day}"),
    ("no certificate yet", "endnu intet bevis"),
    ("documented", "dokumenteret"),
    ("not documented", "ikke dokumenteret"),
    ("the same for every course", "det samme for alle forløb"),
    ("{amount:money} kr. on {day:day}", "{amount} kr. den {day}"),
    (
        "paid {paid:money} - due {due:money} = {claimed:money}",
        "udbetalt {paid} - berettiget {due} = {claimed}",
    ),
    ("{amount:money} kr. claimed since {day:day}", "{amount} kr. krævet siden {day}"),
    (
        "{amount:money} kr. by what was known before",
        "{amount} kr. efter det, der var kendt før",
    ),
    ("reason {cause:cause}", "årsag {cause}"),
    (
        "without {fact:fact}: {less:money} {sign:sign} {amount:money}",
        "uden {fact}: {less} {sign} {amount}",
    ),
    (
        "no fact of {day:day} makes it by itself",
        "ingen oplysning fra {day} giver kravet alene",
    ),
)


def in_danish(comparison: str) -> str:
    """Put a comparison into Danish; a clause without a phrase stays as it is."""
    head, clauses = split_comparison(comparison)
    return head + CLAUSES_APART.join(_clause_in_danish(clause) for clause in clauses)


def split_comparison(comparison: str) -> tuple[str, list[str]]:
    """What stands before a comparison, if anything, and its clauses."""
    review = A_REVIEW.match(comparison)
    head = review.group() if review else ""
    return head, comparison.removeprefix(head).split(CLAUSES_APART)


def _clause_in_danish(clause: str) -> str:
    phrase = phrase_of(clause)
    return clause if phrase is None else phrase.in_danish(clause)


@dataclass(frozen=True, slots=True)
class Phrase:
    """One English phrase, read by its pattern, and its Danish form."""

    english: str
    danish: str
    pattern: re.Pattern[str]
    kinds: Mapping[str, str]
    """The kind of each place, by its name."""

    def in_danish(self, clause: str) -> str:
        """Put the values of a clause of this phrase into the Danish form."""
        values = self.values_in(clause)
        return self.danish.format(
            **{name: SAID[self.kinds[name]](value) for name, value in values.items()}
        )

    def values_in(self, clause: str) -> dict[str, str]:
        """What stands in the places of a clause of this phrase, by name."""
        found = self.pattern.fullmatch(clause)
        assert found is not None, "the phrase was found by its pattern"
        return found.groupdict()


def phrase_of(clause: str) -> Phrase | None:
    """Find the phrase of a clause: the first whose pattern it fits."""
    return next((phrase for phrase in _phrases() if phrase.pattern.fullmatch(clause)), None)


@cache
def _phrases() -> tuple[Phrase, ...]:
    return tuple(_phrase(english, danish) for english, danish in PHRASES)


def _phrase(english: str, danish: str) -> Phrase:
    pieces = PLACE.split(english)
    names, kinds, texts = pieces[1::3], pieces[2::3], pieces[3::3]
    pattern = re.escape(pieces[0]) + "".join(
        f"(?P<{name}>{KINDS[kind]}){re.escape(text)}"
        for name, kind, text in zip(names, kinds, texts, strict=True)
    )
    return Phrase(english, danish, re.compile(pattern), dict(zip(names, kinds, strict=True)))


def day_in_danish(day: str) -> str:
    """`2017-03-01` is `01.03.2017`."""
    year, month, of_month = day.split("-")
    return f"{of_month}.{month}.{year}"


def _number(text: str) -> str:
    return text.replace(".", ",").replace("about", "ca.")


def _category(text: str) -> str:
    return ", ".join(CATEGORIES.get(each, each) for each in text.split(", "))


SAID: Final[dict[str, Callable[[str], str]]] = {
    "day": day_in_danish,
    "number": _number,
    "sign": str,
    "employer": str,
    "standing": lambda text: SECTORS.get(text, text),
    "field": lambda text: FIELDS[text],
    "told": {"hire": "ansat", "start": "start", "filed": "indgivet", "seen": "set"}.__getitem__,
    "money": str,
    "cause": lambda text: CLAIM_REASONS[ClaimReason(text)],
    "fact": lambda text: f"»{FACTS[text]}«",
    "category": _category,
    "sector": lambda text: SECTORS.get(text, text),
    "reason": lambda text: END_REASONS.get(text, text),
}
"""How what stands in a place is said in Danish, by its kind."""
