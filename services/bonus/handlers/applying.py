"""Who may apply for what: the same questions, whether a program asks or a person on a page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.bonus.domain.situations import milestones_ever
from services.bonus.handlers.hearing import Application, apply_for_bonus
from services.bonus.rules import load_rules
from services.bonus.store import cases, facts
from services.bonus.store.facts import StoredPlacement
from shared.contracts.door_rules import DoorRule
from shared.messaging.work import Work
from shared.web.identity import Identity

UNKNOWN = "No placement has this id yet; one that was just reported takes a moment."


@dataclass(frozen=True, slots=True)
class NotFiled:
    """Why an application can't be filed, and by which of the doors' rules if by one of them."""

    why: str
    rule: DoorRule | None = None


class NoSuchPlacementError(LookupError):
    """No placement has this id, or none the caller may know of."""


async def apply(
    work: Work, caller: Identity, *, placement: str, milestone: str, filed_on: date | None
) -> Application | NotFiled:
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
    own = await cases.list_instalments_of(work.connection, filed.case)
    return next((each.line.status.value for each in own if each.milestone == filed.milestone), None)


def _not_offered(placement: StoredPlacement, milestone: str) -> NotFiled | None:
    milestones = milestones_ever(placement.kind, load_rules())
    if not milestones:
        return NotFiled(f"A placement of the kind {placement.kind} bears no bonus.")
    if milestone not in milestones:
        return NotFiled(
            f"The kind {placement.kind} has the milestones {' and '.join(milestones)}.",
            DoorRule.MILESTONE_NOT_OF_KIND,
        )
    return None


def _not_on_that_day(work: Work, caller: Identity, filed_on: date | None) -> NotFiled | None:
    if filed_on is None:
        return None
    if caller.role != "caseworker":
        return NotFiled("A company's application is filed today; leave filed_on out.")
    if filed_on > work.today:
        return NotFiled(
            "An application can't be filed on a day to come.", DoorRule.FILED_ON_A_DAY_TO_COME
        )
    return None
