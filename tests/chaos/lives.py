"""Made-up people and companies: what is told of each, by whom and in which order, from a seed.

Nobody of them exists: person numbers have the day plus 60, company numbers begin with 99. Of one
person things are told one after the other; where the order of telling could change what is right
(two corrections of the same thing), that is what keeps it the same in every run.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import count, islice
from random import Random
from typing import Any, Final

from shared.values.cvr import is_cvr
from tests.chaos.requests import PERSON, Sender, Told

COMPANIES: Final = 8
"""Employers of persons; they join before anybody is hired."""
FIRST_CANARY: Final = 2500
MUNICIPALITIES: Final = ("0101", "0147", "0461", "0751", "0851")
FIRST_START, LAST_START = date(2016, 7, 15), date(2017, 10, 1)
OFFICE: Final = Sender("caseworker")
_NUMBERS = [
    str(number) for number in islice(filter(lambda n: is_cvr(str(n)), count(99_300_000)), 5000)
]
EMPLOYERS: Final = tuple(_NUMBERS[:COMPANIES])

Fact = dict[str, Any]


def company(number: int) -> list[Told]:
    """A company that joins with two contacts, whose sector is known, and that pledges places."""
    assert number < FIRST_CANARY
    cvr = _NUMBERS[number]
    own, key = Sender("company", cvr=cvr), f"company-{number}"
    contacts = [
        {"name": "Opdigtet Kontakt", "email": f"a@{cvr}.example", "language": "da", "roles": []},
        {
            "name": "Invented Contact",
            "email": f"b@{cvr}.example",
            "language": "en",
            "roles": ["bonus"],
        },
    ]
    joining = {"cvr": cvr, "name": f"Opdigtet Firma {number}", "contacts": contacts}
    pledge = {"places": 3 + number, "kind": "ordinary", "first_day": "2016-08-01"}
    return [
        Told("membership", "/membership/v1/companies", own, joining, f"{key}-join"),
        sector(cvr, "private", date(2015, 1, 1), f"{key}-sector"),
        Told("membership", f"/membership/v1/companies/{cvr}/pledges", own, pledge, f"{key}-pledge"),
    ]


def sector(cvr: str, name: str, effective_from: date, key: str) -> Told:
    """What an employer is from a day on, as the register tells it."""
    content = {"sector": name, "effective_from": effective_from.isoformat()}
    return Told("membership", f"/membership/v1/employers/{cvr}/sector", OFFICE, content, key)


def canary(number: int) -> Told:
    """A fact about an employer nobody works for, told to see whether facts come through."""
    cvr = cvr_of_canary(number)
    return sector(cvr, "private", date(2015, 1, 1), f"canary-{number}")


def cvr_of_canary(number: int) -> str:
    """The employer that the canary of this number is about."""
    return _NUMBERS[FIRST_CANARY + number]


def person(seed: int, number: int) -> list[Told]:
    """All that is told of one person, in the order in which it is told."""
    return _Life(seed, number).told()


class _Life:
    """One person of one seed: the same dice, the same life."""

    def __init__(self, seed: int, number: int) -> None:
        self._dice = Random(f"{seed}-{number}")  # noqa: S311 # the same again, not a secret
        self._name = f"s{seed}-p{number}"
        self._sender = Sender("municipality", municipality=self._dice.choice(MUNICIPALITIES))
        self._employer = self._dice.choice(EMPLOYERS)
        self._placement = f"2017-{seed}-{number:05d}"
        self._born = date(1970, 1, 1) + timedelta(days=self._dice.randrange(9000))
        self._digits = _digits(self._born, number)
        days = (LAST_START - FIRST_START).days
        self._start = FIRST_START + timedelta(days=self._dice.randrange(days))
        self._is_igu = self._dice.random() < 0.15
        self._reports = count()

    def told(self) -> list[Told]:
        """Registration, facts in batches with the first application among them, and the last."""
        batches = self._in_batches(self._facts())
        started = next(
            n for n, each in enumerate(batches) if "PlacementStarted" in str(each.content)
        )
        when = self._dice.randrange(started + 1, len(batches) + 1)
        milestones = ("M6", "M24") if self._is_igu else ("M6", "M12")
        batches.insert(when, self._application(milestones[0]))
        return [self._registration(), *batches, self._application(milestones[1])]

    def _registration(self) -> Told:
        permit = self._start - timedelta(days=self._dice.randrange(30, 800))
        content = {
            "civil_registration_number": self._digits,
            "category": self._dice.choices(
                ("refugee", "family_refugee", "family_other"), (8, 3, 1)
            )[0],
            "permit_granted_on": permit.isoformat(),
            "born_on": self._born.isoformat(),
            "resident_since": permit.isoformat(),
            "purpose": "soak",
        }
        path = "/placements/v1/persons"
        return Told("placements", path, self._sender, content, f"{self._name}-registration")

    def _facts(self) -> list[Fact]:
        """The hire and its half years, sometimes before it; then what was wrong or came late."""
        start = self._fact(
            "PlacementStarted",
            person=PERSON,
            employer=self._employer,
            kind="igu" if self._is_igu else "ordinary",
            started_on=self._start.isoformat(),
        )
        half_years = [self._half_year(0), self._half_year(1)]
        early = self._dice.random() < 0.25
        facts = [half_years[0], start, half_years[1]] if early else [start, *half_years]
        for _ in range(self._dice.randrange(4)):
            facts += self._chapter()
        return facts

    def _chapter(self) -> list[Fact]:  # noqa: PLR0911 # one return a kind of chapter
        day = self._start + timedelta(days=self._dice.randrange(20, 330))
        match self._dice.randrange(7):
            case 0:
                permit = self._start - timedelta(days=self._dice.randrange(30, 800))
                return [
                    self._fact(
                        "PersonCorrected",
                        placed=False,
                        person=PERSON,
                        permit_granted_on=permit.isoformat(),
                    )
                ]
            case 1:
                moved = self._start + timedelta(days=self._dice.randrange(-10, 40))
                return [self._fact("PlacementCorrected", started_on=moved.isoformat())]
            case 2:
                return [
                    self._fact("PlacementEnded", last_day=day.isoformat(), reason="dismissed"),
                    *([self._fact("PlacementEndRetracted")] if self._dice.random() < 0.5 else []),
                ]
            case 3:
                return [
                    self._fact("PlacementAnnulled", reason="typing_error"),
                    *([self._fact("PlacementReinstated")] if self._dice.random() < 0.7 else []),
                ]
            case 4:
                last = day + timedelta(days=14)
                return [
                    self._fact(
                        "LeaveRecorded",
                        leave="illness",
                        first_day=day.isoformat(),
                        last_day=last.isoformat(),
                    )
                ]
            case 5:
                return [self._half_year(self._dice.randrange(2))]
            case _:
                return [self._half_year(0), self._half_year(0)]

    def _half_year(self, number: int) -> Fact:
        first = self._start + timedelta(days=182 * number)
        hours = self._dice.choice(("790.00", "790.00", "640.50", "210.00"))
        last = first + timedelta(days=181)
        return self._fact(
            "EmploymentConfirmed",
            first_day=first.isoformat(),
            last_day=last.isoformat(),
            hours=hours,
        )

    def _fact(self, name: str, *, placed: bool = True, **fields: object) -> Fact:
        report = {"report_id": f"{self._name}-r{next(self._reports)}", "fact": name}
        return report | ({"placement": self._placement} if placed else {}) | fields

    def _in_batches(self, facts: list[Fact]) -> list[Told]:
        batches: list[Told] = []
        while facts:
            size = self._dice.randrange(1, 4)
            batches.append(self._batch(facts[:size], len(batches)))
            facts = facts[size:]
            if self._dice.random() < 0.1:  # the same facts in a file that is sent again by hand
                anew = [
                    {**f, "report_id": f"{f['report_id']}-anew"} for f in _facts_of(batches[-1])
                ]
                batches.append(self._batch(anew, len(batches)))
        return batches

    def _batch(self, facts: list[Fact], number: int) -> Told:
        told = Told(
            "placements",
            "/placements/v1/reports",
            self._sender,
            [*facts],
            f"{self._name}-b{number}",
        )
        dice = self._dice.random()
        if dice < 0.15:
            return replace(told, repeated="same_key")
        return replace(told, repeated="other_key") if dice < 0.3 else told

    def _application(self, milestone: str) -> Told:
        placement = f"{self._sender.municipality}/{self._placement}"
        return Told(
            "bonus",
            "/bonus/v1/applications",
            Sender("company", cvr=self._employer),
            {"placement": placement, "milestone": milestone},
            f"{self._name}-{milestone}",
            waits_for_bonus=True,
        )


def _facts_of(told: Told) -> list[Any]:
    assert isinstance(told.content, list)
    return told.content


def _digits(born: date, number: int) -> str:
    """A constructed number: nobody's, and no two lives' the same."""
    return f"{born.day + 60:02d}{born:%m%y}-{number % 4000:04d}"
