"""The oracle: what differs between what came of it and what should have, and what that is called.

Pure: from evidence to findings. How facts fell into batches may differ between two runs, and with
it which intermediate states were ever seen and told; so of what bonus tells the last word counts,
nothing may be told twice running, and every mail must have its own telling.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from tests.chaos.evidence import Event, Evidence
from tests.chaos.tape import TapeRecord

Fault = Literal["lost", "doubled", "out of order", "untrue", "øre off", "different"]
FAULTS: tuple[Fault, ...] = ("lost", "doubled", "out of order", "untrue", "øre off", "different")
STATES_TOLD = {
    "BonusAssessed",
    "BonusInstalmentDue",
    "BonusRefused",
    "BonusUnderReview",
    "PayoutOrdered",
    "BonusAccrued",
}
"""Told of an instalment whenever it becomes another: which of them were told depends on batches."""
VERDICTS = {"BonusInstalmentDue", "BonusRefused", "BonusUnderReview"}
"""Told with an assessment, each at most once."""
MAILED = {"NotificationSent", "NotificationFailed"}
COMPACTED = {"membership.contacts.v1"}

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    fault: Fault
    what: str
    count: int = 1


def judge(actual: Evidence, expected: Evidence) -> list[Finding]:
    """Everything in which a run under faults differs from one without, and from itself."""
    return [
        *compare_counts("fact", actual.facts, expected.facts),
        *compare_counts("event", _lasting(actual.events), _lasting(expected.events)),
        *compare_states("instalment", actual.instalments, expected.instalments),
        *compare_states("told last", _last_told(actual.events), _last_told(expected.events)),
        *compare_states("outcome", actual.outcomes, expected.outcomes),
        *compare_states("figure", actual.figures, expected.figures),
        *compare_balances(actual.balances, expected.balances),
        *compare_balances(_accrued(actual.events), _accrued(expected.events)),
        *accruals_off(actual.events),
        *twice_running(actual.events),
        *ordered_twice(actual.events),
        *due_untold(actual),
        *judge_mails(actual),
        *(Finding("different", f"dead letters: {n}", n) for n in [actual.dead_letters] if n),
    ]


def judge_tape(tape: Sequence[TapeRecord], events: Iterable[Event]) -> list[Finding]:
    """Whether the brokers hold what the outboxes say, in their order, and nothing else.

    The same record again is no fault: whoever sends at least once sends twice at times.
    """
    told = {event.event_id: event for event in events}
    findings: list[Finding] = []
    newest: dict[tuple[str, bytes], int] = {}
    places: dict[tuple[str, bytes], int] = {}
    seen: set[str] = set()
    for record in tape:
        where = f"{record.topic}-{record.partition}@{record.offset} {record.event_id}"
        event = told.get(record.event_id)
        if event is None:
            findings.append(Finding("untrue", f"published, but in no outbox: {where}"))
            continue
        if (event.topic, event.key, event.value) != (record.topic, record.key, record.value):
            findings.append(Finding("different", f"not as its outbox has it: {where}"))
        key = (record.topic, record.key)
        if record.event_id not in seen and event.position < newest.get(key, -1):
            findings.append(Finding("out of order", f"behind a later one of its key: {where}"))
        if places.setdefault(key, record.partition) != record.partition:
            findings.append(Finding("out of order", f"in another partition than its key: {where}"))
        newest[key] = max(newest.get(key, -1), event.position)
        seen.add(record.event_id)
    findings += [
        Finding("lost", f"in the outbox, but not on the brokers: {event.said}")
        for event in told.values()
        if event.event_id not in seen and event.topic not in COMPACTED
    ]
    return findings


def compare_counts(what: str, actual: Counter[str], expected: Counter[str]) -> list[Finding]:
    """What is there less often than it should be is lost, what more often doubled."""
    lost, more = expected - actual, actual - expected
    return [Finding("lost", f"{what} {said}", n) for said, n in lost.items()] + [
        Finding("doubled", f"{what} {said}", n) for said, n in more.items()
    ]


def compare_states(what: str, actual: Mapping[str, V], expected: Mapping[str, V]) -> list[Finding]:
    """What should be in a state is in that state."""
    findings = []
    for name in sorted({*actual, *expected}):
        here, there = actual.get(name), expected.get(name)
        if here != there:
            fault: Fault = "lost" if here is None else "different"
            findings.append(Finding(fault, f"{what} {name}: is {here}, should be {there}"))
    return findings


def compare_balances(actual: Mapping[str, int], expected: Mapping[str, int]) -> list[Finding]:
    """Every øre that is not where it should be; a balance of nothing is none."""
    return [
        Finding("øre off", f"{name}: {difference} øre", abs(difference))
        for name in sorted({*actual, *expected})
        if (difference := actual.get(name, 0) - expected.get(name, 0))
    ]


def twice_running(events: Iterable[Event]) -> list[Finding]:
    """What bonus told of an instalment though nothing had changed since it told the same."""
    findings, last = [], dict[str, str]()
    followed = defaultdict[str, set[str]](set)
    for event in events:
        if event.name not in VERDICTS | {"BonusAssessed"}:
            continue
        instalment = _instalment(event)
        again = event.name in followed[instalment]
        if event.name == "BonusAssessed":
            again = last.get(instalment) == event.said
            last[instalment] = event.said
            followed[instalment].clear()
        if again:
            findings.append(Finding("doubled", f"told twice running: {event.said}"))
        followed[instalment].add(event.name)
    return findings


def ordered_twice(events: Iterable[Event]) -> list[Finding]:
    """Orders to finance that were told more than once: whoever pays each told would pay twice."""
    orders = Counter(
        json.loads(event.value or b"{}")["payout"]
        for event in events
        if event.name == "PayoutOrdered"
    )
    return [Finding("doubled", f"order {order}", n - 1) for order, n in orders.items() if n > 1]


def due_untold(found: Evidence) -> list[Finding]:
    """Instalments that are due in the end, and of which others were not told so, or not to pay.

    Nobody answers the soak's orders, so one that is due was ordered at least once.
    """
    told: dict[str, str] = {}
    ordered = set[str]()
    for event in found.events:
        if event.name in VERDICTS:
            told[_instalment(event)] = f"{event.name} {_content(event).get('amount_ore')}"
        elif event.name == "PayoutOrdered":
            ordered.add(_instalment(event))
    return [
        Finding("lost", f"{what} {instalment}")
        for instalment, amount_ore in found.due.items()
        for what, is_so in (
            (
                "last told that it is due:",
                told.get(instalment) != f"BonusInstalmentDue {amount_ore}",
            ),
            ("order to pay", instalment not in ordered),
        )
        if is_so
    ]


def accruals_off(events: Iterable[Event]) -> list[Finding]:
    """Accruals of an instalment that skip a number, or don't add up to what they say is accrued."""
    findings = []
    last: defaultdict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for event in events:
        if event.name == "BonusAccrued":
            told = _content(event)
            sequence, accrued = last[told["instalment"]]
            now = (int(told["sequence"]), int(told["accrued_ore"]))
            if now != (sequence + 1, accrued + int(told["amount_ore"])):
                findings.append(Finding("untrue", f"does not follow {sequence}: {event.said}"))
            last[told["instalment"]] = now
    return findings


def judge_mails(found: Evidence) -> list[Finding]:
    """Each telling is mailed once to each contact it is for, nothing else is, and all were sent."""
    wanted: Counter[str] = Counter()
    due = {_due_subject(event) for event in found.events if event.name == "BonusInstalmentDue"}
    for cvr, subject in due:
        wanted.update(f"bonus_instalment_due {subject} {to} sent" for to in found.contacts[cvr])
    for cvr, addresses in found.contacts.items():
        welcomed = [to for to in addresses if to.startswith("a@")]
        wanted.update(f"company_joined {cvr} {to} sent" for to in welcomed)
    sent = Counter(event.said for event in found.events if event.name == "NotificationSent")
    doubled = [Finding("doubled", said, n - 1) for said, n in sent.items() if n > 1]
    untold = max(0, sum(found.notices.values()) - sum(sent.values()))
    return [
        *compare_counts("mail", found.notices, wanted),
        *doubled,
        *(Finding("lost", f"mail without file, or the other way: {w}") for w in found.unwritten),
        *(Finding("lost", "mails that nobody was told of", n) for n in [untold] if n),
    ]


def _lasting(events: Iterable[Event]) -> Counter[str]:
    """Events that don't depend on how facts fell into batches."""
    return Counter(e.said for e in events if e.name not in STATES_TOLD | MAILED)


def _last_told(events: Iterable[Event]) -> dict[str, str]:
    return {_instalment(event): event.said for event in events if event.name == "BonusAssessed"}


def _accrued(events: Iterable[Event]) -> dict[str, int]:
    """Øre told last to be accrued, by instalment."""
    told = (_content(event) for event in events if event.name == "BonusAccrued")
    return {f"{each['instalment']} told as accrued": int(each["accrued_ore"]) for each in told}


def _due_subject(event: Event) -> tuple[str, str]:
    content = _content(event)
    return content["employer"], f"{_key(event)}/{content['milestone']}/{content['amount_ore']}"


def _instalment(event: Event) -> str:
    return f"{_key(event)}/{_content(event)['milestone']}"


def _key(event: Event) -> str:
    return event.said.split(" ", 2)[1]


def _content(event: Event) -> dict[str, str]:
    content: dict[str, str] = json.loads(event.said.split(" ", 2)[2])
    return content


def by_fault(findings: Iterable[Finding]) -> dict[Fault, int]:
    """How much of each there is."""
    counted: defaultdict[Fault, int] = defaultdict(int)
    for finding in findings:
        counted[finding.fault] += finding.count
    return {fault: counted[fault] for fault in FAULTS}
