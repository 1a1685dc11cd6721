"""Facts told only to be weighed: read as the doors read them, and each given to its person.

They have the form of the wire, that is of the reports door with whole placement ids; `person` may
be left out where the placement says whose it is, and a `report_id` is not looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from pydantic import ValidationError

from services.bonus.domain.facts import Fact
from services.bonus.domain.fields import kind_of, quoted
from services.bonus.handlers.assessing import fact_of
from services.bonus.store.facts import NOBODY, StoredFact
from shared.contracts import placements
from shared.contracts.base import Contract
from shared.contracts.complaints import complain
from shared.contracts.fields import (
    Cvr,
    Day,
    Identifier,
    Milestone,
    PersonReference,
    PlacementId,
    Scheme,
)
from shared.contracts.membership import EmployerSectorReported
from shared.contracts.placements import PlacementEvent, PlacementStarted


class Application(Contract):
    """A company's application for one milestone."""

    placement: PlacementId
    milestone: Milestone
    filed_on: Day


class Decision(Contract):
    """A caseworker's answer to a review."""

    person: PersonReference
    employer: Cvr
    scheme: Scheme
    milestone: Milestone
    review: Identifier
    outcome: Literal["accepted", "refused"]
    decided_on: Day


FORMS: Final[Mapping[str, type[Contract]]] = {
    **{event.__name__: event for event in placements.EVENTS},
    "EmployerSectorReported": EmployerSectorReported,
    "BonusApplied": Application,
    "ReviewDecided": Decision,
}
"""All that an assessment rests on, by name, as bonus hears it; but money is finance's to tell."""
NOT_FOR_MUNICIPALITIES: Final = ("EmployerSectorReported", "ReviewDecided")
RECORDING: Final = ("recorded_on", "recorded_at")


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why one fact can't be weighed; `position` counts from 1."""

    position: int
    kind: str
    why: str


class UnusableFactsError(ValueError):
    """Facts that can't be weighed, each with why."""

    def __init__(self, complaints: Sequence[Complaint]) -> None:
        super().__init__("; ".join(f"fact {each.position}: {each.why}" for each in complaints))
        self.complaints = tuple(complaints)


@dataclass(frozen=True, slots=True)
class ToldFact:
    """A fact to be weighed, by name and fields; `position` counts from 1."""

    position: int
    name: str
    content: dict[str, Any]

    @property
    def placement(self) -> str | None:
        """The placement it is about, if it is about one."""
        return self.content.get("placement")

    @property
    def employer(self) -> str | None:
        """The employer a sector is told of."""
        return self.content.get("employer") if self.name == "EmployerSectorReported" else None

    def as_fact(self, recorded_at: datetime) -> Fact:
        """As the rules read it, had it become known at this instant."""
        return fact_of(StoredFact(str(self.position), self.name, self.content, recorded_at))


def read_told(items: Sequence[object], *, municipality: str | None = None) -> list[ToldFact]:
    """Read facts, all or none; a municipality tells of its own placements, as at the door.

    Raises UnusableFactsError.
    """
    read: list[ToldFact] = []
    complaints: list[Complaint] = []
    for position, item in enumerate(items, start=1):
        told = _read(position, item, municipality)
        if isinstance(told, ToldFact):
            read.append(told)
        else:
            complaints.append(told)
    if complaints:
        raise UnusableFactsError(complaints)
    return read


def persons_told(
    told: Iterable[ToldFact], known: Mapping[str, str]
) -> tuple[dict[int, str], dict[int, str]]:
    """Whose each fact is, by position; and of those that are nobody's yet, the placement.

    `known` says whose the stored placements are. A sector is nobody's and stands in neither.
    Raises UnusableFactsError for a placement told with another person than it has.
    """
    facts = list(told)
    owners = dict(known)
    complaints = []
    for each in facts:
        if each.placement is not None and each.name == "PlacementStarted":
            owners.setdefault(each.placement, each.content["person"])
    for each in facts:
        person = each.content.get("person")
        if each.placement is None or person is None:
            continue
        if owners.get(each.placement, person) != person:
            why = "the placement was told with another person; annul it, and tell it anew"
            complaints.append(Complaint(each.position, "other-person", why))
    if complaints:
        raise UnusableFactsError(complaints)
    persons: dict[int, str] = {}
    waiting: dict[int, str] = {}
    for each in facts:
        if each.placement is not None and each.placement not in owners:
            waiting[each.position] = each.placement
        elif each.placement is not None:
            persons[each.position] = owners[each.placement]
        elif each.employer is None:
            persons[each.position] = each.content["person"]
    return persons, waiting


def _read(position: int, item: object, municipality: str | None) -> ToldFact | Complaint:
    if not isinstance(item, Mapping):
        why = f"a fact is an object, not {kind_of(item)}"
        return Complaint(position, "invalid-fact", why)
    name = item.get("fact")
    if not isinstance(name, str) or name not in FORMS:
        why = f"fact: {quoted(name)} is none that can be weighed; those are {', '.join(FORMS)}"
        return Complaint(position, "invalid-fact", why)
    content = {
        field: value
        for field, value in item.items()
        if field not in ("fact", "report_id") and value is not None
    }
    if recorded := next((field for field in RECORDING if field in content), None):
        why = f"{name}, field {recorded}: is not told here: what is weighed becomes known now"
        return Complaint(position, "invalid-fact", why)
    try:
        told = ToldFact(position, name, _checked(FORMS[name], content))
    except ValidationError as error:
        return Complaint(position, "invalid-fact", f"{name}: {complain(error)}")
    return _refused(told, municipality) or told


def _checked(form: type[Contract], content: Mapping[str, Any]) -> dict[str, Any]:
    """The fields as they travel. Raises ValidationError.

    Of a placement already told of everybody knows the person, though the wire repeats it: nobody
    stands in until the placement has said whose the fact is.
    """
    is_implied = issubclass(form, PlacementEvent) and form is not PlacementStarted
    asked = {"person": NOBODY, **content} if is_implied else content
    meant = form.model_validate_json(json.dumps(asked)).model_dump(mode="json", exclude_none=True)
    return {field: value for field, value in meant.items() if value != NOBODY}


def _refused(told: ToldFact, municipality: str | None) -> Complaint | None:
    """Why this caller may not tell it."""
    if municipality is not None:
        if told.name in NOT_FOR_MUNICIPALITIES:
            why = f"{told.name} is told by the authority's own people"
            return Complaint(told.position, "not-for-municipalities", why)
        if told.placement is not None and not told.placement.startswith(f"{municipality}/"):
            why = f"the placement is another sender's; yours are named {municipality}/<your id>"
            return Complaint(told.position, "not-your-placement", why)
    return None
