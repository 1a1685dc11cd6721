"""Whatever happens to an instalment, in whatever order: the ledger holds what the law gives."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from services.bonus.domain.assessment import Reason, Status
from services.bonus.domain.balances import expected_balances
from services.bonus.domain.differences import Line
from services.bonus.domain.payouts import Claim, Money, OrderPayout, Payout, steps
from services.bonus.domain.postings import Account, Entry, EntryKind, entitlement_entry, entry
from services.bonus.domain.repayments import (
    Decision,
    claim_after,
    claim_entries,
    decided,
    objection,
)
from services.bonus.domain.settlements import Answer, AnswerKind, book

DAY = date(2017, 3, 3)
FULL = Line(date(2017, 3, 1), 2_000_000, Status.DUE, None, (), "O6", "§ 46")
REFUSED = replace(FULL, amount_ore=0, status=Status.REFUSED, reason=Reason.ANNULLED)
LINES = (
    FULL,
    replace(FULL, amount_ore=1_500_000),
    replace(FULL, status=Status.AWAITING),
    REFUSED,
    replace(REFUSED, status=Status.REVIEW, reason=Reason.SECTOR_UNKNOWN),
)


@dataclass
class Story:
    """One instalment's money as it goes along, and everything posted."""

    line: Line = REFUSED
    money: Money = field(default_factory=Money)
    posted: list[Entry] = field(default_factory=list)

    def becomes(self, line: Line) -> None:
        """The assessment gives another line."""
        if change := line.entitled_ore - self.line.entitled_ore:
            self.posted.append(entitlement_entry("i", change, DAY))
        self.line = line

    def is_answered(self, answer: Answer) -> None:
        """Finance answers to the latest order."""
        if not self.money.payouts:
            return
        booked = book(self.money.payouts[-1], self.money.live_claim, answer)
        self.posted += booked.entries
        self.money = Money((*self.money.payouts[:-1], booked.payout), self.money.claims)
        if booked.claim is not None:
            self._put(booked.claim)

    def is_decided(self, decision: Decision) -> None:
        """A caseworker decides the live claim, where that can be."""
        claim = self.money.live_claim
        if claim is None or objection(claim, decision, today=DAY, barred_after=DAY):
            return
        after, entries = decided(claim, decision, on=DAY)
        self.posted += entries
        self._put(after)

    def is_released(self) -> None:
        """A caseworker lets what was stopped be ordered again."""
        payouts = tuple(
            replace(each, released=True) if each.is_stopped else each for each in self.money.payouts
        )
        self.money = Money(payouts, self.money.claims)

    def follow(self) -> None:
        """Take every step that is to be taken."""
        for step in steps(self.money, self.line):
            if isinstance(step, OrderPayout):
                payout = Payout(f"p-{step.number}", "i", step.number, step.amount_ore)
                self.money = Money((*self.money.payouts, payout), self.money.claims)
                amounts = (
                    (Account.BONUS_PAYABLE, step.amount_ore),
                    (Account.PAYOUTS_ORDERED, -step.amount_ore),
                )
                self.posted.append(
                    entry("i", EntryKind.PAYOUT_ORDERED, DAY, *amounts, about=payout.payout_id)
                )
                continue
            new_id = f"c-{len(self.money.claims) + 1}"
            after = claim_after(step, instalment_id="i", new_id=new_id)
            self.posted += claim_entries(step, after, on=DAY)
            self._put(after)

    def balances(self) -> dict[Account, int]:
        """What each account holds; empty ones left out."""
        held = dict.fromkeys(Account, 0)
        for each in self.posted:
            for account, amount in each.postings:
                held[account] += amount
        return {account: amount for account, amount in held.items() if amount}

    def _put(self, claim: Claim) -> None:
        others = tuple(each for each in self.money.claims if each.claim_id != claim.claim_id)
        self.money = Money(self.money.payouts, (*others, claim))


def amounts(highest: int) -> st.SearchStrategy[int]:
    return st.sampled_from((1, 500_000, 1_500_000, 2_000_000)).filter(lambda a: a <= highest)


happenings = st.one_of(
    st.sampled_from(LINES),
    st.builds(Answer, st.sampled_from(AnswerKind), amounts(2_000_000), st.just(DAY)),
    st.builds(Decision, st.sampled_from(("upheld", "lowered", "dropped")), amounts(2_000_000)),
    st.none(),
)


@given(st.lists(happenings, max_size=14))
def test_the_ledger_holds_what_the_line_and_the_money_give(
    told: list[Line | Answer | Decision | None],
) -> None:
    story = Story()
    for happening in told:
        match happening:
            case Line():
                story.becomes(happening)
            case Answer():
                story.is_answered(happening)
            case Decision():
                story.is_decided(happening)
            case None:
                story.is_released()
        story.follow()
        assert story.balances() == expected_balances(story.line, story.money)
        assert steps(story.money, story.line) == ()
        assert sum(not each.is_answered for each in story.money.payouts) <= 1
        assert sum(each.is_live for each in story.money.claims) <= 1


@given(st.lists(st.sampled_from(LINES), max_size=8))
def test_who_is_paid_what_is_ordered_has_in_the_end_what_is_due(lines: list[Line]) -> None:
    story = Story()
    for line in (*lines, FULL):
        story.becomes(line)
        story.follow()
        if story.money.is_waiting:
            open_ore = story.money.payouts[-1].open_ore
            story.is_answered(Answer(AnswerKind.SETTLED, open_ore, DAY))
        story.follow()
    assert story.money.kept_ore == FULL.amount_ore
    assert story.money.live_claim is None
