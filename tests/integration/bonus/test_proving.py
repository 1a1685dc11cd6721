"""What is changed behind the ledger's back is seen: by its chain, or by a replay of the facts."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from services.bonus.handlers import proving
from services.bonus.handlers.proving import Verdict
from shared.database import Database
from shared.runtime.clock import SimulatedClock
from tests.integration.bonus.finance import ordered
from tests.integration.bonus.office import Office

CHECKOUT = Path(__file__).parents[3]
LINKS = 6 + 6 + 5
"""Six months of two instalments; then one decided and released, ordered, paid and claimed."""
FIRST_LINK = """
SELECT min(link.sequence)
  FROM bonus.ledger_link AS link
  JOIN bonus.ledger_entry AS entry USING (entry_id)
 WHERE entry.kind = $1
"""
CUT_OFF = """
DELETE FROM bonus.ledger_link
 WHERE sequence = (SELECT max(sequence) FROM bonus.ledger_link)
"""
WITHOUT_TRIGGERS = "SET LOCAL session_replication_role = replica"


@pytest.fixture
async def superuser(office: Office) -> AsyncIterator[Database]:
    """Somebody who may do anything to the tables."""
    url = office.system.database.superuser_url
    database = await Database.connect(url, application_name="test")
    yield database
    await database.close()


@pytest.fixture
async def sealed(office: Office) -> Office:
    """An office whose ledger holds what is accrued, decided, ordered, paid and claimed."""
    finance, payout = await ordered(office)
    await finance.settle(payout, 20_500)
    await proving.link_entries(office.system.system.context("bonus"))
    return office


async def tamper(superuser: Database, statement: str) -> None:
    async with superuser.transaction() as connection:
        await connection.execute(WITHOUT_TRIGGERS)
        await connection.execute(statement)


async def place(office: Office, kind: str) -> int:
    """Where in the chain the first entry of the kind stands."""
    async with office.owner.connection() as connection:
        return int(await connection.fetchval(FIRST_LINK, kind))


async def verdict(office: Office, *, later: timedelta = timedelta()) -> Verdict:
    """What is found so much later, by a clock of our own: the office's timers would seal by it."""
    clock = SimulatedClock(office.clock.now() + later)
    context = replace(office.system.system.context("bonus"), clock=clock)
    async with context.begin() as work:
        return await proving.verify_chain(work)


async def faults(office: Office) -> dict[str, float]:
    context = office.system.system.context("bonus")
    await proving.check_ledger(context)
    lines = generate_latest(context.metrics.registry).decode().splitlines()
    return {
        line.split('"')[1]: float(line.rsplit(" ", 1)[1])
        for line in lines
        if line.startswith("sammen_ledger_faults{")
    }


async def test_an_untouched_ledger_holds(sealed: Office) -> None:
    found = await verdict(sealed)
    assert (found.links, found.broken_at, found.unlinked) == (LINKS, None, 0)
    assert await faults(sealed) == {"chain": 0, "replay": 0}


def verify(database_url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """`sammen ledger verify`, as the service's own role."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SAMMEN_")}
    address = {"SAMMEN_BONUS_DATABASE_URL": database_url}
    return subprocess.run(
        [sys.executable, "-m", "services", "ledger", "verify"],
        env={**kept, **address, "PYTHONPATH": str(CHECKOUT)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


async def test_the_command_says_whether_the_chain_holds_and_where_it_ends(
    sealed: Office, superuser: Database, tmp_path: Path
) -> None:
    head = (await verdict(sealed)).head
    database_url = sealed.system.database.url("sammen_bonus")
    whole = await asyncio.to_thread(verify, database_url, tmp_path)
    assert whole.stdout.splitlines() == [f"The chain of {LINKS} entries holds.", f"head {head}"]
    await tamper(superuser, "DELETE FROM bonus.ledger_posting WHERE account = 'payouts_paid'")
    broken = await asyncio.to_thread(verify, database_url, tmp_path)
    assert f"breaks at link {await place(sealed, 'payout_settled')}" in broken.stdout
    assert (whole.returncode, broken.returncode) == (0, 3)


async def test_a_ledger_that_could_not_be_looked_at_is_not_called_broken(tmp_path: Path) -> None:
    nowhere = "postgresql://sammen_bonus@127.0.0.1:1/sammen"
    outcome = await asyncio.to_thread(verify, nowhere, tmp_path)
    assert (outcome.returncode, outcome.stdout) == (1, "")


async def test_sealing_again_adds_only_what_is_new(sealed: Office) -> None:
    before = await verdict(sealed)
    await proving.link_entries(sealed.system.system.context("bonus"))
    assert await verdict(sealed) == before


@pytest.mark.parametrize(
    ("statement", "broken_at"),
    [
        (
            "UPDATE bonus.ledger_posting SET amount_ore = amount_ore + sign(amount_ore)",
            "bonus_accrued",
        ),
        (
            "UPDATE bonus.ledger_entry SET kind = 'payout_returned' WHERE kind = 'payout_settled'",
            "payout_settled",
        ),
        ("DELETE FROM bonus.ledger_posting WHERE account = 'payouts_paid'", "payout_settled"),
        (
            "DELETE FROM bonus.ledger_link WHERE entry_id IN (SELECT entry_id"
            " FROM bonus.ledger_entry WHERE kind = 'payout_ordered')",
            "payout_ordered",
        ),
        ("DELETE FROM bonus.ledger_entry WHERE kind = 'payout_ordered'", "payout_ordered"),
    ],
)
async def test_a_change_to_the_past_breaks_the_chain(
    sealed: Office, superuser: Database, statement: str, broken_at: str
) -> None:
    first = await place(sealed, broken_at)
    await tamper(superuser, statement)
    assert (await verdict(sealed)).broken_at == first
    assert (await faults(sealed))["chain"] == 1


async def test_entries_cut_off_the_end_are_missed(sealed: Office, superuser: Database) -> None:
    await tamper(superuser, CUT_OFF)
    assert (await verdict(sealed)).holds
    found = await verdict(sealed, later=proving.UNLINKED_MAX * 2)
    assert (found.holds, found.unlinked) == (False, 1)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE bonus.instalment SET amount_ore = 1500000 WHERE milestone = 'M6'",
        "DELETE FROM bonus.fact WHERE name = 'PlacementStarted'",
        "UPDATE bonus.payout SET settled_ore = settled_ore + 1",
        "UPDATE bonus.repayment_claim SET amount_ore = amount_ore + 1",
        "UPDATE bonus.ledger_posting SET amount_ore = 2 * amount_ore",
        "UPDATE bonus.ledger_posting SET amount_ore = 2 * amount_ore"
        " WHERE account IN ('bonus_accrued', 'accrued_contra')",
        "UPDATE bonus.instalment SET accrued_ore = accrued_ore + 1 WHERE status = 'PENDING'",
    ],
)
async def test_a_replay_sees_what_the_facts_do_not_give(
    sealed: Office, superuser: Database, statement: str
) -> None:
    await tamper(superuser, statement)
    assert (await faults(sealed))["replay"] == 1
