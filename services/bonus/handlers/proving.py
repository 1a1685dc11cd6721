"""Proof that the ledger is what it was, and what the facts say: by its chain, and by a replay."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from services.bonus.domain.accrual import accrued_by
from services.bonus.domain.balances import expected_balances
from services.bonus.domain.differences import differences
from services.bonus.domain.payouts import Money, steps
from services.bonus.domain.postings import Account
from services.bonus.handlers.assessing import assess_known, load_facts
from services.bonus.handlers.paying import load_money
from services.bonus.handlers.rounds import open_round, take_part
from services.bonus.store import cases, chain
from services.bonus.store.cases import StoredInstalment
from services.bonus.store.facts import LockedPerson
from shared.messaging.work import Work
from shared.observability.logs import Log
from shared.runtime.service import ServiceContext

LOG = Log(__name__)

BEGINNING: Final = bytes(32)
"""What stands before the first link."""
PAGE_LINKS: Final = 2_000
UNLINKED_MAX: Final = timedelta(hours=3)
"""An entry older than this must be sealed: the timer that seals runs every hour."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a look at the whole chain."""

    links: int
    head: str
    """The last link's hash: noted elsewhere, it proves that nothing before it was changed."""
    broken_at: int | None
    """The first place where the chain does not hold."""
    unlinked: int
    """Entries that should have been sealed and are not."""

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return self.broken_at is None and not self.unlinked


def seal(before: bytes, content: str) -> bytes:
    """The hash of a link: SHA-256 of the hash before it and of the entry's content."""
    return hashlib.sha256(before + content.encode()).digest()


async def link_entries(context: ServiceContext) -> None:
    """Seal every entry that is not sealed yet, in the order of their positions."""
    linked = PAGE_LINKS
    while linked == PAGE_LINKS:
        async with context.begin() as work:
            linked = await _link_page(work)


async def _link_page(work: Work) -> int:
    found = await chain.list_unlinked(work.connection, limit=PAGE_LINKS)
    sequence, hash_before = await chain.find_head(work.connection) or (0, BEGINNING)
    links = []
    for place, (entry, content) in enumerate(found, start=sequence + 1):
        hash_before = seal(hash_before, content)
        links.append((place, entry, hash_before))
    if links:
        await chain.insert_links(work.connection, links, linked_at=work.now)
    return len(links)


async def verify_chain(work: Work) -> Verdict:
    """Compute every hash anew, from the first link on."""
    expected, hash_before = 0, BEGINNING
    while page := await chain.list_links(work.connection, after=expected, limit=PAGE_LINKS):
        for link in page:
            expected += 1
            if link.sequence != expected or link.hash != seal(hash_before, link.content):
                return Verdict(expected, link.hash.hex(), expected, 0)
            hash_before = link.hash
    unlinked = await chain.count_unlinked(work.connection, entered_before=work.now - UNLINKED_MAX)
    return Verdict(expected, hash_before.hex(), None, unlinked)


async def check_ledger(context: ServiceContext) -> None:
    """Verify the chain and replay every person; what is wrong is a metric and a line in the log."""
    async with context.begin() as work:
        verdict = await verify_chain(work)
    broken = 0 if verdict.holds else max(1, verdict.unlinked)
    differing = await count_differing(context)
    context.metrics.ledger_faults(check="chain").set(broken)
    context.metrics.ledger_faults(check="replay").set(differing)
    if broken or differing:
        LOG.warning(
            "ledger_differs",
            broken_at=verdict.broken_at,
            unlinked=verdict.unlinked,
            persons=differing,
        )


async def count_differing(context: ServiceContext) -> int:
    """Persons whose facts, assessed from nothing, give other instalments, orders, claims or
    balances than are stored. Nothing is changed by looking; a look that was cut off goes on.
    """
    round_id = await open_round(context.begin, "replay")
    return (await take_part(context.begin, round_id, replay)).found


async def replay(work: Work, page: Sequence[LockedPerson]) -> int:
    """For how many of these persons the facts, assessed from nothing, give something else."""
    persons = [each.person for each in page]
    known = await load_facts(work.connection, persons)
    stored = await cases.list_instalments(work.connection, persons)
    instalments = [each.instalment_id for found in stored.values() for each in found]
    held = await load_money(work.connection, instalments)
    balances = await chain.list_balances(work.connection, instalments)
    differing = 0
    for each in page:
        own = stored.get(each.person, [])
        assessment = assess_known(known[each.person], as_of=each.assessed_on or work.today)
        agrees = not differences({line.key: line.line for line in own}, assessment) and all(
            _agrees(line, held[line.instalment_id].money, balances.get(line.instalment_id, {}))
            for line in own
        )
        differing += not agrees
    return differing


def _agrees(instalment: StoredInstalment, money: Money, balances: Mapping[str, int]) -> bool:
    """Whether nothing is left to be done, and every account holds what it must."""
    holds = {Account(name): amount for name, amount in balances.items() if amount}
    accrued = instalment.accrued
    grown = accrued_by(instalment.line, accrued.through) if accrued.through else 0
    expected = expected_balances(instalment.line, money, grown)
    return not steps(money, instalment.line) and holds == expected and accrued.amount_ore == grown
