"""What came of everything, read from the database, in words that two runs can share.

Ids differ from run to run, so each is replaced by what it stands for: a reference by the made-up
person's number, a case by person, employer and scheme, a notice by what it tells whom.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from shared.database import Connection

UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PUBLISHERS: Final = ("membership", "placements", "bonus", "notifications")

CASES = "SELECT case_id::text, person::text, employer, scheme FROM bonus.bonus_case"
CONTACTS = "SELECT contact, email FROM membership.contact"
FACTS = "SELECT coalesce(person::text, employer) AS who, name, content::text FROM bonus.fact"
INSTALMENTS = """
SELECT case_id::text, milestone, instalment_id::text, due_on, amount_ore, status, reason, missing,
       rule, law
  FROM bonus.instalment
"""
# What is ordered is owed as well: how much of it was ordered already depends on batches.
BALANCES = """
SELECT entry.instalment_id::text,
       replace(posting.account, 'payouts_ordered', 'bonus_payable') AS account,
       sum(posting.amount_ore)::bigint AS ore
  FROM bonus.ledger_posting AS posting
  JOIN bonus.ledger_entry AS entry USING (entry_id)
 GROUP BY entry.instalment_id, replace(posting.account, 'payouts_ordered', 'bonus_payable')
"""
NOTICES = """
SELECT notice.notification, notice.template, notice.subject, contact.email, notice.state
  FROM notifications.notice AS notice
  JOIN notifications.contact AS contact USING (contact)
"""
OUTBOX = (
    "SELECT position, event_id, topic, key, value, headers FROM {schema}.outbox ORDER BY position"
)
DEAD = "SELECT count(*) FROM {schema}.dead_letter"


@dataclass(frozen=True, slots=True)
class Event:
    """One published event: where it lies in its outbox, and what it says in shared words."""

    event_id: str
    publisher: str
    position: int
    topic: str
    key: bytes
    value: bytes | None
    name: str
    said: str


@dataclass
class Evidence:
    """All that the oracle looks at."""

    facts: Counter[str] = field(default_factory=Counter)
    """What bonus knows, each as often as it knows it."""
    instalments: dict[str, str] = field(default_factory=dict)
    due: dict[str, int] = field(default_factory=dict)
    """Øre of each instalment that is to be paid."""
    balances: dict[str, int] = field(default_factory=dict)
    """Øre by instalment and account."""
    events: list[Event] = field(default_factory=list)
    """Everything published, in the order of the outboxes."""
    notices: Counter[str] = field(default_factory=Counter)
    """What was told whom, and how it ended."""
    contacts: dict[str, list[str]] = field(default_factory=dict)
    """Addresses by company."""
    unwritten: list[str] = field(default_factory=list)
    """Mails that are said to be sent and lie in no file, and the other way round."""
    dead_letters: int = 0
    outcomes: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)


class Reader:
    """Reads the evidence of one run."""

    def __init__(self, connection: Connection, persons: Mapping[str, str]) -> None:
        self._connection = connection
        self._names = dict(persons)

    async def read(self, services: Sequence[str], mails: Path) -> Evidence:
        """Everything that lies in the database, and the mails."""
        found = Evidence()
        await self._learn_names()
        for row in await self._connection.fetch(FACTS):
            found.facts[self._say(f"{row['who']} {row['name']} {row['content']}")] += 1
        await self._read_money(found)
        await self._read_notices(found, mails)
        for schema in PUBLISHERS:
            rows = await self._connection.fetch(OUTBOX.format(schema=schema))
            found.events += [self._event(schema, row) for row in rows]
        for schema in services:
            found.dead_letters += await self._connection.fetchval(DEAD.format(schema=schema))
        return found

    async def _learn_names(self) -> None:
        for row in await self._connection.fetch(CASES):
            who = self._names.get(row["person"], "nobody")
            self._names[row["case_id"]] = f"{who}@{row['employer']}/{row['scheme']}"
        for row in await self._connection.fetch(CONTACTS):
            self._names[row["contact"]] = row["email"]

    async def _read_money(self, found: Evidence) -> None:
        for row in await self._connection.fetch(INSTALMENTS):
            name = f"{self._names[row['case_id']]}/{row['milestone']}"
            self._names[row["instalment_id"]] = name
            columns = ("due_on", "amount_ore", "status", "reason", "missing", "rule", "law")
            found.instalments[name] = " ".join(str(row[column]) for column in columns)
            if row["status"] == "DUE":
                found.due[name] = row["amount_ore"]
        for row in await self._connection.fetch(BALANCES):
            found.balances[f"{self._names[row['instalment_id']]} {row['account']}"] = row["ore"]

    async def _read_notices(self, found: Evidence, mails: Path) -> None:
        for row in await self._connection.fetch("SELECT cvr, email FROM notifications.contact"):
            found.contacts.setdefault(row["cvr"], []).append(row["email"])
        files = _stems(mails)
        for row in await self._connection.fetch(NOTICES):
            said = self._say(f"{row['template']} {row['subject']} {row['email']}")
            found.notices[f"{said} {row['state']}"] += 1
            self._names[row["notification"]] = said
            if (row["state"] == "sent") != (row["notification"] in files):
                found.unwritten.append(said)
            files.discard(row["notification"])
        found.unwritten += sorted(files)

    def _event(self, publisher: str, row: Any) -> Event:  # noqa: ANN401 # a row
        headers = dict(json.loads(row["headers"]))
        name = str(headers.get("ce_type", "erasure")).split(".")[-2]
        said = self._say(f"{name} {row['key'].decode()} {(row['value'] or b'').decode()}")
        return Event(
            row["event_id"],
            publisher,
            row["position"],
            row["topic"],
            row["key"],
            row["value"],
            name,
            said,
        )

    def _say(self, text: str) -> str:
        """The text with every id replaced by what it stands for."""
        return UUID.sub(lambda found: self._names.get(found.group(), "?"), text)


def _stems(mails: Path) -> set[str]:
    return {each.stem for each in mails.glob("*.eml")}
