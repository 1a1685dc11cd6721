"""Joining again is answered by what differs: nothing, or a revision of what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

Language = Literal["da", "en"]


@dataclass(frozen=True, slots=True)
class Contact:
    """A person at a company who may be written to, and for what (no role = everything)."""

    name: str
    email: str
    language: Language
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Joining:
    """What a company tells when it joins, checked."""

    cvr: str
    name: str
    contacts: tuple[Contact, ...]


@dataclass(frozen=True, slots=True)
class Company:
    """A company as it is stored; its contacts by their id."""

    cvr: str
    name: str
    joined_on: date
    contacts: Mapping[str, Contact]


@dataclass(frozen=True, slots=True)
class Revision:
    """What joining again changes; a contact is the same one as long as its address is."""

    name: str | None
    added: tuple[Contact, ...]
    changed: Mapping[str, Contact]
    dropped: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether everything was told before."""
        return self.name is None and not (self.added or self.changed or self.dropped)


def revise(stored: Company, told: Joining) -> Revision:
    """Compare what a member is told to be with what is stored."""
    assert stored.cvr == told.cvr, "a company is compared with itself"
    contact_by_address = {
        _same_address(contact.email): identifier for identifier, contact in stored.contacts.items()
    }
    told_by_address = {_same_address(contact.email): contact for contact in told.contacts}
    return Revision(
        name=told.name if told.name != stored.name else None,
        added=tuple(
            contact
            for address, contact in told_by_address.items()
            if address not in contact_by_address
        ),
        changed={
            identifier: told_by_address[address]
            for address, identifier in contact_by_address.items()
            if address in told_by_address
            and told_by_address[address] != stored.contacts[identifier]
        },
        dropped=tuple(
            sorted(
                identifier
                for address, identifier in contact_by_address.items()
                if address not in told_by_address
            )
        ),
    )


def twice_told_address(contacts: tuple[Contact, ...]) -> str | None:
    """The first address that two of the contacts share, if any."""
    seen: set[str] = set()
    for contact in contacts:
        address = _same_address(contact.email)
        if address in seen:
            return contact.email
        seen.add(address)
    return None


def _same_address(email: str) -> str:
    """Mail software tells addresses apart by case of the local part; people don't."""
    return email.lower()
