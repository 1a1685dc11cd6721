"""Membership over HTTP: joining, pledging, and employers' sectors.

A company speaks for itself only: its number in the address or the content must be the token's.
Answers never repeat a name or an address, except to `GET` of the company itself, because answers
to writing requests are kept with their Idempotency-Key.
"""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.membership import handlers, store
from services.membership.domain.contacts import parse_email_address, parse_name
from services.membership.domain.pledges import Pledge, SectorReport
from services.membership.domain.revision import Company, Contact, Joining, twice_told_address
from shared.contracts.door_rules import DoorRule
from shared.contracts.fields import (
    Code,
    ContactName,
    Day,
    EmailAddress,
    Language,
    PercentText,
)
from shared.messaging.work import Work
from shared.runtime.service import ServiceContext
from shared.values.cvr import parse_cvr
from shared.values.municipalities import parse_municipality_code
from shared.web.body import FromJson
from shared.web.idempotency import TAKES_KEY, Answer, answer_once
from shared.web.identity import Identity, allow
from shared.web.problems import forbidden, invalid, not_found

CONTACTS_MAX = 20
"""More people than any company has asked to have written to; bounds a request."""

PLACES_MAX = 10_000
"""Ten times what all companies together pledged in 2016; a typing error beyond it."""

Cvr = Annotated[str, AfterValidator(parse_cvr)]
Municipality = Annotated[str, AfterValidator(parse_municipality_code)]
Name = Annotated[ContactName, AfterValidator(parse_name)]
Mailbox = Annotated[EmailAddress, AfterValidator(parse_email_address)]


class Asked(BaseModel):
    """What a caller may send: nothing beside the named fields, nothing converted."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class AskedContact(Asked):
    """Somebody at the company who wants to hear from us."""

    name: Name = Field(description="Name of the person, in any language.")
    email: Mailbox = Field(description="One plain mail address.")
    language: Language = Field(description="Language of what we write.")
    roles: tuple[Code, ...] = Field(
        default=(),
        max_length=10,
        description="`membership`, `bonus`: what the contact hears about; none means everything.",
    )


class JoinRequest(Asked):
    """A company that joins, or tells anew who it is."""

    cvr: Cvr = Field(description="The company's CVR number.")
    name: Name = Field(description="The company's name.")
    contacts: tuple[AskedContact, ...] = Field(
        max_length=CONTACTS_MAX,
        description="Whom to write to. A contact left out, when told anew, is forgotten.",
    )


class PledgeRequest(Asked):
    """Places a member makes available."""

    places: int = Field(ge=1, le=PLACES_MAX, description="How many persons there is room for.")
    kind: Code = Field(description="`ordinary`, `igu`, `internship`, `wage_subsidy`, or `any`.")
    first_day: Day = Field(description="First day the places are available.")
    last_day: Day | None = Field(default=None, description="Last such day; absent = standing.")
    municipality: Municipality | None = Field(
        default=None, description="Code of the municipality they are for; absent = any."
    )


class SectorRequest(Asked):
    """What an employer is, from a day on."""

    sector: Code = Field(description="`private`, `public_authority` or `institution`.")
    effective_from: Day = Field(description="First day on which it holds.")
    public_funding_percent: PercentText | None = Field(
        default=None, description="Share of costs covered by public subsidies, 0 to 100."
    )


def router(context: ServiceContext) -> APIRouter:
    """The routes below `/membership/v1`."""
    routes = APIRouter(prefix="/membership/v1", tags=["membership"])
    _add_companies(routes, context)
    _add_pledges(routes, context)
    _add_sectors(routes, context)
    return routes


Member = Annotated[Identity, Depends(allow("company", "caseworker"))]
Register = Annotated[Identity, Depends(allow("caseworker", "operations"))]


def _add_companies(routes: APIRouter, context: ServiceContext) -> None:
    @routes.post(
        "/companies",
        status_code=201,
        summary="Join, or tell anew who the company is",
        openapi_extra=TAKES_KEY,
    )
    async def join(request: Request, asked: FromJson[JoinRequest], caller: Member) -> Response:
        _require_own(caller, asked.cvr)
        told = _joining(asked)

        async def act(work: Work) -> Answer:
            company, is_new = await handlers.join_company(work, told)
            return Answer(_joined(company), 201 if is_new else 200)

        async with context.begin() as work:
            return await answer_once(work, caller, request, lambda: act(work))

    @routes.get("/companies/{cvr}", summary="What is known of a company")
    async def show(cvr: str, caller: Member) -> dict[str, object]:
        number = _number(cvr)
        _require_own(caller, number)
        async with context.begin() as work:
            company = await store.find_company(work.connection, number)
            pledges = await store.list_pledges(work.connection, number)
        if company is None:
            raise not_found("No member has this CVR number.")
        return {**_told(company), "pledges": [_pledged(pledge) for pledge in pledges]}


def _add_pledges(routes: APIRouter, context: ServiceContext) -> None:
    @routes.post(
        "/companies/{cvr}/pledges",
        status_code=201,
        summary="Pledge places",
        openapi_extra=TAKES_KEY,
    )
    async def pledge(
        request: Request, cvr: str, asked: FromJson[PledgeRequest], caller: Member
    ) -> Response:
        number = _number(cvr)
        _require_own(caller, number)
        if asked.last_day is not None and asked.last_day < asked.first_day:
            raise invalid(
                "The last day lies before the first day.",
                rule=DoorRule.PERIOD_ENDS_BEFORE_IT_BEGINS,
            )

        async def act(work: Work) -> Answer:
            pledged = Pledge(
                pledge=str(uuid4()),
                cvr=number,
                places=asked.places,
                kind=asked.kind,
                first_day=asked.first_day,
                last_day=asked.last_day,
                municipality=asked.municipality,
                pledged_on=work.today,
            )
            if not await handlers.pledge_places(work, pledged):
                raise not_found("No member has this CVR number; a company joins before it pledges.")
            return Answer(_pledged(pledged), 201)

        async with context.begin() as work:
            return await answer_once(work, caller, request, lambda: act(work))

    @routes.get("/companies/{cvr}/pledges", summary="A company's pledges")
    async def pledges(cvr: str, caller: Member) -> dict[str, object]:
        number = _number(cvr)
        _require_own(caller, number)
        async with context.begin() as work:
            if await store.find_company(work.connection, number) is None:
                raise not_found("No member has this CVR number.")
            found = await store.list_pledges(work.connection, number)
        return {"pledges": [_pledged(pledge) for pledge in found]}


def _add_sectors(routes: APIRouter, context: ServiceContext) -> None:
    @routes.post(
        "/employers/{cvr}/sector",
        status_code=201,
        summary="Tell what sector an employer is in, member or not",
        openapi_extra=TAKES_KEY,
    )
    async def sector(
        request: Request, cvr: str, asked: FromJson[SectorRequest], caller: Register
    ) -> Response:
        report = SectorReport(
            employer=_number(cvr),
            effective_from=asked.effective_from,
            sector=asked.sector,
            public_funding_percent=asked.public_funding_percent,
        )

        async def act(work: Work) -> Answer:
            is_new = await handlers.report_sector(work, report)
            return Answer(report, 201 if is_new else 200)

        async with context.begin() as work:
            return await answer_once(work, caller, request, lambda: act(work))


def _require_own(caller: Identity, cvr: str) -> None:
    if caller.role == "company" and caller.cvr != cvr:
        raise forbidden("A company speaks for itself only; the token is another company's.")


def _number(cvr: str) -> str:
    try:
        return parse_cvr(cvr)
    except ValueError as error:
        raise invalid(str(error), rule=DoorRule.NO_CVR_NUMBER) from error


def _joining(asked: JoinRequest) -> Joining:
    contacts = tuple(
        Contact(
            name=contact.name,
            email=contact.email,
            language=contact.language,
            roles=tuple(sorted(set(contact.roles))),
        )
        for contact in asked.contacts
    )
    if twice_told_address(contacts) is not None:
        raise invalid("Two contacts have the same mail address; a contact is told once.")
    return Joining(asked.cvr, asked.name, contacts)


def _joined(company: Company) -> dict[str, object]:
    """The answer to joining: ids only, no name and no address."""
    return {
        "cvr": company.cvr,
        "joined_on": company.joined_on,
        "contacts": sorted(company.contacts),
    }


def _told(company: Company) -> dict[str, object]:
    return {
        "cvr": company.cvr,
        "name": company.name,
        "joined_on": company.joined_on,
        "contacts": [
            {
                "contact": identifier,
                "name": contact.name,
                "email": contact.email,
                "language": contact.language,
                "roles": contact.roles,
            }
            for identifier, contact in company.contacts.items()
        ],
    }


def _pledged(pledge: Pledge) -> dict[str, object]:
    return {
        "pledge": pledge.pledge,
        "places": pledge.places,
        "kind": pledge.kind,
        "first_day": pledge.first_day,
        "last_day": pledge.last_day,
        "municipality": pledge.municipality,
        "pledged_on": pledge.pledged_on,
    }
