from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from shared.contracts.membership import CompanyLeft, PledgeWithdrawn
from tests.integration.evaluation.office import (
    COMPANY,
    OTHER_COMPANY,
    Office,
    day,
    joined,
    pledged,
    sent,
)


async def test_nothing_told_is_nothing_counted(office: Office) -> None:
    figures = await office.figures("2016-06-11", "2018-07-02")
    for moment in (figures.before, figures.after):
        assert (moment.companies, moment.places, moment.persons) == (0, {}, {})
        assert (moment.bonus, moment.notices) == ((), 0)
    assert figures.started == {}


async def test_companies_are_members_from_the_day_they_join(office: Office) -> None:
    await office.told(joined(), joined(OTHER_COMPANY, on="2016-09-01"), on="2016-09-01")
    assert (await office.on("2016-06-10")).companies == 0
    assert (await office.on("2016-06-11")).companies == 1
    assert (await office.on("2016-08-31")).companies == 1
    assert (await office.on("2016-09-01")).companies == 2


async def test_companies_are_members_until_the_day_before_they_leave(office: Office) -> None:
    left = CompanyLeft(cvr=COMPANY, left_on=day("2017-01-01"))
    await office.told(joined(), left, joined(on="2017-06-01"), on="2017-06-01")
    assert (await office.on("2016-12-31")).companies == 1
    assert (await office.on("2017-01-01")).companies == 0
    assert (await office.on("2017-06-01")).companies == 1


async def test_before_it_was_known_it_was_not_so(office: Office) -> None:
    await office.told(joined(on="2016-06-11"), on="2016-07-05")
    assert (await office.on("2016-06-11", known_on="2016-07-04")).companies == 0
    assert (await office.on("2016-06-11", known_on="2016-07-05")).companies == 1


async def test_the_day_of_knowing_is_copenhagens(office: Office) -> None:
    late = office.received(joined(), on="2016-07-05")
    just_after_midnight = datetime(2016, 7, 5, 22, 30, tzinfo=UTC)  # half past midnight, the 6th
    await office.handed(replace(late, occurred_at=just_after_midnight))
    assert (await office.on("2016-07-10", known_on="2016-07-05")).companies == 0
    assert (await office.on("2016-07-10", known_on="2016-07-06")).companies == 1


async def test_the_same_event_handed_over_twice_counts_once(office: Office) -> None:
    event = office.received(joined(), on="2016-07-01")
    pledge = office.received(pledged(), on="2016-07-01")
    await office.handed(event, pledge)
    await office.handed(event, pledge, event)
    moment = await office.on("2016-07-01")
    assert (moment.companies, moment.places) == (1, {"any": 10})


async def test_places_stand_open_from_first_to_last_day_by_kind(office: Office) -> None:
    await office.told(
        pledged("p1", 10),
        pledged("p2", 5, last_day=day("2016-12-31")),
        pledged("p3", 3, kind="igu", first_day=day("2016-12-31")),
    )
    assert (await office.on("2016-06-30")).places == {}
    assert (await office.on("2016-07-01")).places == {"any": 15}
    assert (await office.on("2016-12-31")).places == {"any": 15, "igu": 3}
    assert (await office.on("2017-01-01")).places == {"any": 10, "igu": 3}


async def test_withdrawn_places_are_open_until_the_day_before(office: Office) -> None:
    withdrawn = PledgeWithdrawn(pledge="p1", cvr=COMPANY, withdrawn_on=day("2016-10-01"))
    await office.told(pledged("p1"), on="2016-07-01")
    await office.told(withdrawn, on="2016-10-05")
    assert (await office.on("2016-09-30")).places == {"any": 10}
    assert (await office.on("2016-10-01")).places == {}
    assert (await office.on("2016-10-01", known_on="2016-10-04")).places == {"any": 10}


async def test_a_withdrawal_that_overtakes_its_pledge_counts_all_the_same(office: Office) -> None:
    withdrawn = PledgeWithdrawn(pledge="p1", cvr=COMPANY, withdrawn_on=day("2016-10-01"))
    await office.told(withdrawn, pledged("p1"))
    assert (await office.on("2016-09-30")).places == {"any": 10}
    assert (await office.on("2016-10-01")).places == {}


async def test_both_days_may_be_the_same(office: Office) -> None:
    await office.told(joined(), pledged())
    figures = await office.figures("2016-07-01", "2016-07-01")
    assert figures.before == figures.after
    assert (figures.after.companies, figures.after.places) == (1, {"any": 10})


async def test_notices_are_counted_up_to_the_day(office: Office) -> None:
    await office.told(sent("n1", on="2016-07-01"), sent("n2", on="2016-07-02"), on="2016-07-02")
    assert (await office.on("2016-07-01")).notices == 1
    assert (await office.on("2016-07-02")).notices == 2
    assert (await office.on("2016-07-02", known_on="2016-07-01")).notices == 0
