"""Finance, answering to what bonus has ordered, and a look at orders, claims and accounts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from services.bonus.handlers import settling
from shared.contracts.envelope import new_event_id
from shared.contracts.finance import PayoutRejected, PayoutReturned, PayoutSettled
from tests.integration.bonus.office import HALF_YEAR, Office, hired, person, private, received
from tests.integration.bonus.test_assessing import apply

PAYOUTS = """
SELECT payout_id::text, amount_ore / 100 AS kroner
  FROM bonus.payout
 ORDER BY ordered_at, number
"""
CLAIMS = "SELECT claim_id::text, state, amount_ore / 100, reason FROM bonus.repayment_claim"
REMARKS = "SELECT remark FROM bonus.payout_answer ORDER BY heard_at, told_at"
ORDERED = """
SELECT convert_from(value, 'UTF8')::jsonb::text AS value
  FROM bonus.outbox
 WHERE headers::text LIKE '%.PayoutOrdered.v1%'
 ORDER BY position
"""
EXPENSE, PAYABLE, ORDERED_ACCOUNT = "bonus_expense", "bonus_payable", "payouts_ordered"
PAID, CLAIMED = "payouts_paid", "repayments_claimed"
RECOVERED, WAIVED = "repayments_recovered", "repayments_waived"


@dataclass(frozen=True)
class Finance:
    """Finance, as an office hears of it."""

    office: Office

    async def settle(self, payout: str, kroner: float, event_id: str | None = None) -> None:
        """Pay so much of an order today."""
        event = PayoutSettled(payout=payout, amount_ore=round(kroner * 100), settled_on=self._today)
        await self.tell(event, event_id=event_id)

    async def reject(self, payout: str) -> None:
        """Say that an order can't be paid."""
        await self.tell(PayoutRejected(payout=payout, reason="no_account", rejected_on=self._today))

    async def give_back(self, payout: str, kroner: int) -> None:
        """Say that so much has come back."""
        await self.tell(
            PayoutReturned(payout=payout, amount_ore=kroner * 100, settled_on=self._today)
        )

    async def tell(
        self,
        *events: PayoutSettled | PayoutRejected | PayoutReturned,
        event_id: str | None = None,
    ) -> None:
        """Answer now, in one batch."""
        now = self.office.clock.now()
        told = [
            received(event, now + timedelta(microseconds=number), event_id or new_event_id())
            for number, event in enumerate(events)
        ]
        async with self.office.system.system.context("bonus").begin() as work:
            await settling.on_settlements(work, told)

    async def orders(self) -> list[tuple[str, int]]:
        """Id and kroner of everything ordered, oldest first."""
        return [(row[0], row[1]) for row in await self.rows(PAYOUTS)]

    async def claims(self) -> list[tuple[str, int, str]]:
        """State, kroner and reason of every claim."""
        return [tuple(row)[1:] for row in await self.rows(CLAIMS)]

    async def claim(self) -> str:
        """Id of the one claim there is."""
        [row] = await self.rows(CLAIMS)
        return str(row[0])

    async def remarks(self) -> list[str]:
        """How each answer fitted its order."""
        return [row[0] for row in await self.rows(REMARKS)]

    async def told(self) -> list[dict[str, Any]]:
        """What was told of orders."""
        return [json.loads(row[0]) for row in await self.rows(ORDERED)]

    async def rows(self, query: str) -> Sequence[Any]:
        """What the query finds."""
        async with self.office.owner.connection() as connection:
            found: Sequence[Any] = await connection.fetch(query)
            return found

    @property
    def _today(self) -> Any:  # noqa: ANN401 # a date
        return self.office.clock.now().date()


async def ordered(office: Office) -> tuple[Finance, str]:
    """A case whose first instalment, 20,000 kroner, is due and ordered on 2 March 2017."""
    await office.hear(private(), person(), hired(), HALF_YEAR)
    await office.advance_to("2017-03-02")
    assert (await apply(office.system))["status"] == "DUE"
    finance = Finance(office)
    [(payout, kroner)] = await finance.orders()
    assert kroner == 20_000
    return finance, payout
