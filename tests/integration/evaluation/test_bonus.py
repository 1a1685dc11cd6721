from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from services.evaluation.domain.figures import Bonus
from tests.integration.evaluation.office import Office, assessed, day


async def test_what_fell_due_up_to_the_day_is_counted_by_scheme_and_milestone(
    office: Office,
) -> None:
    await office.told(
        assessed("c1"),
        assessed("c2", amount_ore=1_500_000, due_on=day("2017-02-02")),
        assessed("c1", milestone="M12", due_on=day("2017-08-01")),
        assessed("c3", scheme="igu", due_on=day("2017-01-01")),
        on="2017-09-01",
    )
    assert (await office.on("2016-12-31")).bonus == ()
    assert (await office.on("2017-02-01")).bonus == (
        Bonus("ordinary", "M6", 1, 2_000_000),
        Bonus("igu", "M6", 1, 2_000_000),
    )
    assert (await office.on("2017-08-01")).bonus == (
        Bonus("ordinary", "M12", 1, 2_000_000),
        Bonus("ordinary", "M6", 2, 3_500_000),
        Bonus("igu", "M6", 1, 2_000_000),
    )


async def test_only_what_is_due_counts(office: Office) -> None:
    await office.told(
        assessed("c1", status="PENDING"),
        assessed("c2", status="AWAITING"),
        assessed("c3", status="REFUSED", reason="HOURS_NOT_OVER_19", amount_ore=0),
        assessed("c4", status="REVIEW", reason="SECTOR_UNKNOWN", amount_ore=0),
    )
    assert (await office.on("2018-01-01")).bonus == ()


async def test_the_last_assessment_known_counts(office: Office) -> None:
    await office.told(assessed("c1"), on="2017-02-01")
    await office.told(assessed("c1", amount_ore=1_500_000), on="2017-03-01")
    refused = assessed("c1", status="REFUSED", reason="ANNULLED", amount_ore=0)
    await office.told(refused, on="2017-04-01")
    for known_on, amounts in (
        ("2017-01-31", []),
        ("2017-02-28", [2_000_000]),
        ("2017-03-31", [1_500_000]),
        ("2017-04-01", []),
    ):
        moment = await office.on("2017-06-01", known_on=known_on)
        assert [bonus.amount_ore for bonus in moment.bonus] == amounts, known_on


async def test_the_last_assessment_told_counts_also_when_its_clock_was_behind(
    office: Office,
) -> None:
    first = office.received(assessed(status="PENDING"), "2017-03-01")
    last = office.received(assessed(status="DUE"), "2017-03-01")
    earlier = first.occurred_at - timedelta(milliseconds=5)
    await office.handed(first, replace(last, occurred_at=earlier))
    (bonus,) = (await office.on("2018-01-01")).bonus
    assert bonus.instalments == 1
