"""Facts are kept as they are told; figures are computed from them when asked.

The day a fact became known is the calendar day, in Copenhagen, of its event's instant.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, TypedDict

from services.evaluation.domain.figures import Figures, Moment
from services.evaluation.store import facts, figures
from services.evaluation.store.facts import (
    AssessmentFact,
    MembershipFact,
    NoticeFact,
    PlacementFact,
    PledgeFact,
)
from shared.contracts.bonus import BonusAssessed
from shared.contracts.membership import CompanyJoined, CompanyLeft, PlacesPledged, PledgeWithdrawn
from shared.contracts.notifications import NotificationSent
from shared.contracts.placements import (
    PlacementAnnulled,
    PlacementCorrected,
    PlacementEnded,
    PlacementEndRetracted,
    PlacementReinstated,
    PlacementStarted,
)
from shared.database import Connection
from shared.messaging.work import Received, Work
from shared.values.dates import day_in_copenhagen

MembershipTold = CompanyJoined | CompanyLeft | PlacesPledged | PledgeWithdrawn
PlacementTold = (
    PlacementStarted
    | PlacementCorrected
    | PlacementEnded
    | PlacementEndRetracted
    | PlacementAnnulled
    | PlacementReinstated
)


class _Known(TypedDict):
    event_id: str
    known_on: date
    known_at: datetime


async def on_membership(work: Work, received: Sequence[Received[MembershipTold]]) -> None:
    """Keep who became a member, who left, and what was pledged and withdrawn."""
    work.steps.begin("decide")
    told = [_membership_fact(each) for each in received]
    memberships = [fact for fact in told if isinstance(fact, MembershipFact)]
    pledges = [fact for fact in told if isinstance(fact, PledgeFact)]
    work.steps.begin("write")
    await facts.insert_membership_facts(work.connection, memberships)
    await facts.insert_pledge_facts(work.connection, pledges)


async def on_placement(work: Work, received: Sequence[Received[PlacementTold]]) -> None:
    """Keep what was told about placements."""
    work.steps.begin("decide")
    told = [_placement_fact(each) for each in received]
    work.steps.begin("write")
    await facts.insert_placement_facts(work.connection, told)


async def on_bonus_assessed(work: Work, received: Sequence[Received[BonusAssessed]]) -> None:
    """Keep what instalments came to."""
    work.steps.begin("decide")
    told = [
        AssessmentFact(
            **_known(each),
            bonus_case=each.event.case,
            scheme=each.event.scheme,
            milestone=each.event.milestone,
            status=each.event.status,
            amount_ore=each.event.amount_ore,
            due_on=each.event.due_on,
        )
        for each in received
    ]
    work.steps.begin("write")
    await facts.insert_assessment_facts(work.connection, told)


async def on_notification_sent(work: Work, received: Sequence[Received[NotificationSent]]) -> None:
    """Keep that mails were sent."""
    work.steps.begin("decide")
    told = [
        NoticeFact(**_known(each), template=each.event.template, sent_on=each.event.sent_on)
        for each in received
    ]
    work.steps.begin("write")
    await facts.insert_notice_facts(work.connection, told)


async def figures_between(
    connection: Connection, first_day: date, last_day: date, *, known_on: date
) -> Figures:
    """The programme on both days and what began between them, with every count in full."""
    days = sorted({first_day, last_day})
    companies = await figures.count_companies(connection, days, known_on=known_on)
    places = await figures.count_places(connection, days, known_on=known_on)
    persons = await figures.count_persons(connection, days, known_on=known_on)
    bonus = await figures.count_bonus(connection, days, known_on=known_on)
    notices = await figures.count_notices(connection, days, known_on=known_on)
    before, after = (
        Moment(
            day=day,
            companies=companies.get(day, 0),
            places=places[day],
            persons=persons[day],
            bonus=bonus[day],
            notices=notices.get(day, 0),
        )
        for day in (first_day, last_day)
    )
    started = await figures.count_started(connection, first_day, last_day, known_on=known_on)
    return Figures(known_on=known_on, before=before, after=after, started=started)


def _known(received: Received[Any]) -> _Known:
    return _Known(
        event_id=received.event_id,
        known_on=day_in_copenhagen(received.occurred_at),
        known_at=received.occurred_at,
    )


def _membership_fact(received: Received[MembershipTold]) -> MembershipFact | PledgeFact:
    known = _known(received)
    match received.event:
        case CompanyJoined(cvr=cvr, joined_on=day):
            return MembershipFact(**known, cvr=cvr, member=True, changed_on=day)
        case CompanyLeft(cvr=cvr, left_on=day):
            return MembershipFact(**known, cvr=cvr, member=False, changed_on=day)
        case PlacesPledged() as pledged:
            return PledgeFact(
                **known,
                pledge=pledged.pledge,
                cvr=pledged.cvr,
                places=pledged.places,
                kind=pledged.kind,
                first_day=pledged.first_day,
                last_day=pledged.last_day,
            )
        case PledgeWithdrawn(pledge=pledge, cvr=cvr, withdrawn_on=day):
            return PledgeFact(**known, pledge=pledge, cvr=cvr, withdrawn_on=day)


def _placement_fact(received: Received[PlacementTold]) -> PlacementFact:
    event = received.event
    return PlacementFact(
        **_known(received),
        fact=type(event).__name__,
        placement=event.placement,
        person=event.person,
        employer=getattr(event, "employer", None),
        kind=getattr(event, "kind", None),
        started_on=getattr(event, "started_on", None),
        last_day=getattr(event, "last_day", None),
        reason=getattr(event, "reason", None),
    )
