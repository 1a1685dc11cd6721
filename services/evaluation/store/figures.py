"""Figures, each computed by one statement over all facts known up to a day.

Of several facts about the same thing the one recorded last counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from services.evaluation.domain.figures import Bonus, Persons
from shared.database import Connection

_MEMBERS = """
    SELECT moment.day, newest.cvr
      FROM unnest($2::date[]) AS moment (day)
     CROSS JOIN LATERAL (
           SELECT DISTINCT ON (cvr) cvr, member
             FROM membership_fact
            WHERE known_on <= $1
              AND changed_on <= moment.day
            ORDER BY cvr, changed_on DESC, known_at DESC, event_id DESC
           ) AS newest
     WHERE newest.member
"""

COUNT_COMPANIES = f"""
SELECT day, count(*) AS companies
  FROM ({_MEMBERS}) AS member
 GROUP BY day
"""  # noqa: S608 # put together from constants of this file

COUNT_PLACES = """
WITH pledged AS (
    SELECT DISTINCT ON (pledge) pledge, places, kind, first_day, last_day
      FROM pledge_fact
     WHERE known_on <= $1
       AND withdrawn_on IS NULL
     ORDER BY pledge, known_at DESC, event_id DESC
), withdrawn AS (
    SELECT DISTINCT ON (pledge) pledge, withdrawn_on
      FROM pledge_fact
     WHERE known_on <= $1
       AND withdrawn_on IS NOT NULL
     ORDER BY pledge, known_at DESC, event_id DESC
)
SELECT moment.day, pledged.kind, sum(pledged.places) AS places
  FROM pledged
  LEFT JOIN withdrawn USING (pledge)
  JOIN unnest($2::date[]) AS moment (day)
    ON pledged.first_day <= moment.day
   AND coalesce(pledged.last_day >= moment.day, true)
   AND coalesce(withdrawn.withdrawn_on > moment.day, true)
 GROUP BY moment.day, pledged.kind
"""

# Ids that agree in person, employer, kind and start are one placement, and a fact about one of
# them is a fact about it. An id whose start is not known has no effect yet.
_PLACED = """
    WITH known AS (
        SELECT event_id, fact, placement, person, employer, kind, started_on, last_day, reason,
               known_at,
               fact IN ('PlacementEnded', 'PlacementEndRetracted') AS about_end,
               fact = 'PlacementAnnulled' AND reason = 'duplicate' AS about_duplicate,
               fact = 'PlacementAnnulled' AND reason <> 'duplicate' AS about_annulment,
               fact = 'PlacementReinstated' AS about_reinstatement
          FROM placement_fact
         WHERE known_on <= $1
    ), named AS (
        SELECT placement,
               (array_agg(person ORDER BY known_at DESC, event_id DESC)
                FILTER (WHERE fact = 'PlacementStarted'))[1] AS person,
               (array_agg(employer ORDER BY known_at DESC, event_id DESC)
                FILTER (WHERE fact = 'PlacementStarted'))[1] AS employer,
               (array_agg(kind ORDER BY known_at DESC, event_id DESC)
                FILTER (WHERE fact = 'PlacementStarted'))[1] AS kind,
               (array_agg(started_on ORDER BY fact = 'PlacementCorrected' DESC,
                                              known_at DESC, event_id DESC)
                FILTER (WHERE started_on IS NOT NULL))[1] AS started_on,
               (array_agg(about_duplicate ORDER BY known_at DESC, event_id DESC)
                FILTER (WHERE about_duplicate OR about_reinstatement))[1] AS duplicate
          FROM known
         GROUP BY placement
        HAVING bool_or(fact = 'PlacementStarted')
    ), judged AS (
        SELECT named.person, named.employer, named.kind, named.started_on,
               (array_agg(known.last_day ORDER BY known.known_at DESC, known.event_id DESC)
                FILTER (WHERE about_end))[1] AS last_day,
               (array_agg(known.reason ORDER BY known.known_at DESC, known.event_id DESC)
                FILTER (WHERE about_end))[1] AS end_reason,
               (array_agg(about_annulment ORDER BY known.known_at DESC, known.event_id DESC)
                FILTER (WHERE about_annulment OR about_reinstatement))[1] AS annulled,
               bool_and(coalesce(named.duplicate, false)) AS never_its_own
          FROM named
          JOIN known USING (placement)
         GROUP BY named.person, named.employer, named.kind, named.started_on
    )
    SELECT person, employer, kind, started_on, last_day
      FROM judged
     WHERE NOT coalesce(annulled, false)
       AND NOT never_its_own
       AND end_reason IS DISTINCT FROM 'never_showed_up'
       AND coalesce(last_day >= started_on, true)
"""

COUNT_PERSONS = f"""
WITH member AS ({_MEMBERS}), placed AS ({_PLACED})
SELECT moment.day, placed.kind,
       count(DISTINCT placed.person) AS everywhere,
       count(DISTINCT placed.person) FILTER (WHERE member.cvr IS NOT NULL) AS at_members
  FROM placed
  JOIN unnest($2::date[]) AS moment (day)
    ON placed.started_on <= moment.day
   AND coalesce(placed.last_day >= moment.day, true)
  LEFT JOIN member
    ON member.cvr = placed.employer
   AND member.day = moment.day
 GROUP BY moment.day, placed.kind
"""  # noqa: S608 # put together from constants of this file

COUNT_STARTED = f"""
WITH placed AS ({_PLACED})
SELECT kind, count(DISTINCT person) AS persons
  FROM placed
 WHERE started_on BETWEEN $2 AND $3
 GROUP BY kind
 ORDER BY kind
"""  # noqa: S608 # put together from constants of this file

COUNT_BONUS = """
WITH newest AS (
    SELECT DISTINCT ON (bonus_case, milestone)
           bonus_case, scheme, milestone, status, amount_ore, due_on
      FROM assessment_fact
     WHERE known_on <= $1
     ORDER BY bonus_case, milestone, position DESC
)
SELECT moment.day, newest.scheme, newest.milestone, count(*) AS instalments,
       sum(newest.amount_ore)::bigint AS amount_ore
  FROM newest
  JOIN unnest($2::date[]) AS moment (day)
    ON newest.due_on <= moment.day
 WHERE newest.status = 'DUE'
 GROUP BY moment.day, newest.scheme, newest.milestone
 ORDER BY moment.day, newest.scheme DESC, newest.milestone
"""

COUNT_NOTICES = """
SELECT moment.day, count(*) AS notices
  FROM notice_fact
  JOIN unnest($2::date[]) AS moment (day)
    ON notice_fact.sent_on <= moment.day
 WHERE notice_fact.known_on <= $1
 GROUP BY moment.day
"""


async def count_companies(
    connection: Connection, days: Sequence[date], *, known_on: date
) -> Mapping[date, int]:
    """Members on each day; a day with none is left out."""
    rows = await connection.fetch(COUNT_COMPANIES, known_on, days)
    return {row["day"]: row["companies"] for row in rows}


async def count_places(
    connection: Connection, days: Sequence[date], *, known_on: date
) -> Mapping[date, Mapping[str, int]]:
    """Places that stand open on each day, by kind."""
    rows = await connection.fetch(COUNT_PLACES, known_on, days)
    return {day: {row["kind"]: row["places"] for row in rows if row["day"] == day} for day in days}


async def count_persons(
    connection: Connection, days: Sequence[date], *, known_on: date
) -> Mapping[date, Mapping[str, Persons]]:
    """Persons with an active placement on each day, by kind."""
    rows = await connection.fetch(COUNT_PERSONS, known_on, days)
    return {
        day: {
            row["kind"]: Persons(row["everywhere"], row["at_members"])
            for row in rows
            if row["day"] == day
        }
        for day in days
    }


async def count_started(
    connection: Connection, first_day: date, last_day: date, *, known_on: date
) -> Mapping[str, int]:
    """Persons who began a placement in the period, both days included, by kind."""
    rows = await connection.fetch(COUNT_STARTED, known_on, first_day, last_day)
    return {row["kind"]: row["persons"] for row in rows}


async def count_bonus(
    connection: Connection, days: Sequence[date], *, known_on: date
) -> Mapping[date, tuple[Bonus, ...]]:
    """Instalments that fell due up to each day, by scheme and milestone."""
    rows = await connection.fetch(COUNT_BONUS, known_on, days)
    return {
        day: tuple(
            Bonus(row["scheme"], row["milestone"], row["instalments"], row["amount_ore"])
            for row in rows
            if row["day"] == day
        )
        for day in days
    }


async def count_notices(
    connection: Connection, days: Sequence[date], *, known_on: date
) -> Mapping[date, int]:
    """Mails sent up to each day; a day with none is left out."""
    rows = await connection.fetch(COUNT_NOTICES, known_on, days)
    return {row["day"]: row["notices"] for row in rows}
