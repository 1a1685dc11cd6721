"""What pages show of cases: one with all of it in time, and all of a company's instalments."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.bonus.domain.assessment import Assessment, Instalment
from services.bonus.domain.differences import line_key
from services.bonus.domain.payouts import Money
from services.bonus.domain.timeline import Happening, Moment, Timeline, timeline_of
from services.bonus.handlers.assessing import assess_known, load_facts
from services.bonus.handlers.paying import Held, load_money
from services.bonus.handlers.reading import Scope, assess_case
from services.bonus.handlers.recalling import list_late
from services.bonus.handlers.reviewing import OpenedReview, reviews_among
from services.bonus.store import cases, company
from services.bonus.store.cases import BonusCase, StoredInstalment
from services.bonus.store.claims import StoredClaim
from shared.messaging.work import Work


@dataclass(frozen=True, slots=True)
class ShownCase:
    """One case: how it is assessed, and all of it in time."""

    case: BonusCase
    assessment: Assessment
    timeline: Timeline | None
    reviews: tuple[OpenedReview, ...]
    claims: tuple[tuple[StoredInstalment, StoredClaim], ...]
    """Those that stand today."""
    money: Mapping[str, Money]
    """What was paid and is claimed of each milestone, as it stands today."""
    late: Sequence[Mapping[str, object]]
    """Facts that came late, as the interface tells of them."""


async def show_case(
    work: Work, case: BonusCase, scope: Scope, *, as_of: date | None, known_on: date | None
) -> ShownCase:
    """The case seen on `as_of` (today) as known on `known_on` (now), as far as the scope goes."""
    known, assessment = await assess_case(work, case, scope, as_of=as_of, known_on=known_on)
    own = await cases.list_instalments_of(work.connection, case)
    held = await load_money(work.connection, [each.instalment_id for each in own])
    orders = [
        Moment(Happening.ORDERED, ordered_on, each.milestone, payout.amount_ore)
        for each in own
        for payout, ordered_on in held[each.instalment_id].payouts
        if ordered_on <= assessment.known_on
    ]
    return ShownCase(
        case=case,
        assessment=assessment,
        timeline=timeline_of(
            known,
            assessment,
            employer=case.employer,
            scheme=case.scheme,
            orders=orders,
            for_employer=scope.employer is not None,
        ),
        reviews=tuple(reviews_among(own, assessment)),
        claims=tuple((each, live) for each in own if (live := held[each.instalment_id].live_claim)),
        money={each.milestone: held[each.instalment_id].money for each in own},
        late=await list_late(work, case),
    )


@dataclass(frozen=True, slots=True)
class CompanyLine:
    """An instalment of a company, as assessed, with its money."""

    stored: StoredInstalment
    assessed: Instalment | None
    """None where the facts no longer know of it."""
    held: Held
    placement: str | None
    """The id to apply under: of a placement at the company."""


async def list_company_lines(work: Work, employer: str) -> tuple[list[CompanyLine], bool]:
    """The instalments of the employer's cases by milestone date, and whether there are more."""
    found, has_more = await cases.list_cases(
        work.connection, employer=employer, person=None, placement=None, sender=None
    )
    persons = sorted({each.person for each in found})
    if not persons:
        return [], False
    known = await load_facts(work.connection, persons)
    stored = await _of_cases(work, persons, {each.case_id for each in found})
    held = await load_money(work.connection, [each.instalment_id for each in stored])
    own = await company.list_placements_at(work.connection, employer)
    assessed = {
        (person, line_key(line)): line
        for person in persons
        for line in assess_known(known[person], as_of=work.today).instalments
    }
    lines = []
    for each in sorted(stored, key=lambda each: (each.line.due_on, each.instalment_id)):
        line = assessed.get((each.case.person, each.key))
        ids = line.placements if line is not None else ()
        placement = next((one for one in ids if one in own), None)
        lines.append(CompanyLine(each, line, held[each.instalment_id], placement))
    return lines, has_more


async def _of_cases(
    work: Work, persons: Sequence[str], case_ids: Collection[str]
) -> list[StoredInstalment]:
    stored = await cases.list_instalments(work.connection, persons)
    return [each for own in stored.values() for each in own if each.case.case_id in case_ids]
