"""What changed between the instalments as stored and a new assessment, and what that is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from services.bonus.domain.assessment import Assessment, Instalment, Missing, Reason, Status
from shared.values.money import ore


class LineKey(NamedTuple):
    """What makes an instalment the same one, for one person."""

    employer: str
    scheme: str
    milestone: str


@dataclass(frozen=True, slots=True)
class Line:
    """An instalment as it stands: what is stored of it, and told to others when it changes."""

    due_on: date
    amount_ore: int
    """Payable when DUE; a forecast, or what would be due, otherwise."""
    status: Status
    reason: Reason | None
    missing: tuple[Missing, ...]
    rule: str
    law: str
    start: date | None = None
    """The day the months are counted from; not told to others. None where it isn't known yet."""

    @property
    def entitled_ore(self) -> int:
        """What the company has a right to be paid now, in øre."""
        return self.amount_ore if self.status is Status.DUE else 0


@dataclass(frozen=True, slots=True)
class Difference:
    """One instalment that is not what it was; `before` is None when it is new."""

    key: LineKey
    before: Line | None
    after: Line

    @property
    def entitlement_change_ore(self) -> int:
        """What the right to be paid has grown (or, negative, shrunk) by, in øre."""
        return self.after.entitled_ore - (self.before.entitled_ore if self.before else 0)

    @property
    def expense_changes(self) -> tuple[tuple[date, int], ...]:
        """By what the expense changes, in øre, on which milestone's day.

        Where the milestone has moved, what was recognised is taken off its old day.
        """
        before, after = self.before, self.after
        if before is None or before.due_on == after.due_on:
            changes = [(after.due_on, self.entitlement_change_ore)]
        else:
            changes = [(before.due_on, -before.entitled_ore), (after.due_on, after.entitled_ore)]
        return tuple((day, change) for day, change in changes if change)

    @property
    def is_told(self) -> bool:
        """Whether something changed that others are told; what is missing and the start are not."""
        return self.before is None or replace(self.before, missing=(), start=None) != replace(
            self.after, missing=(), start=None
        )

    @property
    def verdict_changed(self) -> bool:
        """Whether status or reason is another than before."""
        if self.before is None:
            return True
        return (self.before.status, self.before.reason) != (self.after.status, self.after.reason)


def differences(stored: Mapping[LineKey, Line], assessment: Assessment) -> tuple[Difference, ...]:
    """Every instalment that changed; those given up come first, so that a right can move.

    An instalment that is stored but no longer listed gives no payment: it becomes REFUSED as
    ANNULLED, under the rule it was last decided by.
    """
    now = lines_in(assessment)
    gone = {key: _annulled(line) for key, line in stored.items() if key not in now}
    changed = [
        Difference(key, stored.get(key), after)
        for key, after in sorted({**now, **gone}.items())
        if stored.get(key) != after
    ]
    return tuple(sorted(changed, key=lambda each: each.after.status is Status.DUE))


def lines_in(assessment: Assessment) -> dict[LineKey, Line]:
    """What an assessment gives, as it is stored."""
    return {line_key(each): _line_of(each) for each in assessment.instalments}


def line_key(instalment: Instalment) -> LineKey:
    """The key an assessed instalment is stored under."""
    return LineKey(instalment.employer, instalment.scheme, instalment.milestone)


def _line_of(instalment: Instalment) -> Line:
    """What is stored of an assessed instalment."""
    return Line(
        due_on=instalment.due_on,
        amount_ore=ore(instalment.amount_dkk),
        status=instalment.status,
        reason=instalment.reason,
        missing=instalment.missing,
        rule=instalment.rule,
        law=instalment.law,
        start=instalment.start,
    )


def line_object(line: Line) -> dict[str, object]:
    """What others are told of a line, as a JSON object."""
    return {
        "due_on": line.due_on.isoformat(),
        "amount_ore": line.amount_ore,
        "status": line.status.value,
        "reason": None if line.reason is None else line.reason.value,
        "missing": [each.value for each in line.missing],
        "rule": line.rule,
        "law": line.law,
    }


def _annulled(line: Line) -> Line:
    return replace(line, amount_ore=0, status=Status.REFUSED, reason=Reason.ANNULLED, missing=())
