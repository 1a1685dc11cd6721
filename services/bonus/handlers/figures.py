"""The three figures of a day: reached and decided, reached and undecided, and what lies ahead."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from services.bonus.store import figures
from services.bonus.store.figures import StateSum
from shared.messaging.work import Work


async def figures_on(work: Work, *, on: date, known_on: date) -> dict[str, object]:
    """What the instalments come to on a day, with what was known by another; beside, the ledger.

    Reached and decided is the ledger's expense of that day (docs/law.md, P3); of what is not
    decided the memorandum holds what has grown so far.
    """
    states = await figures.count_states(work.connection, on=on, known_on=known_on)
    ledger = await figures.sum_accounts(work.connection, on=on, known_on=known_on)
    ahead = [each for each in states if each.state == "forecast"]
    return {
        "on": on,
        "known_on": known_on,
        "reached_and_decided": _sum(each for each in states if each.state == "decided"),
        "reached_and_undecided": _sum(each for each in states if each.state == "undecided"),
        "under_review": sum(each.instalments for each in states if each.state == "under_review"),
        "forecast": {
            **_sum(ahead),
            "by_due_month": [{"month": each.due_month, **_sum([each])} for each in ahead],
        },
        "ledger": {"expense_ore": ledger.expense_ore, "accrued_ore": ledger.accrued_ore},
    }


def _sum(states: Iterable[StateSum]) -> dict[str, int]:
    told = list(states)
    return {
        "instalments": sum(each.instalments for each in told),
        "amount_ore": sum(each.amount_ore for each in told),
    }
