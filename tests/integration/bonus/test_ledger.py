"""The database itself keeps the ledger: balanced, append-only, and nobody paid twice."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from shared.database import Database, Fault, fault_of
from tests.integration.bonus.office import HALF_YEAR, Office, hired, person, private
from tests.integration.bonus.test_assessing import apply

ENTRY = """
INSERT INTO bonus.ledger_entry (entry_id, instalment_id, kind, effective_on, entered_at)
SELECT 'aaaaaaaa-0000-4000-8000-000000000000', instalment_id, 'entitlement_decided',
       '2017-03-01', '2017-03-01T00:00Z'
  FROM bonus.instalment
 LIMIT 1;
"""
POSTINGS = """
INSERT INTO bonus.ledger_posting (entry_id, line, account, amount_ore)
VALUES ('aaaaaaaa-0000-4000-8000-000000000000', 1, 'bonus_expense', 100),
       ('aaaaaaaa-0000-4000-8000-000000000000', 2, 'bonus_payable', {credit});
"""
SECOND_LIVE_RIGHT = """
INSERT INTO bonus.instalment (instalment_id, case_id, person, employer, scheme, milestone, due_on,
                              amount_ore, status, missing, rule, law, assessed_at)
SELECT gen_random_uuid(), case_id, person, employer, {scheme}, {milestone}, due_on,
       100, 'DUE', '{{}}', rule, law, assessed_at
  FROM bonus.instalment
 WHERE status = 'DUE'
"""
APPEND_ONLY = (
    "ledger_entry",
    "ledger_posting",
    "ledger_link",
    "fact",
    "payout_answer",
    "payout_release",
    "claim_decision",
    "assessment",
    "rule_edition",
    "instalment_version",
)


@pytest.fixture
async def ledger(office: Office) -> AsyncIterator[Database]:
    """A connection as the service's own role, over a ledger with one entry."""
    await office.hear(private(), person(), hired(), HALF_YEAR)
    await office.advance_to("2017-03-02")
    await apply(office.system)
    url = office.system.database.url("sammen_bonus")
    database = await Database.connect(url, application_name="test", schema="bonus")
    yield database
    await database.close()


async def refusal(database: Database, statement: str) -> Fault | None:
    """The kind of fault the database answers with; None when it lets the statement through."""
    try:
        async with database.transaction() as connection:
            await connection.execute(statement)
    except Exception as error:  # noqa: BLE001 # whatever it is, its kind is what is asked for
        return fault_of(error)
    return None


@pytest.mark.parametrize(
    "statement",
    [
        f"{change} bonus.{table}{rest}"
        for table in APPEND_ONLY
        for change, rest in (("DELETE FROM", ""), ("TRUNCATE", " CASCADE"))
    ]
    + [
        "UPDATE bonus.ledger_posting SET amount_ore = 1",
        "UPDATE bonus.ledger_entry SET effective_on = '2020-01-01'",
        "UPDATE bonus.fact SET recorded_at = '2020-01-01'",
    ],
)
async def test_what_was_posted_or_told_can_t_be_changed_by_anybody(
    ledger: Database, office: Office, statement: str
) -> None:
    assert await refusal(ledger, statement) is Fault.FORBIDDEN
    assert await refusal(office.owner, statement) is Fault.FORBIDDEN


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE bonus.payout SET amount_ore = 1",
        "UPDATE bonus.payout SET payout_id = gen_random_uuid()",
        "DELETE FROM bonus.payout",
        "DELETE FROM bonus.repayment_claim",
    ],
)
async def test_the_service_can_t_change_an_order_or_lose_a_claim(
    ledger: Database, statement: str
) -> None:
    assert await refusal(ledger, statement) is Fault.FORBIDDEN
    assert await refusal(ledger, "UPDATE bonus.payout SET settled_ore = 0") is None


async def test_an_entry_that_does_not_balance_is_refused(ledger: Database) -> None:
    assert await refusal(ledger, ENTRY + POSTINGS.format(credit=-99)) is Fault.DATA
    assert await refusal(ledger, ENTRY + POSTINGS.format(credit=-100)) is None


async def test_an_entry_without_postings_is_refused(ledger: Database) -> None:
    assert await refusal(ledger, ENTRY) is Fault.DATA


@pytest.mark.parametrize(("scheme", "milestone"), [("scheme", "milestone"), ("'igu'", "milestone")])
async def test_a_second_live_right_to_the_same_instalment_is_refused(
    ledger: Database, scheme: str, milestone: str
) -> None:
    statement = SECOND_LIVE_RIGHT.format(scheme=scheme, milestone=milestone)
    assert await refusal(ledger, statement) is Fault.DATA


async def test_a_live_right_to_another_milestone_is_let_through(ledger: Database) -> None:
    statement = SECOND_LIVE_RIGHT.format(scheme="scheme", milestone="'M24'")
    assert await refusal(ledger, statement) is None
