"""What the ledger must hold for an instalment, given its line and what happened to its money."""

from __future__ import annotations

from services.bonus.domain.differences import Line
from services.bonus.domain.payouts import Money
from services.bonus.domain.postings import Account


def expected_balances(line: Line, money: Money, accrued_ore: int = 0) -> dict[Account, int]:
    """The balance of each account in øre, empty ones left out; together they come to nothing."""
    balances = {
        Account.BONUS_EXPENSE: line.entitled_ore,
        Account.PAYOUTS_ORDERED: -sum(each.open_ore for each in money.payouts),
        Account.PAYOUTS_PAID: -sum(each.paid_ore for each in money.payouts),
        Account.REPAYMENTS_CLAIMED: sum(each.outstanding_ore for each in money.claims),
        Account.REPAYMENTS_RECOVERED: sum(each.recovered_ore for each in money.claims),
        Account.REPAYMENTS_WAIVED: sum(each.waived_ore for each in money.claims),
    }
    balances[Account.BONUS_PAYABLE] = -sum(balances.values())
    balances |= {Account.BONUS_ACCRUED: accrued_ore, Account.ACCRUED_CONTRA: -accrued_ore}
    return {account: amount for account, amount in balances.items() if amount}
