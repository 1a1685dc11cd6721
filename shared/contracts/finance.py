"""What the ministry's finance system answers: paid, rejected, returned. It is an outside party."""

from __future__ import annotations

from typing import ClassVar, Final

from pydantic import Field

from shared.contracts.base import Event
from shared.contracts.fields import Code, Day, Identifier, Ore


class SettlementEvent(Event):
    """An answer about one payout."""

    publisher: ClassVar[str] = "finance"
    topic: ClassVar[str] = "finance.settlements.v1"
    key_field: ClassVar[str] = "payout"

    payout: Identifier = Field(description="Id of the payout, as ordered.")


class PayoutSettled(SettlementEvent):
    """Money has gone out; several for one payout when it is paid in parts."""

    draft: ClassVar[bool] = False

    amount_ore: Ore = Field(description="Amount paid, in øre.")
    settled_on: Day = Field(description="Day on which it was paid.")


class PayoutRejected(SettlementEvent):
    """Finance can't pay; nothing has gone out."""

    draft: ClassVar[bool] = False

    reason: Code = Field(description="Why it can't be paid.")
    rejected_on: Day = Field(description="Day of the rejection.")


class PayoutReturned(SettlementEvent):
    """Money that had gone out has come back."""

    draft: ClassVar[bool] = False

    amount_ore: Ore = Field(description="Amount returned, in øre, not negative.")
    settled_on: Day = Field(description="Day on which it came back.")


EVENTS: Final[tuple[type[Event], ...]] = (PayoutSettled, PayoutRejected, PayoutReturned)
"""Every event of this publisher, in the order of the contract page."""
