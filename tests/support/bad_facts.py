"""Facts that one look disproves, by the code of the rule each breaks; both doors refuse them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

PERSON: Final = "0192f0a0-0000-4000-8000-000000000001"

STARTED: Final = {
    "fact": "PlacementStarted",
    "person": PERSON,
    "employer": "99000007",
    "kind": "ordinary",
    "started_on": "2017-02-01",
}
HOURS: Final = {
    "fact": "EmploymentConfirmed",
    "first_day": "2017-02-01",
    "last_day": "2017-02-28",
    "hours": "120",
}
LEAVE: Final = {
    "fact": "LeaveRecorded",
    "leave": "illness",
    "first_day": "2017-02-01",
    "last_day": "2017-02-28",
}
COURSE: Final = {
    "fact": "CourseCompleted",
    "certificate_issued_on": "2018-09-01",
    "schooling_documented": True,
    "practice_hours": "2700",
}
EXTENDED: Final = {"fact": "PlacementExtended", "days": 30}
ENDED: Final = {"fact": "PlacementEnded", "last_day": "2017-05-31", "reason": "resigned"}

GOOD: Final = (STARTED, HOURS, LEAVE, COURSE, EXTENDED, ENDED)

BAD: Final[Mapping[str, tuple[Mapping[str, Any], str]]] = {
    "hours of a reversed period": (
        {**HOURS, "last_day": "2017-01-31"},
        "PERIOD_ENDS_BEFORE_IT_BEGINS",
    ),
    "leave of a reversed period": (
        {**LEAVE, "last_day": "2017-01-31"},
        "PERIOD_ENDS_BEFORE_IT_BEGINS",
    ),
    "negative hours": ({**HOURS, "hours": "-1"}, "NUMBER_NEGATIVE"),
    "negative practice": ({**COURSE, "practice_hours": "-0.5"}, "NUMBER_NEGATIVE"),
    "negative absence": ({**COURSE, "documented_absence_hours": "-3"}, "NUMBER_NEGATIVE"),
    "more than 24 hours a day": ({**HOURS, "hours": "672.01"}, "HOURS_ABOVE_24_A_DAY"),
    "hours as a number": ({**HOURS, "hours": 120}, "FIELD_UNREADABLE"),
    "hours with a comma": ({**HOURS, "hours": "120,5"}, "FIELD_UNREADABLE"),
    "too many digits": ({**HOURS, "hours": "12000000000"}, "NUMBER_TOO_LARGE"),
    "unknown kind of fact": ({**ENDED, "fact": "PlacementVanished"}, "FACT_UNKNOWN"),
    "no kind of fact": ({"last_day": "2017-05-31"}, "FIELD_MISSING"),
    "a missing field": ({"fact": "PlacementEnded", "reason": "resigned"}, "FIELD_MISSING"),
    "a misspelt field": ({**ENDED, "lastday": "2017-05-31"}, "FIELD_UNKNOWN"),
    "30 February": ({**ENDED, "last_day": "2017-02-30"}, "DATE_IMPOSSIBLE"),
    "the year 3000": ({**STARTED, "started_on": "3000-01-01"}, "DATE_IMPOSSIBLE"),
    "no date at all": ({**STARTED, "started_on": 20170201}, "DATE_IMPOSSIBLE"),
    "negative extension": ({**EXTENDED, "days": -1}, "NUMBER_NEGATIVE"),
    "extension of a century": ({**EXTENDED, "days": 36_500}, "NUMBER_TOO_LARGE"),
    "unknown reason of an end": ({**ENDED, "reason": "bored"}, "WORD_UNKNOWN"),
    "an invalid CVR number": ({**STARTED, "employer": "99000008"}, "NO_CVR_NUMBER"),
    "a number that is no reference": ({**STARTED, "person": "17"}, "FIELD_UNREADABLE"),
    "a correction of nothing": (
        {"fact": "PersonCorrected", "person": PERSON},
        "CORRECTS_NOTHING",
    ),
}


def reported(fact: Mapping[str, Any], report_id: str, placement: str = "7") -> dict[str, Any]:
    """The fact as a sender tells it."""
    about = {} if fact.get("fact") == "PersonCorrected" else {"placement": placement}
    return {"report_id": report_id, **about, **fact}
