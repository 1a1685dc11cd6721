"""What is expected grows month by month, and follows every change: the memorandum in the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from services.bonus.domain.accrual import (
    LAW,
    DayAmounts,
    accrual_entry,
    accrued_after,
    month_end_by,
    parts,
)
from services.bonus.domain.assessment import Status
from services.bonus.domain.differences import Line
from services.bonus.domain.postings import Entry
from services.bonus.store import accruals, cases, ledger
from services.bonus.store.cases import StoredInstalment
from services.bonus.store.facts import NOBODY, LockedPerson
from shared.contracts.bonus import BonusAccrued
from shared.messaging.work import Cause, Work
from shared.runtime.service import ServiceContext

ACCRUED_AT_ONCE = 500
"""Persons whose instalments are accrued in one transaction of the monthly look."""


async def list_posted_later(
    work: Work, changes: Iterable[tuple[StoredInstalment | None, Line]]
) -> Mapping[str, DayAmounts]:
    """What is accrued for days after the milestone, of the instalments that become due."""
    due_days = {
        before.instalment_id: after.due_on
        for before, after in changes
        if before and before.accrued.amount_ore and after.status is Status.DUE
    }
    return await accruals.list_posted_later(work.connection, due_days)


def accrue(
    work: Work,
    instalment: StoredInstalment,
    as_of: date,
    cause: Cause | None,
    later: DayAmounts = (),
) -> tuple[StoredInstalment, list[Entry]]:
    """Bring the accrual to what the instalment, as it is now, asks for on a day, and tell of it.

    `later` is what of it `list_posted_later` finds. Returns the instalment with what is then
    accrued, and the entries; the caller saves both.
    """
    held, line = instalment.accrued, instalment.line
    posted = parts(held, line, as_of, later)
    entries, accrued_ore = [], held.amount_ore
    for sequence, part in enumerate(posted, start=held.entries + 1):
        accrued_ore += part.amount_ore
        entries.append(accrual_entry(instalment.instalment_id, part, sequence))
        about: dict[str, Any] = {
            "case": instalment.case.case_id,
            "scheme": instalment.case.scheme,
            "employer": instalment.case.employer,
            "milestone": instalment.milestone,
        }
        event = BonusAccrued(
            **about,
            instalment=instalment.instalment_id,
            sequence=sequence,
            accrued_on=part.accrued_on,
            amount_ore=part.amount_ore,
            accrued_ore=accrued_ore,
            law=LAW,
        )
        work.publish(event, cause=cause)
    return replace(instalment, accrued=accrued_after(held, posted, line, as_of)), entries


async def accrue_months(context: ServiceContext) -> None:
    """Accrue every instalment ahead for each month that has passed since the last look, in chunks.

    Done again it finds nothing; each month that no process saw is posted by itself.
    """
    last = NOBODY
    while True:
        async with context.begin() as work:
            chunk = await _accrue_chunk(work, last)
        if len(chunk) < ACCRUED_AT_ONCE:
            return
        last = chunk[-1].person


async def _accrue_chunk(work: Work, last: str) -> list[LockedPerson]:
    month_end = month_end_by(work.today)
    locked = await accruals.lock_persons_to_accrue(
        work.connection, month_end, after=last, limit=ACCRUED_AT_ONCE
    )
    stored = await cases.list_instalments(work.connection, [each.person for each in locked])
    accrued: list[StoredInstalment] = []
    entries: list[Entry] = []
    for each in (each for own in stored.values() for each in own):
        through = each.accrued.through
        if each.line.status is Status.PENDING and through is not None and through < month_end:
            after, posted = accrue(work, each, work.today, None)
            accrued.append(after)
            entries += posted
    await accruals.save_accruals(work.connection, accrued)
    await ledger.insert_entries(work.connection, entries, entered_at=work.now)
    return locked
