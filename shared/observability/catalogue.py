"""Every metric of Sammen, declared once: the function's name is the metric's, its keyword
arguments are the labels, its docstring is the help text and says who moves it.

Labels come from fixed sets only: names of services, consumers, event types, topics, routes,
templates, rules and outcomes. Never a company, a person, a placement, an address or a text of
somebody's.
"""

from __future__ import annotations

from typing import Literal

Consumed = Literal["handled", "duplicate", "dead", "parked", "unknown_type", "malformed", "erased"]
"""What became of one record at one consumer."""

BatchStep = Literal[
    "fetch", "decode", "inbox", "load", "decide", "write", "commit", "offsets", "pause"
]
"""What a consumer is busy with: waiting for records that are there (fetch), reading them (decode),
claiming their ids (inbox), the handler's own three (load, decide, write), the database's commit
and the bus's (offsets), and waiting before a batch is tried again (pause).
"""

Relayed = Literal["published", "retried", "refused"]
"""What became of one outbox row at one attempt of the relay."""

Retried = Literal["unavailable", "contention", "unknown", "bus"]
"""Why something is tried again: database away, lock lost, not classified, bus away."""

TimerRun = Literal["done", "failed"]
"""How one tick of a timer ended."""

MailOutcome = Literal["sent", "failed", "retried"]
"""What became of one mail at one attempt."""

ReportOutcome = Literal["accepted", "duplicate", "parked", "refused"]
"""What the placements door answered to one fact."""

ReportDoor = Literal["http", "file", "bus"]
"""Which door a reported fact came through."""

LedgerCheck = Literal["chain", "replay"]
"""How the ledger is proved: by its chain of hashes, and by a replay of all facts."""

ShadowOutcome = Literal["same", "different", "failed", "unreadable"]
"""What the shadow rules made of one assessment: the rules in force agree, differ, or a fault was
raised; or, of one look, that the folder holds no rules that can be read."""

KeyOutcome = Literal["first", "replayed", "mismatch", "in_flight"]
"""What an Idempotency-Key led to."""

Denial = Literal["no_token", "bad_token", "wrong_role", "issuer_unreachable", "forged_form"]
"""Why a caller was turned away."""


def events_published(*, service: str, event_type: str) -> None:
    """Events the bus has acknowledged. Moved by the relay."""


def events_consumed(*, service: str, consumer: str, event_type: str, outcome: Consumed) -> None:
    """Records read from the bus, by what became of them. Moved by the consumer after commit."""


def consumer_batch_events(*, service: str, consumer: str) -> None:
    """Records per batch. Moved by the consumer after commit."""


def consumer_batch_seconds(*, service: str, consumer: str) -> None:
    """Seconds from receiving a batch to its commit. Moved by the consumer."""


def consumer_step_seconds(*, service: str, consumer: str, step: BatchStep) -> None:
    """Seconds spent on each step of the batches. Moved by the consumer as each step ends."""


def consumer_rebalances(*, service: str, consumer: str) -> None:
    """Times the group's partitions were given out anew. Moved by the watchdog's look."""


def inbox_duplicates(*, service: str, consumer: str) -> None:
    """Events dropped because the inbox knew their id. Moved by the consumer after commit."""


def dead_letters(*, service: str, reason: str) -> None:
    """Dead letters written, by reason code. Moved by the consumer after commit."""


def dead_letters_open(*, service: str, state: str) -> None:
    """Dead letters nobody has replayed or discarded yet. Set by the relay's look at the tables."""


def outbox_waiting_rows(*, service: str) -> None:
    """Outbox rows not yet acknowledged by the bus. Set by the relay."""


def outbox_oldest_age_seconds(*, service: str) -> None:
    """Age of the oldest outbox row not yet acknowledged, 0 when there is none. Set by the relay."""


def relay_rows(*, service: str, outcome: Relayed) -> None:
    """Outbox rows tried, by outcome. Moved by the relay."""


def relay_batch_seconds(*, service: str) -> None:
    """Seconds from having listed outbox rows to having sent them all. Moved by the relay."""


def producer_rebuilds(*, service: str) -> None:
    """Producers thrown away after a failure and made anew. Moved by the relay's look at the bus."""


def relay_active(*, service: str) -> None:
    """1 when this process holds the service's relay, 0 when it stands by. Set by the relay."""


def consumer_lag_records(*, service: str, consumer: str, topic: str, partition: str) -> None:
    """Records not yet consumed. Set by the watchdog's look at the positions."""


def consumer_last_progress_timestamp_seconds(
    *, service: str, consumer: str, topic: str, partition: str
) -> None:
    """When the position last moved, or was last seen without lag. Set by the watchdog."""


def retries(*, service: str, kind: Retried) -> None:
    """Work tried again, by kind of fault. Moved by consumers, relays and timers."""


def timer_runs(*, service: str, timer: str, outcome: TimerRun) -> None:
    """Ticks of timers, by outcome. Moved by the timers."""


def timer_last_success_timestamp_seconds(*, service: str, timer: str) -> None:
    """When this process last ended a tick of the timer well. Set by the timers."""


def http_requests(*, method: str, route: str, status: str) -> None:
    """HTTP answers, by route template. Moved by the web application."""


def http_request_seconds(*, method: str, route: str) -> None:
    """Seconds from request to answer. Moved by the web application."""


def idempotency_keys(*, outcome: KeyOutcome) -> None:
    """Requests with an Idempotency-Key, by what the key led to. Moved by the web application."""


def access_denied(*, reason: Denial) -> None:
    """Callers turned away. Moved by the web application."""


def person_lookups(*, role: str) -> None:
    """Look-ups in the person vault, by role of the caller. Moved by placements."""


def reports(*, door: ReportDoor, outcome: ReportOutcome) -> None:
    """Facts reported, by what the door answered. Moved by placements."""


def mails(*, template: str, outcome: MailOutcome) -> None:
    """Mails by template and outcome. Moved by notifications."""


def notices_waiting() -> None:
    """Notices waiting for a contact or for their next attempt. Set by notifications."""


def ledger_faults(*, check: LedgerCheck) -> None:
    """Faults found by the last look at the ledger, 0 when it holds. Set by bonus once a day."""


def shadow_assessments(*, outcome: ShadowOutcome) -> None:
    """Assessments made again by the shadow rules, by what came out. Moved by bonus."""


def component_failures(*, component: str) -> None:
    """Components that failed for good; the process ends after one. Moved by the runtime."""


def ready() -> None:
    """1 when /health/ready says yes, else 0. Set at every look at readiness."""
