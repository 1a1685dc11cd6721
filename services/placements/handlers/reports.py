"""What senders tell is weighed fact by fact, kept, published and answered, all in one work.

A batch costs the same few statements however many facts it holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.placements.domain.door import Decided, Known, decide
from services.placements.domain.reports import (
    Accepted,
    Duplicate,
    Outcome,
    OutcomeWord,
    Refused,
    Repeated,
    Told,
    is_late,
)
from services.placements.domain.senders import Sender, municipality_named
from services.placements.handlers.reading import ReadReport, read_parked, read_report
from services.placements.store import persons as person_store
from services.placements.store import reports as store
from services.placements.store.reports import NewReport, ParkedRow, outcome_word
from shared.contracts.reports import ReportReceipt
from shared.messaging.work import Cause, Work


@dataclass(frozen=True, slots=True)
class Answer:
    """What a sender is told about one report."""

    report_id: str | None
    outcome: OutcomeWord
    refused: Refused | None


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A report kept in an earlier work, and the report it was read as."""

    row: ParkedRow
    read: ReadReport


async def report(work: Work, sender: Sender, items: Sequence[object]) -> tuple[Answer, ...]:
    """Take in what the sender tells, in its order; one answer per item.

    All or nothing per fact: a fact is kept and published, or it is refused and says why. Waits for
    earlier batches of the sender, and for others who tell of the same placements or persons.
    """
    reports = [read_report(item, sender) for item in items]
    await store.lock_sender(work.connection, sender.name)
    known, waiting = await _look_around(work, sender, reports)
    decided = decide([each.told for each in reports], known, work.now)
    await _keep(work, sender, reports, decided, waiting)
    causes = _publish_facts(work, reports, decided, waiting)
    answers = tuple(
        _answer(each.told, outcome) for each, outcome in zip(reports, decided.outcomes, strict=True)
    )
    _publish_late_receipts(work, decided, waiting, causes)
    _publish_receipts(work, sender, reports, answers, causes)
    return answers


async def _look_around(
    work: Work, sender: Sender, reports: Sequence[ReadReport]
) -> tuple[Known, dict[Told, _Waiting]]:
    """Read and lock everything the reports touch, placements before persons, each in order."""
    report_ids = {each.told.report_id for each in reports if each.told.report_id is not None}
    outcomes = await store.find_outcomes(work.connection, sender.name, report_ids)
    fresh = [
        each.told
        for each in reports
        if each.told.refused is None and each.told.report_id not in outcomes
    ]
    if not fresh:
        return Known(outcomes, {}, {}, {}, {}), {}
    placements = await store.lock_placements(
        work.connection, {told.placement for told in fresh if told.placement is not None}
    )
    waiting = await _list_waiting(work, fresh, placements)
    parked: dict[str, list[Told]] = {}
    for told, waited in waiting.items():
        parked.setdefault(waited.row.placement, []).append(told)
    named = {told.person for told in fresh if told.person is not None}
    persons = await person_store.lock_persons(work.connection, named | set(placements.values()))
    things = {told.thing for told in [*fresh, *waiting]}
    counted = await store.list_counted(
        work.connection, {(person, thing) for person in persons for thing in things}
    )
    return Known(outcomes, placements, parked, persons, counted), waiting


async def _list_waiting(
    work: Work, fresh: Iterable[Told], placements: Mapping[str, str]
) -> dict[Told, _Waiting]:
    """What waits for a start that is told now, in the order it was told."""
    started = {
        told.placement
        for told in fresh
        if told.fact == "PlacementStarted" and told.placement and told.placement not in placements
    }
    if not started:
        return {}
    waiting = [
        _Waiting(row, read_parked(row.content, row.placement))
        for row in await store.list_parked(work.connection, started)
    ]
    return {each.read.told: each for each in waiting}


async def _keep(
    work: Work,
    sender: Sender,
    reports: Sequence[ReadReport],
    decided: Decided,
    waiting: Mapping[Told, _Waiting],
) -> None:
    new = [
        NewReport(each.told, outcome, each.content, _is_late(work, each.told, outcome))
        for each, outcome in zip(reports, decided.outcomes, strict=True)
        if not isinstance(outcome, Repeated)
    ]
    if new:
        await store.insert_reports(work.connection, sender.name, new, received_at=work.now)
    if decided.released:
        released = {waiting[told].row.position: (told, after) for told, after in decided.released}
        await store.save_released(work.connection, released)
    if decided.placements:
        await store.save_placements(work.connection, decided.placements)
    if decided.persons:
        await person_store.save_persons(work.connection, decided.persons)


def _is_late(work: Work, told: Told, outcome: Outcome) -> bool:
    """A fact that counts, or will, and came late; telling it once more is not late."""
    return not isinstance(outcome, Refused | Duplicate) and is_late(told.true_on, work.today)


def _publish_facts(
    work: Work,
    reports: Sequence[ReadReport],
    decided: Decided,
    waiting: Mapping[Told, _Waiting],
) -> dict[Told, Cause]:
    """Publish what counts from now on; the events, as causes of the receipts for them."""
    read = {each.told: each for each in reports} | {
        told: waited.read for told, waited in waiting.items()
    }
    causes = {}
    for told, accepted in decided.published:
        event_id = work.publish(read[told].to_event(accepted.person), occurred_at=accepted.stamp)
        causes[told] = Cause(event_id, correlation_id=event_id)
    return causes


def _publish_receipts(
    work: Work,
    sender: Sender,
    reports: Sequence[ReadReport],
    answers: Sequence[Answer],
    causes: Mapping[Told, Cause],
) -> None:
    """Tell a municipality on its own topic what it is told in the answer."""
    for each, answer in zip(reports, answers, strict=True):
        if sender.municipality is not None and answer.report_id is not None:
            _publish_receipt(work, sender.municipality, answer, causes.get(each.told))


def _publish_late_receipts(
    work: Work,
    decided: Decided,
    waiting: Mapping[Told, _Waiting],
    causes: Mapping[Told, Cause],
) -> None:
    """Tell municipalities whose reports waited what has become of them."""
    for told, outcome in decided.released:
        municipality = municipality_named(waiting[told].row.sender)
        if municipality is not None:
            _publish_receipt(work, municipality, _answer(told, outcome), causes.get(told))


def _publish_receipt(work: Work, municipality: str, answer: Answer, cause: Cause | None) -> None:
    assert answer.report_id is not None, "a receipt names the report"
    receipt = ReportReceipt(
        municipality=municipality,
        report_id=answer.report_id,
        outcome=answer.outcome,
        problem=answer.refused.detail if answer.refused else None,
        code=answer.refused.code if answer.refused else None,
    )
    work.publish(receipt, cause=cause)


def _answer(told: Told, outcome: Outcome | Repeated) -> Answer:
    """What the sender is told; of a report told before, what has become of it.

    One that was refused is refused again, one that waits still waits, and one that counts is a
    duplicate.
    """
    if isinstance(outcome, Repeated):
        first = outcome.first
        outcome = Duplicate() if isinstance(first, Accepted) else first
    refused = outcome if isinstance(outcome, Refused) else None
    return Answer(told.report_id, outcome_word(outcome), refused)
