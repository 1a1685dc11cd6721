"""Who may apply for what: the same questions, whether a program asks or a person on a page."""

from __future__ import annotations

from datetime import date

from services.bonus.domain.situations import milestones_ever
from services.bonus.handlers.hearing import Application, apply_for_bonus
from services.bonus.rules import load_rules
from services.bonus.store import cases, facts
from services.bonus.store.facts import StoredPlacement
from shared.messaging.work import Work
from shared.web.identity import Identity

UNKNOWN = "No placement has this id yet; one that was just reported takes a moment."


class NoSuchPlacementError(LookupError):
    """No placement has this id, or none the caller may know of."""


async def apply(
    work: Work, caller: Identity, *, placement: str, milestone: str, filed_on: date | None
) -> Application | str:
    """File an application of a company or, on paper, through a caseworker; or say why not.

    Raises NoSuchPlacementError.
    """
    found = await facts.find_placement(work.connection, placement)
    foreign = caller.role == "company" and found and found.employer != caller.cvr
    if found is None or foreign:
        raise NoSuchPlacementError(UNKNOWN)
    why_not = _not_offered(found, milestone) or _not_on_that_day(work, caller, filed_on)
    if why_not is not None:
        return why_not
    return await apply_for_bonus(work, found, milestone, filed_on or work.today)


async def status_after(work: Work, filed: Application) -> str | None:
    """Where the instalment applied for stands; None where nothing was assessed for it."""
    stored = await cases.list_instalments(work.connection, [filed.case.person])
    for each in stored.get(filed.case.person, []):
        if each.case == filed.case and each.milestone == filed.milestone:
            return each.line.status.value
    return None


def _not_offered(placement: StoredPlacement, milestone: str) -> str | None:
    milestones = milestones_ever(placement.kind, load_rules())
    if not milestones:
        return f"A placement of the kind {placement.kind} bears no bonus."
    if milestone not in milestones:
        return f"The kind {placement.kind} has the milestones {' and '.join(milestones)}."
    return None


def _not_on_that_day(work: Work, caller: Identity, filed_on: date | None) -> str | None:
    if filed_on is None:
        return None
    if caller.role != "caseworker":
        return "A company's application is filed today; leave filed_on out."
    if filed_on > work.today:
        return "An application can't be filed on a day to come."
    return None
