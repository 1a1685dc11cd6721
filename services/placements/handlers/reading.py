"""What was sent becomes a report that can be decided: read once, checked alone, its ids made whole.

Whatever was sent leads to a report, if only to one that is refused. Refusals say where and why,
and never repeat what was sent.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from services.placements.domain import senders
from services.placements.domain.persons import PersonFields
from services.placements.domain.reports import Period, Refused, Told
from services.placements.domain.senders import Sender
from shared.contracts.base import Event
from shared.contracts.reported import (
    PlacementReport,
    Report,
    ReportedCourseCompleted,
    ReportedEmploymentConfirmed,
    ReportedFact,
    ReportedLeaveRecorded,
    ReportedPersonCorrected,
    ReportedPlacementEnded,
    ReportedPlacementStarted,
)
from shared.contracts.reports import RefusedFact, parse_reported_fact
from shared.values.persons import contains_person_number

# The null character, as JSON writes it, and halves of characters.
_UNSTORABLE = re.compile(r"\\u0000|[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class ReadReport:
    """One report, read."""

    told: Told
    fact: Report | None = None
    """None when it can't be read as a fact."""
    content: Mapping[str, object] | None = None
    """What was sent; None when it can't be kept."""
    ids: Mapping[str, str] | None = None
    """`placement` and `continues`, where there are any, as everybody knows them."""

    def to_event(self, person: str) -> Event:
        """The event that comes of the fact once it is accepted, about this person."""
        assert self.fact is not None, "what can't be read is not accepted"
        told = self.fact.model_dump(exclude={"report_id", "fact"}, exclude_none=True)
        return self.fact.tells(**{**told, **(self.ids or {}), "person": person})


def read_report(item: object, sender: Sender) -> ReadReport:
    """Read one item of what was sent, as this sender means it."""
    text = _canonical(item)
    digest = hashlib.sha256(text.encode()).digest()
    fact = parse_reported_fact(text.encode())
    if isinstance(fact, RefusedFact):
        content = _keepable(item)
        # A digest of what can't be kept would tell a person number to whoever tries them all.
        told = Told(
            _own_id(item, fact),
            b"" if content is None else digest,
            Refused("invalid-fact", fact.problem, fact.rule.value),
        )
        return ReadReport(told, content=content)
    assert isinstance(item, dict), "only an object is read as a fact"
    refused = _refuse_sender(fact, sender)
    if refused is not None:
        told = Told(fact.report_id, digest, refused, fact=fact.fact)
        return ReadReport(told, fact, item)
    return _understood(fact, digest, item, sender)


def _own_id(item: object, refused: RefusedFact) -> str | None:
    """The report id of something unreadable; a number is no id, though it is shown as one."""
    given = item.get("report_id") if isinstance(item, dict) else None
    return refused.report_id if isinstance(given, str) else None


def read_parked(content: Mapping[str, object], placement: str) -> ReadReport:
    """Read again a report that was kept while it waited for the start of its placement."""
    text = _canonical(content)
    fact = parse_reported_fact(text.encode())
    assert not isinstance(fact, RefusedFact), "only what could be read waits"
    return _meaning(fact, hashlib.sha256(text.encode()).digest(), content, {"placement": placement})


def _refuse_sender(fact: ReportedFact, sender: Sender) -> Refused | None:
    if isinstance(fact, PlacementReport):
        refused = senders.refuse_placement(sender, fact.placement)
        if refused is None and isinstance(fact, ReportedPlacementStarted):
            return senders.refuse_employer(sender, fact.employer)
        return refused
    return senders.refuse_person_facts(sender)


def _understood(
    fact: ReportedFact, digest: bytes, content: Mapping[str, object], sender: Sender
) -> ReadReport:
    if not isinstance(fact, PlacementReport):
        return _meaning(fact, digest, content, {})
    placement = senders.whole_id(fact.placement, owner=sender.name)
    ids = {"placement": placement}
    if isinstance(fact, ReportedPlacementStarted) and fact.continues is not None:
        ids["continues"] = senders.whole_id(fact.continues, owner=senders.owner_of(placement))
    return _meaning(fact, digest, content, ids)


def _meaning(
    fact: ReportedFact, digest: bytes, content: Mapping[str, object], ids: Mapping[str, str]
) -> ReadReport:
    meant = fact.model_dump(mode="json", exclude={"report_id"}, exclude_none=True) | dict(ids)
    told = Told(
        fact.report_id,
        digest,
        fact=fact.fact,
        meaning=hashlib.sha256(_canonical(meant).encode()).digest(),
        placement=ids.get("placement"),
        period=_period(fact),
        true_on=_true_on(fact),
    )
    if isinstance(fact, ReportedPlacementStarted):
        told = replace(told, person=fact.person)
    elif isinstance(fact, ReportedPersonCorrected):
        told = replace(told, person=fact.person, corrections=_corrections(fact))
    return ReadReport(told, fact, content, ids)


def _corrections(fact: ReportedPersonCorrected) -> PersonFields:
    return PersonFields(fact.category, fact.permit_granted_on, fact.born_on, fact.resident_since)


def _period(fact: ReportedFact) -> Period | None:
    if isinstance(fact, ReportedEmploymentConfirmed | ReportedLeaveRecorded):
        return Period(fact.first_day, fact.last_day)
    return None


def _true_on(fact: ReportedFact) -> date | None:
    """The day from which the fact could be told; a correction or an annulment has none."""
    match fact:
        case ReportedPlacementStarted():
            return fact.contract_signed_on or fact.started_on
        case ReportedEmploymentConfirmed() | ReportedLeaveRecorded() | ReportedPlacementEnded():
            return fact.last_day
        case ReportedCourseCompleted():
            return fact.certificate_issued_on
        case _:
            return None


def _canonical(item: object) -> str:
    """The same text for the same JSON; a field that is null is as absent."""
    if isinstance(item, Mapping):
        item = {name: value for name, value in item.items() if value is not None}
    return json.dumps(item, sort_keys=True, separators=(",", ":"))


def _keepable(item: object) -> Mapping[str, object] | None:
    """What was sent, unless there may be a person number in it or PostgreSQL can't hold it."""
    if not isinstance(item, dict):
        return None
    text = json.dumps(item, ensure_ascii=False)
    if _UNSTORABLE.search(text) or contains_person_number(text):
        return None
    return item
