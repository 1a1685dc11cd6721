"""Many persons with a whole history each: a few told by bonus's own handlers, then copied.

Ten facts a person: registered, hired, seven confirmations of hours, an application; the first
instalment is ordered. Copies differ in every id and in nothing else, and are made by SQL, since
telling a million facts would take ten minutes.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from services.bonus.handlers import hearing
from services.bonus.service import SERVICE
from services.bonus.store.facts import find_placement
from shared.contracts.base import Event
from shared.contracts.placements import EmploymentConfirmed
from shared.database import Database
from shared.messaging.work import begin_work
from tests.benchmarks import facts
from tests.benchmarks.ground import Postgres, connected
from tests.support.clock import clock_at
from tests.support.postgres import TestDatabase

TOLD: Final = 250
FACTS_OF_A_PERSON: Final = 10
FIRST_MONTHS_OF_2017: Final = [date(2017, month, 1) for month in range(1, 5)]
TODAY: Final = "2017-04-03"

COPY: Final = (
    """
INSERT INTO bonus.person (person, assessed_on, next_look_on)
SELECT md5(person::text || copy)::uuid, assessed_on, next_look_on
  FROM bonus.person, generate_series(1, $1) AS copy
""",
    """
INSERT INTO bonus.fact (fact_id, name, person, content, recorded_at)
SELECT md5(fact_id::text || copy)::uuid, name, md5(person::text || copy)::uuid,
       CASE WHEN content ? 'person'
            THEN content || jsonb_build_object('person', md5(person::text || copy)::uuid)
            ELSE content END,
       recorded_at
  FROM bonus.fact, generate_series(1, $1) AS copy
 WHERE person IS NOT NULL
""",
    """
INSERT INTO bonus.bonus_case (case_id, person, employer, scheme, opened_at)
SELECT md5(case_id::text || copy)::uuid, md5(person::text || copy)::uuid, employer, scheme,
       opened_at
  FROM bonus.bonus_case, generate_series(1, $1) AS copy
""",
    """
INSERT INTO bonus.instalment (instalment_id, case_id, person, employer, scheme, milestone, due_on,
                              amount_ore, status, reason, missing, rule, law, assessed_at,
                              starts_on, accrued_ore, accrued_through, accruals)
SELECT md5(instalment_id::text || copy)::uuid, md5(case_id::text || copy)::uuid,
       md5(person::text || copy)::uuid, employer, scheme, milestone, due_on, amount_ore, status,
       reason, missing, rule, law, assessed_at,
       starts_on, accrued_ore, accrued_through, accruals
  FROM bonus.instalment, generate_series(1, $1) AS copy
""",
    """
INSERT INTO bonus.payout (payout_id, instalment_id, person, number, placement, amount_ore,
                          ordered_on, ordered_at)
SELECT md5(payout_id::text || copy)::uuid, md5(instalment_id::text || copy)::uuid,
       md5(person::text || copy)::uuid, number, placement, amount_ore, ordered_on, ordered_at
  FROM bonus.payout, generate_series(1, $1) AS copy
""",
    """
WITH copied AS (
    INSERT INTO bonus.ledger_entry (entry_id, instalment_id, kind, effective_on, entered_at, about,
                                    sequence)
    SELECT md5(entry_id::text || copy)::uuid, md5(instalment_id::text || copy)::uuid, kind,
           effective_on, entered_at, about, sequence
      FROM bonus.ledger_entry, generate_series(1, $1) AS copy)
INSERT INTO bonus.ledger_posting (entry_id, line, account, amount_ore)
SELECT md5(entry_id::text || copy)::uuid, line, account, amount_ore
  FROM bonus.ledger_posting, generate_series(1, $1) AS copy
""",
)


async def many_persons(postgres: Postgres, copies: int) -> TestDatabase:
    """A database with 250 persons and so many copies of each."""
    database = await postgres.database([SERVICE])
    async with connected(database, "bonus") as bonus:
        await _tell(bonus)
    copying = await Database.connect(database.superuser_url, application_name="copying")
    async with copying.connection() as connection:
        await connection.execute("SET statement_timeout = 0")
        for statement in COPY:
            await connection.execute(statement, copies)
        await connection.execute("VACUUM ANALYZE")
    await copying.close()
    return database


async def _tell(bonus: Database) -> None:
    clock = clock_at(TODAY)
    persons = facts.new_persons(TOLD)
    await facts.tell(bonus, clock, facts.sectors())
    await facts.tell(bonus, clock, [facts.registered(each) for each in persons])
    await facts.tell(bonus, clock, [facts.started(each) for each in persons])
    await facts.tell(bonus, clock, [hours for each in persons for hours in _hours(each)])
    for each in persons:
        async with begin_work(bonus, clock, service="bonus") as work:
            placement = await find_placement(work.connection, facts.placement_of(each))
            assert placement is not None, "it was told of above"
            await hearing.apply_for_bonus(work, placement, "M6", work.today)


def _hours(person: str) -> list[Event]:
    """Thirty hours a week, told month by month."""
    months = [*(date(2016, month, 1) for month in range(9, 13)), *FIRST_MONTHS_OF_2017]
    return [
        EmploymentConfirmed(
            placement=facts.placement_of(person),
            person=person,
            first_day=first_day,
            last_day=next_first_day - timedelta(days=1),
            hours="130.00",
        )
        for first_day, next_first_day in pairwise(months)
    ]
