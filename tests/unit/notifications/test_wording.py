from __future__ import annotations

from datetime import date

from services.notifications.domain.wording import say_day, say_milestone, say_scheme


def test_days_are_said_as_people_say_them() -> None:
    assert say_day(date(2016, 7, 1), "da") == "1. juli 2016"
    assert say_day(date(2016, 7, 1), "en") == "1 July 2016"
    assert say_day(date(2017, 12, 31), "da") == "31. december 2017"


def test_milestones_are_said_in_months() -> None:
    assert say_milestone("M6", "da") == "6 måneder"
    assert say_milestone("M24", "en") == "24 months"


def test_a_scheme_without_a_name_is_said_as_it_is() -> None:
    assert say_scheme("ordinary", "da") == "ordinær ansættelse"
    assert say_scheme("egu", "en") == "egu"
