"""What waits for a caseworker: reviews, claims, stopped payouts, and flags to look into."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.bonus.domain.payouts import Payout
from services.bonus.handlers.assessing import assess_known, load_facts
from services.bonus.handlers.deciding import NothingToDecideError
from services.bonus.handlers.paying import load_money
from services.bonus.handlers.reviewing import OpenedReview, reviews_among
from services.bonus.store import cases, reviews, worklist
from services.bonus.store.cases import BonusCase, StoredInstalment
from services.bonus.store.claims import StoredClaim
from services.bonus.store.worklist import RaisedFlag
from shared.messaging.work import Work
from shared.values.persons import is_reference

NO_SUCH_FLAG = "No flag like this stands: the facts may have changed."


@dataclass(frozen=True, slots=True)
class OpenClaim:
    """A claim that stands, and what it is about."""

    instalment: StoredInstalment
    claim: StoredClaim


@dataclass(frozen=True, slots=True)
class StoppedPayout:
    """A payout that was rejected or has come back, and what it was for."""

    instalment: StoredInstalment
    payout: Payout
    ordered_on: date


@dataclass(frozen=True, slots=True)
class Worklist:
    """What waits for a caseworker, as far as it is listed, and how many there are in all."""

    reviews: Sequence[OpenedReview]
    claims: Sequence[OpenClaim]
    stopped: Sequence[StoppedPayout]
    flags: Sequence[RaisedFlag]
    cases: Mapping[str, Sequence[BonusCase]]
    """Of each person flagged."""
    has_more: bool
    """Whether another page follows."""
    instalments_under_review: int
    instalments_claimed: int
    instalments_stopped: int
    flags_unseen: int


async def list_work(work: Work, *, employer: str | None, page: int) -> Worklist:
    """A page of all that a caseworker is asked for, at one employer or at all of them."""
    connection = work.connection
    under_review = await worklist.list_under_review(connection, employer, page)
    claimed = await worklist.list_claims(connection, employer, page)
    stopped = await worklist.list_stopped(connection, employer, page)
    flags, unseen, more_flags = await worklist.list_flags(connection, employer, page)
    stored = await _by_id(work, {*under_review.persons, *claimed.persons, *stopped.persons})
    held = await load_money(connection, [*claimed.instalments, *stopped.instalments])
    return Worklist(
        reviews=await _open_reviews(work, [stored[each] for each in under_review.instalments]),
        claims=[
            OpenClaim(stored[each], live)
            for each in claimed.instalments
            if (live := held[each].live_claim) is not None
        ],
        stopped=[
            StoppedPayout(stored[each], payout, ordered_on)
            for each in stopped.instalments
            for payout, ordered_on in held[each].payouts
            if payout.is_stopped
        ],
        flags=flags,
        cases=await _by_person(work, {each.person for each in flags}),
        has_more=under_review.has_more or claimed.has_more or stopped.has_more or more_flags,
        instalments_under_review=under_review.count,
        instalments_claimed=claimed.count,
        instalments_stopped=stopped.count,
        flags_unseen=unseen,
    )


async def note_flag(work: Work, person: str, flag: str, *, reason: str, noted_by: str) -> None:
    """Keep that a flag was looked into, and what was found. Raises NothingToDecideError."""
    if not is_reference(person) or not await reviews.has_flag(work.connection, person, flag):
        raise NothingToDecideError(NO_SUCH_FLAG)
    await reviews.insert_note(
        work.connection, person, flag, reason=reason, noted_by=noted_by, noted_at=work.now
    )


async def _open_reviews(work: Work, instalments: Sequence[StoredInstalment]) -> list[OpenedReview]:
    """Every review that one of the instalments waits for, in their order."""
    persons = sorted({each.case.person for each in instalments})
    known = await load_facts(work.connection, persons) if persons else {}
    assessments = {person: assess_known(facts, as_of=work.today) for person, facts in known.items()}
    return [
        opened
        for each in instalments
        for opened in reviews_among([each], assessments[each.case.person])
        if opened.review.is_open
    ]


async def _by_person(work: Work, persons: Iterable[str]) -> Mapping[str, Sequence[BonusCase]]:
    found: dict[str, list[BonusCase]] = defaultdict(list)
    listed = await cases.list_cases_of(work.connection, persons)
    for each in sorted(listed, key=lambda case: (case.employer, case.scheme)):
        found[each.person].append(each)
    return found


async def _by_id(work: Work, persons: Iterable[str]) -> dict[str, StoredInstalment]:
    wanted = sorted(persons)
    stored = await cases.list_instalments(work.connection, wanted) if wanted else {}
    return {each.instalment_id: each for own in stored.values() for each in own}
