"""The memorandum grows by the clock, follows the facts, and the three figures add up with it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.bonus.handlers import accruing, proving
from shared.contracts.placements import PlacementAnnulled, PlacementCorrected
from shared.database import Fault, fault_of
from shared.web.identity import Role
from tests.integration.bonus.finance import ordered
from tests.integration.bonus.office import (
    HALF_YEAR,
    PERSON,
    PLACEMENT,
    Office,
    hired,
    person,
    private,
    worked,
)
from tests.integration.bonus.test_assessing import apply

ENTRIES = """
SELECT instalment.milestone, entry.kind, entry.effective_on::text, posting.amount_ore
  FROM bonus.ledger_entry AS entry
  JOIN bonus.ledger_posting AS posting USING (entry_id)
  JOIN bonus.instalment USING (instalment_id)
 WHERE posting.account = 'bonus_accrued'
 ORDER BY instalment.milestone DESC, entry.sequence
"""
MEMORANDUM = """
SELECT coalesce(sum(amount_ore) FILTER (WHERE account = 'bonus_accrued'), 0)::bigint,
       coalesce(sum(amount_ore), 0)::bigint
  FROM bonus.ledger_posting
 WHERE account IN ('bonus_accrued', 'accrued_contra')
"""
AGAIN = """
INSERT INTO bonus.ledger_entry (entry_id, instalment_id, kind, effective_on, sequence, entered_at)
SELECT gen_random_uuid(), instalment_id, kind, effective_on, sequence, entered_at
  FROM bonus.ledger_entry
 WHERE sequence = 1
 LIMIT 1
"""
ABOUT: dict[str, Any] = {"placement": PLACEMENT, "person": PERSON}


async def accrued(office: Office, milestone: str) -> list[tuple[str, str, int]]:
    """Kind, day and øre of every accrual of the milestone."""
    async with office.owner.connection() as connection:
        rows = await connection.fetch(ENTRIES)
    return [tuple(row)[1:] for row in rows if row[0] == milestone]


async def memorandum(office: Office) -> int:
    """What is accrued in all, in øre; the other account holds as much."""
    async with office.owner.connection() as connection:
        row = await connection.fetchrow(MEMORANDUM)
    assert row is not None
    assert row[1] == 0
    return int(row[0])


async def replayed(office: Office) -> int:
    return await proving.count_differing(office.system.system.context("bonus"))


@pytest.fixture
async def employed(office: Office) -> Office:
    """An office that was told of a job of 1 September on the 2nd."""
    await office.hear(private(), person(), hired())
    return office


async def test_every_month_that_no_process_saw_is_posted_once(employed: Office) -> None:
    assert await memorandum(employed) == 0
    await employed.advance_to("2016-12-10")
    await accruing.accrue_months(employed.system.system.context("bonus"))
    months = [(kind, day) for kind, day, _ in await accrued(employed, "M6")]
    assert months == [
        ("bonus_accrued", "2016-09-30"),
        ("bonus_accrued", "2016-10-31"),
        ("bonus_accrued", "2016-11-30"),
    ]
    assert await employed.count_published("BonusAccrued") == 6
    assert await replayed(employed) == 0


async def test_the_same_part_is_not_posted_twice_whatever_the_code_believes(
    employed: Office,
) -> None:
    await employed.advance_to("2016-10-10")
    with pytest.raises(Exception, match="accrual_is_posted_once") as caught:
        async with employed.owner.transaction() as connection:
            await connection.execute(AGAIN)
    assert fault_of(caught.value) is Fault.DATA


async def test_a_reached_instalment_is_accrued_in_full_and_released_when_it_is_due(
    employed: Office,
) -> None:
    await employed.hear(HALF_YEAR)
    await employed.advance_to("2017-03-02")
    assert sum(ore for *_, ore in await accrued(employed, "M6")) == 2_000_000
    await apply(employed.system)
    assert (await accrued(employed, "M6"))[-1] == ("accrual_released", "2017-03-01", -2_000_000)
    assert await replayed(employed) == 0


async def test_what_became_known_after_the_milestone_is_never_accrued_below_zero(
    office: Office,
) -> None:
    await office.advance_to("2017-05-10")
    await office.hear(private(), person(), hired(), HALF_YEAR)
    await office.advance_to("2017-05-12")
    await apply(office.system)
    for day in ("2017-02-28", "2017-03-01", "2017-05-09"):
        _, told = await figures(office, on=day)
        assert told["ledger"]["accrued_ore"] == 0, day
    assert (await accrued(office, "M6"))[-1] == ("accrual_released", "2017-05-10", -2_000_000)
    assert await replayed(office) == 0


async def test_a_corrected_start_moves_what_is_accrued_and_an_annulment_takes_it_back(
    employed: Office,
) -> None:
    await employed.advance_to("2016-12-10")
    before = await memorandum(employed)
    await employed.hear(PlacementCorrected(**ABOUT, started_on=date(2016, 10, 1)))
    kind, day, ore = (await accrued(employed, "M6"))[-1]
    assert (kind, day) == ("accrual_changed", "2016-12-10")
    assert ore < 0
    assert await memorandum(employed) < before
    assert await replayed(employed) == 0
    await employed.hear(PlacementAnnulled(**ABOUT, reason="mistake"))
    assert await memorandum(employed) == 0
    assert (await accrued(employed, "M12"))[-1][0] == "accrual_taken_back"
    assert await replayed(employed) == 0


async def figures(
    office: Office, role: Role = "finance", **asked: str
) -> tuple[int, dict[str, Any]]:
    claims = {"municipality": {"municipality": "0101"}, "company": {"cvr": "99000007"}}
    async with office.system.client(role, **claims.get(role, {})) as client:
        answer = await client.get("/bonus/v1/figures", params=asked)
    return answer.status_code, answer.json()


async def test_the_figures_add_up_with_the_ledger(office: Office) -> None:
    await ordered(office)
    _, told = await figures(office)
    balances = await office.balances()
    decided = told["reached_and_decided"]
    assert decided == {"instalments": 1, "amount_ore": 2_000_000}
    assert decided["amount_ore"] == told["ledger"]["expense_ore"]
    assert decided["amount_ore"] == 100 * balances["bonus_expense"]
    assert told["ledger"]["accrued_ore"] == await memorandum(office)
    ahead = {"instalments": 1, "amount_ore": 2_000_000}
    assert told["forecast"] == {**ahead, "by_due_month": [{"month": "2017-09", **ahead}]}
    assert told["reached_and_undecided"] == {"instalments": 0, "amount_ore": 0}


@pytest.mark.parametrize("start", ["2016-08-01", "2016-09-15"])
async def test_the_expense_moves_with_the_milestone(office: Office, start: str) -> None:
    await ordered(office)
    await office.hear(PlacementCorrected(**ABOUT, started_on=date.fromisoformat(start)))
    for day in ("2017-01-31", "2017-02-01", "2017-03-01", "2017-03-31"):
        _, told = await figures(office, on=day)
        decided = told["reached_and_decided"]["amount_ore"]
        assert told["ledger"]["expense_ore"] == decided, day
    assert await replayed(office) == 0


async def test_the_expense_of_a_due_instalment_moves_when_its_start_does(office: Office) -> None:
    await office.hear(worked("2016-08-01", "2016-08-31", "130.00"))
    await ordered(office)
    await office.hear(PlacementCorrected(**ABOUT, started_on=date(2016, 8, 1)))
    for day, expense in (("2017-01-31", 0), ("2017-02-01", 2_000_000)):
        _, told = await figures(office, on=day)
        assert told["reached_and_decided"]["amount_ore"] == expense
        assert told["ledger"]["expense_ore"] == expense
    assert await replayed(office) == 0


async def test_a_day_s_figures_are_what_was_known_then(office: Office) -> None:
    await ordered(office)
    _, before = await figures(office, on="2017-03-02", known_on="2016-10-01")
    assert before["reached_and_decided"]["instalments"] == 0
    assert before["reached_and_undecided"] == {"instalments": 1, "amount_ore": 2_000_000}
    assert before["ledger"] == {"expense_ore": 0, "accrued_ore": 0}
    _, year_end = await figures(office, on="2016-12-31")
    months = [each["month"] for each in year_end["forecast"]["by_due_month"]]
    assert months == ["2017-03", "2017-09"]
    assert year_end["ledger"]["expense_ore"] == 0
    assert year_end["ledger"]["accrued_ore"] == 2_000_000 * 122 // 181 + 2_000_000 * 122 // 365
    _, nothing = await figures(office, known_on="2016-09-01")
    assert nothing["forecast"]["instalments"] == 0


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("finance", 200),
        ("approver", 200),
        ("caseworker", 200),
        ("company", 403),
        ("municipality", 403),
        ("operations", 403),
    ],
)
async def test_who_plans_the_money_sees_the_figures(
    office: Office, role: Role, status: int
) -> None:
    assert (await figures(office, role))[0] == status


async def test_a_look_goes_on_until_nobody_is_left(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accruing, "ACCRUED_AT_ONCE", 2)
    persons = [f"0192f0a0-0000-4000-8000-00000000000{number}" for number in range(1, 6)]
    await office.hear(private())
    for number, each in enumerate(persons):
        await office.hear(person(person=each), hired(person=each, placement=f"0101/{number}"))
    await office.advance_to("2016-10-10")
    assert len(await accrued(office, "M6")) == len(persons)
