"""A civil registration number is exchanged for a reference here, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

from services.placements.domain.door import TICK, KnownPerson
from services.placements.domain.person_numbers import PersonNumber
from services.placements.domain.persons import (
    PersonFields,
    corrected,
    differing,
    with_birth_date_of_number,
)
from services.placements.store import persons as store
from services.placements.store import vault as vault_store
from services.placements.store.vault import Access
from services.placements.vault import Vault
from shared.contracts.placements import PersonCorrected, PersonRegistered
from shared.messaging.work import Work


class PersonNotFoundError(LookupError):
    """The vault holds no number for this reference: it was never given out, or was erased."""


async def register_person(
    work: Work, vault: Vault, number: PersonNumber, told: PersonFields, access: Access
) -> str:
    """Give the reference of a number; the same one for the same person, whoever asks.

    Tells what is new: everything the first time, later what differs, or nothing. Every look-up is
    in the access log, whatever comes of it.
    """
    sealed = vault.seal(number.digits)
    reference = await vault_store.get_reference(
        work.connection, sealed, vault_mark=vault.mark, access=access
    )
    known = (await store.lock_persons(work.connection, [reference])).get(reference)
    told = with_birth_date_of_number(told, number.born_on, known.told if known else None)
    if known is None:
        await _register(work, reference, told)
    else:
        await _correct(work, reference, known, told)
    return reference


async def reveal_number(work: Work, vault: Vault, reference: str, access: Access) -> str:
    """The ten digits behind a reference; leaves its trace in the access log.

    Raises PersonNotFoundError.
    """
    found = await vault_store.find_sealed_number(work.connection, reference, access=access)
    if found is None:
        raise PersonNotFoundError(f"the vault holds no number for {reference}")
    sealed_number, wrapped_key = found
    return vault.open(reference, wrapped_key, sealed_number)


async def erase_number(work: Work, reference: str, access: Access) -> None:
    """Destroy the number behind a reference, for good; the reference stays and stands for nobody.

    Whoever registers the number again is given another reference. Raises PersonNotFoundError.
    """
    if not await vault_store.delete_number(work.connection, reference, access=access):
        raise PersonNotFoundError(f"the vault holds no number for {reference}")


async def _register(work: Work, reference: str, told: PersonFields) -> None:
    assert told.category is not None, "a registration names the category"
    assert told.permit_granted_on is not None, "a registration names the permit date"
    await store.insert_person(work.connection, reference, told, registered_at=work.now)
    work.publish(
        PersonRegistered(
            person=reference,
            category=told.category,
            permit_granted_on=told.permit_granted_on,
            born_on=told.born_on,
            resident_since=told.resident_since,
        )
    )


async def _correct(work: Work, reference: str, known: KnownPerson, told: PersonFields) -> None:
    news = differing(known.told, told)
    if news.is_empty:
        return
    stamp = max(work.now, known.stamp + TICK)
    after = replace(known, stamp=stamp, told=corrected(known.told, told))
    await store.save_persons(work.connection, {reference: after})
    work.publish(
        PersonCorrected(
            person=reference,
            category=news.category,
            permit_granted_on=news.permit_granted_on,
            born_on=news.born_on,
            resident_since=news.resident_since,
        ),
        occurred_at=stamp,
    )
