"""Who tells decides which placements a report may be about: everybody coins ids of their own.

On the wire a placement's id is `<sender>/<their id>`. Only the sender of an id, or a caseworker,
may tell anything about it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.placements.domain.reports import Refused
from shared.values.cvr import is_cvr
from shared.values.municipalities import InvalidMunicipalityCodeError, parse_municipality_code

_COMPANY_PREFIX = "cvr-"
_CODE = re.compile(r"[0-9]{4}", re.ASCII)

NOT_YOURS = Refused(
    "not-your-placement",
    "The placement's id belongs to another sender, who alone may tell of it.",
)
NOT_WHOLE = Refused(
    "placement-id-not-whole",
    "A caseworker names the whole id of a placement, `<sender>/<their id>`.",
)
OTHER_EMPLOYER = Refused(
    "not-your-placement", "A company tells of placements with itself; the employer is another."
)
NOT_FOR_COMPANIES = Refused(
    "not-for-companies", "Facts about a person are told by municipalities and caseworkers."
)


@dataclass(frozen=True, slots=True)
class Sender:
    """Whoever tells, by the name that their report ids and placement ids belong to."""

    name: str
    municipality: str | None = None
    """Its code; receipts go to its own topic."""
    cvr: str | None = None
    may_name_all: bool = False
    """A caseworker, who tells of anybody's placement."""


def municipality(code: str) -> Sender:
    """A municipality's own system."""
    return Sender(name=code, municipality=code)


def company(cvr: str) -> Sender:
    """A company telling of placements with itself."""
    return Sender(name=f"{_COMPANY_PREFIX}{cvr}", cvr=cvr)


def caseworker(subject: str) -> Sender:
    """A caseworker; only the report ids are hers, the placements are other senders'."""
    return Sender(name=f"caseworker-{subject}", may_name_all=True)


def whole_id(given: str, *, owner: str) -> str:
    """The id with its sender in front; one that names a sender is taken as given."""
    return given if _names_a_sender(given) else f"{owner}/{given}"


def owner_of(placement: str) -> str:
    """The sender whose id this is."""
    return placement.partition("/")[0]


def refuse_placement(sender: Sender, given: str) -> Refused | None:
    """Why this sender may not tell of the placement it names, if so."""
    if sender.may_name_all:
        return None if _names_a_sender(given) else NOT_WHOLE
    whole = whole_id(given, owner=sender.name)
    return None if owner_of(whole) == sender.name else NOT_YOURS


def refuse_employer(sender: Sender, employer: str) -> Refused | None:
    """Why this sender may not tell of a placement with this employer, if so."""
    return OTHER_EMPLOYER if sender.cvr is not None and employer != sender.cvr else None


def refuse_person_facts(sender: Sender) -> Refused | None:
    """Why this sender may not tell facts about a person, if so."""
    return NOT_FOR_COMPANIES if sender.cvr is not None else None


def _names_a_sender(given: str) -> bool:
    """Whether an id begins with a municipality's code or a company's number, and a slash.

    Senders' own ids may hold a slash too (journal numbers do: 2017/00042).
    """
    owner, slash, own = given.partition("/")
    if not (slash and own):
        return False
    if owner.startswith(_COMPANY_PREFIX):
        return is_cvr(owner.removeprefix(_COMPANY_PREFIX))
    try:
        return _CODE.fullmatch(owner) is not None and parse_municipality_code(owner) == owner
    except InvalidMunicipalityCodeError:
        return False


def municipality_named(sender: str) -> str | None:
    """The municipality's code, if the sender of this name is one."""
    return sender if _CODE.fullmatch(sender) else None
