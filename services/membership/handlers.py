"""What membership does when asked: join a company, note a pledge, note an employer's sector.

Names and addresses leave in ContactRecorded only, on the topic that only notifications may read.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import uuid4

from services.membership import store
from services.membership.domain.pledges import Pledge, SectorReport
from services.membership.domain.revision import Company, Contact, Joining, Revision, revise
from shared.contracts.membership import (
    CompanyJoined,
    CompanyUpdated,
    ContactRecorded,
    EmployerSectorReported,
    PlacesPledged,
)
from shared.messaging.work import Work


async def join_company(work: Work, told: Joining) -> tuple[Company, bool]:
    """Make the company a member, or revise what is stored of it; say whether it is new.

    Told the same again, nothing is stored or published.
    """
    if await store.insert_company(work.connection, told, joined_on=work.today):
        contacts = {str(uuid4()): contact for contact in told.contacts}
        await store.save_contacts(work.connection, told.cvr, contacts)
        work.publish(CompanyJoined(cvr=told.cvr, joined_on=work.today))
        _record_contacts(work, told.cvr, contacts)
        return Company(told.cvr, told.name, work.today, contacts), True
    stored = await store.lock_company(work.connection, told.cvr)
    assert stored is not None, "a company that could not be inserted is there, and is never deleted"
    revision = revise(stored, told)
    if revision.is_empty:
        return stored, False
    return await _apply(work, stored, revision), False


async def _apply(work: Work, stored: Company, revision: Revision) -> Company:
    recorded = {**revision.changed, **{str(uuid4()): contact for contact in revision.added}}
    if revision.name is not None:
        await store.save_company_name(work.connection, stored.cvr, revision.name)
    await store.delete_contacts(work.connection, stored.cvr, revision.dropped)
    await store.save_contacts(work.connection, stored.cvr, recorded)
    work.publish(CompanyUpdated(cvr=stored.cvr, updated_on=work.today))
    _record_contacts(work, stored.cvr, recorded)
    for contact in revision.dropped:
        work.erase(ContactRecorded.topic, contact)
    kept = {
        identifier: contact
        for identifier, contact in stored.contacts.items()
        if identifier not in revision.dropped
    }
    return Company(stored.cvr, revision.name or stored.name, stored.joined_on, {**kept, **recorded})


def _record_contacts(work: Work, cvr: str, contacts: Mapping[str, Contact]) -> None:
    for identifier, contact in contacts.items():
        work.publish(
            ContactRecorded(
                contact=identifier,
                organisation="company",
                cvr=cvr,
                municipality=None,
                name=contact.name,
                email=contact.email,
                language=contact.language,
                roles=contact.roles,
                wishes=(),
            )
        )


async def pledge_places(work: Work, pledge: Pledge) -> bool:
    """Note a member's pledge; say False, and note nothing, when the company is no member."""
    if await store.find_company(work.connection, pledge.cvr) is None:
        return False
    await store.insert_pledge(work.connection, pledge)
    work.publish(
        PlacesPledged(
            pledge=pledge.pledge,
            cvr=pledge.cvr,
            places=pledge.places,
            kind=pledge.kind,
            first_day=pledge.first_day,
            last_day=pledge.last_day,
            municipality=pledge.municipality,
        )
    )
    return True


async def report_sector(work: Work, report: SectorReport) -> bool:
    """Note an employer's sector, member or not; say False when that is known already."""
    await store.lock_employer(work.connection, report.employer)
    known = await store.find_sector_report(work.connection, report.employer, report.effective_from)
    if known == report:
        return False
    await store.insert_sector_report(work.connection, report, reported_at=work.now)
    work.publish(
        EmployerSectorReported(
            employer=report.employer,
            effective_from=report.effective_from,
            sector=report.sector,
            public_funding_percent=report.public_funding_percent,
        )
    )
    return True
