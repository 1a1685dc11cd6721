"""The same accepted facts, in any order and any number of times, through the whole chain."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from email.parser import BytesParser
from email.policy import SMTP
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.bonus.service import SERVICE as BONUS
from services.membership.service import SERVICE as MEMBERSHIP
from services.notifications.service import SERVICE as NOTIFICATIONS
from services.placements.service import SERVICE as PLACEMENTS
from shared.database import Database
from shared.messaging.embedded import EmbeddedTransport
from shared.messaging.transport import OutgoingRecord
from shared.runtime.clock import SimulatedClock
from tests.simulation.histories import Chapter, Ids, chapters, history, records
from tests.support.clock import clock_at
from tests.support.services import StartSystem, SystemUnderTest

INSTALMENTS = """
SELECT instalment.milestone, instalment.due_on, instalment.amount_ore, instalment.status,
       instalment.reason, instalment.missing,
       (SELECT coalesce(sum(posting.amount_ore), 0)
          FROM bonus.ledger_posting AS posting
          JOIN bonus.ledger_entry AS entry USING (entry_id)
         WHERE entry.instalment_id = instalment.instalment_id
           AND posting.account = 'bonus_expense') AS expense_ore
  FROM bonus.instalment AS instalment
 WHERE instalment.person = $1
 ORDER BY instalment.milestone
"""
EXAMPLES = 25


@dataclass
class Chain:
    """Bonus and notifications at work, and the bus as the other two services write to it."""

    system: SystemUnderTest
    buses: dict[str, EmbeddedTransport]
    owner: Database
    clock: SimulatedClock
    folder: Path

    async def deliver(
        self, sent: Sequence[OutgoingRecord], ids: Ids, *, applied_after: int
    ) -> None:
        """Publish the records in this order, and apply for both instalments once so many lie there.

        A placement that bonus has not heard of by then is applied for when all is told.
        """
        await self._publish(sent[:applied_after])
        early = await self._apply(ids)
        await self._publish(sent[applied_after:])
        assert early or await self._apply(ids)
        self.clock.advance_to(self.clock.now() + timedelta(minutes=1))
        await self.system.settled()

    async def _publish(self, sent: Sequence[OutgoingRecord]) -> None:
        for record in sent:
            await self.buses[record.topic.partition(".")[0]].publish([record])
        await self.system.settled()

    async def _apply(self, ids: Ids) -> bool:
        """Apply for both instalments; False when the placement isn't known yet."""
        async with self.system.client("company", cvr=ids.employer) as company:
            answers = [
                await company.post(
                    "/bonus/v1/applications",
                    json={"placement": ids.placement, "milestone": milestone},
                )
                for milestone in ("M6", "M12")
            ]
        return [answer.status_code for answer in answers] == [201, 201]

    async def outcome(self, ids: Ids) -> list[dict[str, Any]]:
        """The instalments and what stands in the ledger for each."""
        async with self.owner.connection() as connection:
            rows = await connection.fetch(INSTALMENTS, ids.person)
        return [dict(row) for row in rows]

    def mails(self, ids: Ids) -> Counter[str]:
        """Mails to the company's contact: how many there are of each content."""
        written = [BytesParser(policy=SMTP).parsebytes(f.read_bytes()) for f in self.written()]
        return Counter(
            f"{mail['Subject']}\n{mail.get_content()}"
            for mail in written
            if mail["To"] == ids.address
        )

    def written(self) -> list[Path]:
        """Every mail there is."""
        return list(self.folder.glob("*.eml"))


@pytest.fixture
async def chain(start_system: StartSystem, tmp_path: Path) -> AsyncIterator[Chain]:
    clock = clock_at("2018-06-01T09:00")
    system = await start_system(
        MEMBERSHIP,
        PLACEMENTS,
        BONUS,
        NOTIFICATIONS,
        clock=clock,
        smtp_url=f"file://{tmp_path}",
    )
    async with AsyncExitStack() as stack:
        buses = {}
        for publisher in ("membership", "placements"):
            bus = EmbeddedTransport(system.database.url(f"sammen_{publisher}"))
            await bus.start()
            stack.push_async_callback(bus.close)
            buses[publisher] = bus
        owner = await Database.connect(system.database.owner_url, application_name="test")
        stack.push_async_callback(owner.close)
        yield Chain(system, buses, owner, clock, tmp_path)


@settings(
    max_examples=EXAMPLES,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    told=chapters,
    repeated=st.integers(0, 6),
    applied_after=st.integers(0, 18),
    seed=st.integers(0, 2**32),
)
async def test_order_and_repetition_change_neither_instalments_nor_ledger_nor_mails(
    chain: Chain, told: list[Chapter], repeated: int, applied_after: int, seed: int
) -> None:
    in_order, at_random, shuffle = Ids(), Ids(), Random(seed)  # noqa: S311 # no secret
    straight = records(history(told, in_order))
    await chain.deliver(straight, in_order, applied_after=len(straight))
    shuffled = records(history(told, at_random))
    shuffled += [shuffle.choice(shuffled) for _ in range(repeated)]
    shuffle.shuffle(shuffled)
    await chain.deliver(shuffled, at_random, applied_after=applied_after)
    assert await chain.outcome(in_order) == await chain.outcome(at_random)
    for ids in (in_order, at_random):
        assert set(chain.mails(ids).values()) == {1}
