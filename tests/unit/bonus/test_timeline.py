"""A case in time: what lasted and what happened, as known, and how it is drawn."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.bonus.domain.engine import assess
from services.bonus.domain.parsing import parse_fact
from services.bonus.domain.timeline import Happening, Lane, Moment, Timeline, timeline_of
from services.bonus.pages.drawing import LEFT, WIDTH, Drawing, draw
from services.bonus.pages.words import Words
from services.bonus.rules import load_rules

EMPLOYER, OTHER = "99000007", "99000015"
AS_OF = date(2019, 3, 1)


def told(name: str, recorded_on: str = "2016-09-01", **fields: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"fact": name, "recorded_on": recorded_on, **fields}


PERSON = told(
    "PersonRegistered",
    person="p",
    category="refugee",
    permit_granted_on="2016-03-10",
    born_on="1990-01-01",
    resident_since="2016-03-10",
)
SECTOR = told(
    "EmployerSectorReported", employer=EMPLOYER, effective_from="2015-01-01", sector="private"
)
COURSE = told(
    "PlacementStarted",
    placement="a",
    person="p",
    employer=EMPLOYER,
    kind="igu",
    started_on="2016-09-01",
)
EXTENDED = told("PlacementExtended", "2018-01-01", placement="a", days=30)
LEAVE = told(
    "LeaveRecorded",
    "2017-06-01",
    placement="a",
    leave="parental",
    first_day="2017-05-01",
    last_day="2017-05-31",
)
APPLIED = told("BonusApplied", "2017-03-02", placement="a", milestone="M6", filed_on="2017-03-02")


def paid(amount: int, settlement: str, recorded_on: str = "2017-03-10") -> dict[str, Any]:
    return told(
        "PayoutSettled",
        recorded_on,
        placement="a",
        milestone="M6",
        amount_dkk=amount,
        settled_on="2017-03-10",
        settlement=settlement,
    )


def line_of(*facts: dict[str, Any], known_on: date = AS_OF, employer: str = EMPLOYER) -> Any:  # noqa: ANN401
    known = [parse_fact(each) for each in (PERSON, SECTOR, COURSE, *facts)]
    assessment = assess(known, as_of=AS_OF, known_on=known_on, rules=load_rules())
    return timeline_of(known, assessment, employer=employer, scheme="igu")


def moments(timeline: Timeline, happening: Happening) -> list[tuple[str, str | None, int | None]]:
    return [
        (each.day.isoformat(), each.milestone, each.amount_ore)
        for each in timeline.moments
        if each.happening is happening
    ]


def test_an_extended_course_shows_its_extension_and_its_moved_milestone() -> None:
    timeline = line_of(EXTENDED, LEAVE, APPLIED)
    lanes = {each.lane: (each.first_day, each.last_day) for each in timeline.stretches}
    assert lanes == {
        Lane.EMPLOYMENT: (date(2016, 9, 1), None),
        Lane.LEAVE: (date(2017, 5, 1), date(2017, 5, 31)),
        Lane.EXTENSION: (date(2018, 9, 1), date(2018, 9, 30)),
    }
    assert moments(timeline, Happening.MILESTONE) == [
        ("2017-03-01", "M6", 2_000_000),
        ("2018-10-01", "M24", 2_000_000),
    ]
    assert (timeline.first_day, timeline.last_day) == (date(2016, 9, 1), date(2018, 10, 1))


def test_what_was_not_known_yet_is_not_shown() -> None:
    timeline = line_of(EXTENDED, LEAVE, APPLIED, known_on=date(2017, 3, 2))
    assert [each.lane for each in timeline.stretches] == [Lane.EMPLOYMENT]
    assert moments(timeline, Happening.APPLIED) == [("2017-03-02", "M6", None)]
    assert moments(timeline, Happening.MILESTONE)[1][0] == "2018-09-01"
    assert line_of(known_on=date(2016, 8, 31)) is None


def test_another_employer_s_case_is_another_s() -> None:
    assert line_of(employer=OTHER) is None


def test_a_movement_told_twice_is_shown_once_and_money_back_as_such() -> None:
    timeline = line_of(
        APPLIED, paid(20_000, "s-1"), paid(20_000, "s-1", "2017-03-11"), paid(-5_000, "s-2")
    )
    assert moments(timeline, Happening.PAID) == [("2017-03-10", "M6", 2_000_000)]
    assert moments(timeline, Happening.RETURNED) == [("2017-03-10", "M6", 500_000)]


def test_an_annulled_placement_is_shown_as_annulled() -> None:
    annulled = told("PlacementAnnulled", "2017-01-01", placement="a", reason="typing_error")
    assert [each.annulled for each in line_of(annulled).stretches] == [True]


def drawn(timeline: Timeline, language: Any = "en") -> Drawing:  # noqa: ANN401
    return draw(timeline, AS_OF, Words(language))


@pytest.mark.parametrize("last_day", ["2016-08-01", "2017-01-01", "9999-12-31"])
def test_nothing_is_drawn_beside_the_canvas(last_day: str) -> None:
    ended = told("PlacementEnded", placement="a", last_day=last_day, reason="completed")
    drawing = drawn(line_of(ended, LEAVE, APPLIED))
    for box in drawing.boxes:
        assert LEFT <= box.x <= box.x + box.width <= WIDTH
    for x in [*(pin.x for pin in drawing.pins), *(tick.x for tick in drawing.ticks)]:
        assert LEFT <= x <= WIDTH
    assert len(drawing.ticks) <= 16
    assert all(row.y < drawing.height for row in drawing.rows)


def test_labels_that_would_run_into_each_other_stand_on_lines_of_their_own() -> None:
    day = date(2017, 3, 1)
    same = [Moment(Happening.PAID, day, "M6", 100 * amount) for amount in (1, 2, 3)]
    timeline = Timeline(date(2016, 9, 1), date(2018, 9, 1), (), tuple(same))
    assert len({pin.y for pin in drawn(timeline).pins}) == 3


def test_the_table_says_what_the_picture_shows() -> None:
    timeline = line_of(EXTENDED, LEAVE, APPLIED)
    for language in ("en", "da"):
        drawing = drawn(timeline, language)
        assert len(drawing.table) == len(drawing.boxes) + len(drawing.pins)
    assert ("Orlov", "01.05.2017", "31.05.2017", "forældreorlov") in drawn(timeline, "da").table


def test_the_day_it_is_seen_on_is_drawn_where_it_lies() -> None:
    timeline = line_of(LEAVE)
    assert drawn(timeline).seen_at is None
    seen = draw(timeline, date(2016, 9, 1), Words("en")).seen_at
    assert seen == LEFT
