from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest

from shared.contracts.placements import (
    PersonCorrected,
    PlacementAnnulled,
    PlacementEnded,
    PlacementReinstated,
    PlacementStarted,
)
from tests.integration.bonus.office import (
    EMPLOYER,
    HALF_YEAR,
    OTHER_EMPLOYER,
    PERSON,
    PLACEMENT,
    Office,
    hired,
    person,
    private,
    received,
)
from tests.support.services import SystemUnderTest

FORECAST = [
    (EMPLOYER, "M6", 20_000, "PENDING", None),
    (EMPLOYER, "M12", 20_000, "PENDING", None),
]


async def apply(system: SystemUnderTest, milestone: str = "M6") -> dict[str, object]:
    async with system.client("company", cvr=EMPLOYER) as company:
        answer = await company.post(
            "/bonus/v1/applications", json={"placement": PLACEMENT, "milestone": milestone}
        )
        assert answer.status_code == 201, answer.text
        told: dict[str, object] = answer.json()
        return told


async def paid_half_year(office: Office) -> None:
    """A case whose first instalment is due on 1 March 2017."""
    await office.hear(private(), person(), hired(), HALF_YEAR)
    await office.advance_to("2017-03-02")
    assert (await apply(office.system))["status"] == "DUE"


async def test_a_hire_gives_a_forecast_of_both_instalments(office: Office) -> None:
    await office.hear(private(), person(), hired())
    assert await office.instalments() == FORECAST
    assert await office.balances() == {}


async def test_facts_in_any_order_give_the_same_instalments(office: Office) -> None:
    facts = (private(), person(), hired())
    for number, order in enumerate(itertools.permutations(facts)):
        other = f"0192f0a0-0000-4000-8000-00000000000{number + 2}"
        for fact in order:
            if fact is facts[0]:
                await office.hear(fact)
            else:
                mine = {"person": other}
                if isinstance(fact, PlacementStarted):
                    mine["placement"] = f"0101/{number}"
                await office.hear(type(fact).model_validate({**fact.model_dump(), **mine}))
    lines = await office.instalments()
    assert set(lines) == set(FORECAST)
    assert len(lines) == 2 * 6


async def test_an_instalment_applied_for_after_its_milestone_is_due_and_posted(
    office: Office,
) -> None:
    await paid_half_year(office)
    assert (EMPLOYER, "M6", 20_000, "DUE", None) in await office.instalments()
    assert await office.balances() == {"bonus_expense": 20_000, "payouts_ordered": -20_000}
    assert await office.count_published("BonusInstalmentDue") == 1


async def test_hearing_the_same_facts_again_changes_and_tells_nothing(office: Office) -> None:
    told = [
        received(event, datetime(2016, 9, 2, 9, tzinfo=UTC) + timedelta(seconds=number), None)
        for number, event in enumerate((person(), hired(), HALF_YEAR))
    ]
    await office.hear(private())
    await office.hear(*told)
    before = await office.count_published("BonusAssessed")
    await office.hear(*told)
    assert await office.instalments() == FORECAST
    assert await office.count_published("BonusAssessed") == before == 2


async def test_the_daily_sweep_reaches_milestones_by_itself(office: Office) -> None:
    await office.hear(private(), person(), hired(), HALF_YEAR)
    await office.advance_to("2017-02-28")
    assert await office.instalments() == FORECAST
    await office.advance_to("2017-03-01")
    assert (EMPLOYER, "M6", 20_000, "AWAITING", None) in await office.instalments()


async def test_an_annulment_takes_the_right_back_and_a_reinstatement_restores_it(
    office: Office,
) -> None:
    await paid_half_year(office)
    await office.hear(PlacementAnnulled(placement=PLACEMENT, person=PERSON, reason="typing_error"))
    assert await office.balances() == {"bonus_payable": 20_000, "payouts_ordered": -20_000}
    assert (EMPLOYER, "M6", 0, "REFUSED", "ANNULLED") in await office.instalments()
    await office.advance_to("2017-03-03")
    await office.hear(PlacementReinstated(placement=PLACEMENT, person=PERSON))
    assert await office.balances() == {"bonus_expense": 20_000, "payouts_ordered": -20_000}
    assert await office.count_published("BonusInstalmentDue") == 2


async def test_a_corrected_permit_lowers_what_is_due_by_the_difference(office: Office) -> None:
    await paid_half_year(office)
    await office.hear(PersonCorrected(person=PERSON, permit_granted_on=date(2015, 3, 10)))
    assert (EMPLOYER, "M6", 15_000, "DUE", None) in await office.instalments()
    assert await office.balances() == {
        "bonus_expense": 15_000,
        "bonus_payable": 5_000,
        "payouts_ordered": -20_000,
    }


async def test_a_placement_reported_anew_at_another_employer_takes_its_application_along(
    office: Office,
) -> None:
    await paid_half_year(office)
    await office.hear(private(OTHER_EMPLOYER))
    await office.hear(hired(employer=OTHER_EMPLOYER))
    lines = await office.instalments()
    assert (EMPLOYER, "M6", 0, "REFUSED", "ANNULLED") in lines
    assert (OTHER_EMPLOYER, "M6", 20_000, "DUE", None) in lines
    assert await office.balances() == {
        "bonus_expense": 20_000,
        "bonus_payable": 20_000,
        "payouts_ordered": -40_000,
    }


async def test_a_sector_told_late_settles_the_review(office: Office) -> None:
    await office.hear(person(), hired())
    assert (EMPLOYER, "M6", 0, "REVIEW", "SECTOR_UNKNOWN") in await office.instalments()
    await office.hear(private())
    assert await office.instalments() == FORECAST


@pytest.mark.parametrize(
    ("last_day", "status"), [("2017-02-27", "REFUSED"), ("2017-02-28", "PENDING")]
)
async def test_an_end_before_the_milestone_refuses_it(
    office: Office, last_day: str, status: str
) -> None:
    await office.hear(private(), person(), hired())
    ended = PlacementEnded(
        placement=PLACEMENT, person=PERSON, last_day=date.fromisoformat(last_day), reason="resigned"
    )
    await office.hear(ended)
    assert [line[3] for line in await office.instalments() if line[1] == "M6"] == [status]


async def test_an_assessment_names_the_sector_report_that_led_to_it(office: Office) -> None:
    other = {"person": PERSON.replace("1", "2"), "placement": "0101/other"}
    await office.hear(person(), hired())
    await office.hear(person(person=other["person"]), hired(**other, employer=OTHER_EMPLOYER))
    before = await office.causes_of_assessments()
    sectors = {
        employer: received(private(employer), office.clock.now())
        for employer in (EMPLOYER, OTHER_EMPLOYER)
    }
    await office.hear(*sectors.values())
    after = await office.causes_of_assessments()
    assert {employer: after[employer] - before[employer] for employer in sectors} == {
        employer: {told.event_id} for employer, told in sectors.items()
    }


async def test_a_company_applies_for_a_placement_that_came_back_to_it(office: Office) -> None:
    await office.hear(private(), person(), hired(), HALF_YEAR)
    for day, employer in (("2016-10-01", OTHER_EMPLOYER), ("2016-11-01", EMPLOYER)):
        await office.advance_to(day)
        await office.hear(hired(employer=employer))
    await office.advance_to("2017-03-02")
    assert (await apply(office.system))["status"] == "DUE"
