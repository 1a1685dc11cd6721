"""An occasion is one thing to tell one company's contacts, once.

Its template and subject are its natural key: the same thing told again is the same occasion.
A contact hears of it if it has the occasion's role, or no role at all. A contact hears of what
happened since it was recorded with its present roles (and shortly before, since a company's
joining and its contacts arrive in any order), and of whatever nobody has been told of yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

Template = Literal["company_joined", "bonus_instalment_due"]
Role = Literal["membership", "bonus"]

HEARS_OF_EARLIER = timedelta(days=14)
"""How long before it was recorded a contact's occasions may lie, although others were told."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something a company's contacts are told; the parameters fill the template and are JSON."""

    template: Template
    subject: str
    role: Role
    cvr: str
    parameters: Mapping[str, object]
    occurred_at: datetime


def company_joined(*, cvr: str, joined_on: date, occurred_at: datetime) -> Occasion:
    """A company became a member: told once per company."""
    return Occasion(
        template="company_joined",
        subject=cvr,
        role="membership",
        cvr=cvr,
        parameters={"cvr": cvr, "joined_on": joined_on.isoformat()},
        occurred_at=occurred_at,
    )


def bonus_instalment_due(
    *,
    case: str,
    scheme: str,
    milestone: str,
    employer: str,
    amount_ore: int,
    due_on: date,
    occurred_at: datetime,
) -> Occasion:
    """An instalment will be paid: told once per case, milestone and amount.

    A corrected amount is another occasion; the same amount announced again is not.
    """
    return Occasion(
        template="bonus_instalment_due",
        subject=f"{case}/{milestone}/{amount_ore}",
        role="bonus",
        cvr=employer,
        parameters={
            "cvr": employer,
            "case": case,
            "scheme": scheme,
            "milestone": milestone,
            "amount_ore": amount_ore,
            "due_on": due_on.isoformat(),
        },
        occurred_at=occurred_at,
    )
