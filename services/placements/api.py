"""The door over HTTP: a person number in and a reference out, reports in and outcomes out.

Who tells is taken from the token. Nothing a person number could be found by is kept with an
Idempotency-Key: the digest of the request is concealed first, and answers hold references only.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Query, Request, Response
from pydantic import Field

from services.placements.domain import senders
from services.placements.domain.person_numbers import (
    InvalidPersonNumberError,
    PersonNumber,
    parse_person_number,
)
from services.placements.domain.persons import PersonFields
from services.placements.domain.reports import Refused
from services.placements.domain.senders import Sender
from services.placements.handlers import persons, reports
from services.placements.handlers.reports import Answer as ReportAnswer
from services.placements.store import feed as feed_store
from services.placements.store.feed import FeedEntry, FeedPage
from services.placements.store.vault import Access
from services.placements.vault import Vault, find_or_create_secret, read_secret
from shared.contracts.door_rules import DoorRule
from shared.contracts.facts import PersonFacts
from shared.contracts.fields import ShortText
from shared.contracts.reports import FACTS_MAX
from shared.messaging.work import Work
from shared.observability.catalogue import ReportOutcome
from shared.runtime.service import ServiceContext
from shared.runtime.settings import Settings
from shared.web.body import FromJson
from shared.web.idempotency import TAKES_KEY, Answer, answer_once
from shared.web.identity import Identity, allow
from shared.web.problems import Problem

KEY_FILE = "vault.key"
FEED_REPORTS_MAX = 500

FACTS = f"""At most {FACTS_MAX} facts, each with a `report_id` of its own, in the order they are to
be decided. The schema of each is that of its record on the municipality's own topic. A fact that
can't be taken is refused alone; the others count."""
EXAMPLE = {
    "report_id": "r-1",
    "fact": "PlacementStarted",
    "placement": "2017-00042",
    "person": "00000000-0000-4000-8000-000000000000",
    "employer": "99000007",
    "kind": "ordinary",
    "started_on": "2017-02-01",
}

REFUSAL_TITLES = {
    "invalid-fact": "The fact can't be read, or contradicts itself",
    "report-id-conflict": "The report id is taken",
    "unknown-person": "Nobody has this reference",
    "other-person": "The placement is another person's",
    "not-your-placement": "The placement is another sender's",
    "placement-id-not-whole": "The placement id lacks its sender",
    "not-for-companies": "Companies don't tell this",
}
"""Every reason to refuse one fact; the detail says which fact it was and what helps."""


class Registration(PersonFacts):
    """A person, by civil registration number, with what the law needs to know."""

    civil_registration_number: str = Field(
        max_length=20, repr=False, description="DDMMYY-SSSS, with or without the hyphen."
    )
    purpose: ShortText = Field(
        description="What the look-up is for; kept in the access log, never holding a number."
    )


Registrar = Annotated[Identity, Depends(allow("municipality", "caseworker"))]
Teller = Annotated[Identity, Depends(allow("municipality", "company", "caseworker"))]
Municipality = Annotated[Identity, Depends(allow("municipality"))]


def router(context: ServiceContext) -> APIRouter:
    """The routes below `/placements/v1`."""
    routes = APIRouter(prefix="/placements/v1", tags=["placements"])
    vault = Vault(_secret(context.settings))
    _add_persons(routes, context, vault)
    _add_reports(routes, context, vault)
    _add_feed(routes, context)
    return routes


def _secret(settings: Settings) -> bytes:
    """The secret in the settings; the embedded system, which has none there, keeps its own."""
    if settings.vault_key is not None:
        return read_secret(settings.vault_key.get_secret_value())
    return find_or_create_secret(settings.data_dir / KEY_FILE)


def _add_persons(routes: APIRouter, context: ServiceContext, vault: Vault) -> None:
    constructed_allowed = context.settings.vault_key is None

    @routes.post(
        "/persons", summary="Register a person, or register her again", openapi_extra=TAKES_KEY
    )
    async def register(
        request: Request, asked: FromJson[Registration], caller: Registrar
    ) -> Response:
        number = _number(asked.civil_registration_number, constructed_allowed=constructed_allowed)
        told = PersonFields(
            asked.category, asked.permit_granted_on, asked.born_on, asked.resident_since
        )

        async def act(work: Work) -> Answer:
            access = Access(
                who=caller.subject,
                organisation=caller.municipality or "authority",
                purpose=asked.purpose,
                happened_at=work.now,
            )
            person = await persons.register_person(work, vault, number, told, access)
            return Answer({"person": person})

        _conceal(request, vault)
        async with context.begin() as work:
            answer = await answer_once(work, caller, request, lambda: act(work))
        context.metrics.person_lookups(role=caller.role).inc()
        return answer


def _add_reports(routes: APIRouter, context: ServiceContext, vault: Vault) -> None:
    @routes.post(
        "/reports", summary="Tell facts, each with an outcome of its own", openapi_extra=TAKES_KEY
    )
    async def report(
        request: Request,
        told: Annotated[list[Any], Body(description=FACTS, examples=[[EXAMPLE]])],
        caller: Teller,
    ) -> Response:
        if len(told) > FACTS_MAX:
            raise Problem(
                "too-many-facts",
                "Too many facts",
                413,
                f"At most {FACTS_MAX} facts are taken in one request; send them in parts.",
            )
        outcomes: Counter[ReportOutcome] = Counter()

        async def act(work: Work) -> Answer:
            answers = await reports.report(work, _sender(caller), told)
            outcomes.update(answer.outcome for answer in answers)
            return Answer({"outcomes": [_outcome(answer) for answer in answers]})

        _conceal(request, vault)
        async with context.begin() as work:
            answer = await answer_once(work, caller, request, lambda: act(work))
        for outcome, count in outcomes.items():
            context.metrics.reports(door="http", outcome=outcome).inc(count)
        return answer


def _add_feed(routes: APIRouter, context: ServiceContext) -> None:
    @routes.get("/feed", summary="What the municipality has told, and what became of it")
    async def feed(
        caller: Municipality,
        after: Annotated[int, Query(ge=0, le=2**63 - 1)] = 0,
        limit: Annotated[int, Query(ge=1, le=FEED_REPORTS_MAX)] = 100,
        outcome: Literal["accepted", "duplicate", "parked", "refused"] | None = None,
        late: Annotated[bool, Query(description="Only what came late.")] = False,  # noqa: FBT002
    ) -> dict[str, object]:
        page = FeedPage(after, limit, outcome, only_late=late)
        sender = _sender(caller).name
        async with context.begin() as work:
            entries = await feed_store.list_told(work.connection, sender, page)
            counts = await feed_store.count_told(work.connection, sender)
        return {
            "counts": counts,
            "reports": [_entry(entry) for entry in entries],
            "next": entries[-1].position if len(entries) == limit else None,
        }


def _number(text: str, *, constructed_allowed: bool) -> PersonNumber:
    try:
        return parse_person_number(text, constructed_allowed=constructed_allowed)
    except InvalidPersonNumberError as error:
        raise Problem(
            "invalid-person-number", "This is no civil registration number", 422, str(error)
        ) from error


def _sender(caller: Identity) -> Sender:
    """Who tells, from the token alone."""
    if caller.role == "municipality":
        assert caller.municipality is not None, "a municipality's token names it"
        return senders.municipality(caller.municipality)
    if caller.role == "company":
        assert caller.cvr is not None, "a company's token names it"
        return senders.company(caller.cvr)
    return senders.caseworker(caller.subject)


def _conceal(request: Request, vault: Vault) -> None:
    """Let the digest that an Idempotency-Key is kept with tell nothing of the content."""
    request.scope["sammen.content_digest"] = vault.conceal(request.scope["sammen.content_digest"])


def _outcome(answer: ReportAnswer) -> dict[str, object]:
    told: dict[str, object] = {"report_id": answer.report_id, "outcome": answer.outcome}
    return told | ({"problem": _problem(answer.refused)} if answer.refused else {})


def _entry(entry: FeedEntry) -> dict[str, object]:
    told: dict[str, object] = {
        "position": entry.position,
        "report_id": entry.report_id,
        "fact": entry.fact,
        "placement": entry.placement,
        "outcome": entry.outcome,
        "late": entry.late,
        "received_at": entry.received_at,
    }
    return told | ({"problem": _problem(entry.refused)} if entry.refused else {})


def _problem(refused: Refused) -> dict[str, object]:
    title = REFUSAL_TITLES[refused.reason]
    broken = DoorRule(refused.code).stands_in() if refused.code else {}
    return {**Problem(refused.reason, title, 422, refused.detail).body(), **broken}
