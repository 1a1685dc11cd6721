"""The two languages an explanation is written in: English with codes, Danish in the law's words."""

from __future__ import annotations

from datetime import date
from typing import Final

from services.bonus.domain import words
from services.bonus.domain.assessment import (
    Code,
    Instalment,
    Reason,
    RepaymentClaim,
    Status,
    Verdict,
)
from services.bonus.domain.phrases import day_in_danish, in_danish
from services.bonus.domain.waiting import Wait
from shared.values.money import Language, format_kroner, ore


class Speech:
    """English: codes as they stand in events and answers, so that both can be laid side by side."""

    amount = "amount"
    flags = "Flags"
    forecast = "forecast"
    missing = "missing"
    nothing = "No placement here carries a bonus."

    def seen(self, as_of: date, known_on: date) -> str:
        """The two days an assessment is of."""
        return f"Seen on {as_of}, as known on {known_on}."

    def heading(self, line: Instalment) -> str:
        """Scheme, milestone, employer and date of an instalment."""
        return f"{line.scheme} {line.milestone}, employer {line.employer}, due {line.due_on}: "

    def origin(self, line: Instalment) -> str:
        """What its months are counted from."""
        return f"from {line.start}, placement {', '.join(line.placements)}"

    def wait(self, wait: Wait) -> str:
        """What is missing, who can supply it, and until when."""
        until = "" if wait.until is None else f", by {wait.until}"
        return f"waits for: {wait.missing}: from {' or '.join(wait.suppliers)}{until}"

    def claim(self, claim: RepaymentClaim) -> str:
        """A repayment claim: paid less due, since when, and why."""
        due = claim.paid_dkk - claim.amount_dkk
        return (
            f"Claim, {claim.scheme} {claim.milestone}, employer {claim.employer}:"
            f" paid {claim.paid_dkk} - due {due} = {self.kroner(claim.amount_dkk)},"
            f" raised on {claim.raised_on}: {claim.reason}"
        )

    def day(self, day: date) -> str:
        """A calendar day."""
        return day.isoformat()

    def kroner(self, amount_dkk: int) -> str:
        """Whole kroner."""
        return f"{amount_dkk:,} kr."

    def comparison(self, arithmetic: str) -> str:
        """What a test compared."""
        return arithmetic

    def verdict(self, verdict: Verdict) -> str:
        """How a test came out."""
        return verdict.value

    def test(self, code: Code) -> str:
        """What a test is about."""
        return code.value

    def status(self, status: Status) -> str:
        """Where an instalment stands."""
        return status.value

    def reason(self, reason: Reason) -> str:
        """Why it stands there, after the status."""
        return f" {reason}"

    def flag(self, flag: str) -> str:
        """Something worth a look."""
        return flag

    def fact(self, kind: str, days: str) -> str:
        """A kind of fact, and the days it was recorded."""
        return f"{kind} of {days}"


class Danish(Speech):
    """The words of the acts; the code of a test stands behind them, for whoever looks it up."""

    amount = "beløb"
    flags = "Markeringer"
    forecast = "forventet"
    missing = "mangler"
    nothing = "Intet forløb her giver bonus."

    def seen(self, as_of: date, known_on: date) -> str:
        """The two days an assessment is of."""
        return f"Set den {self.day(as_of)}, som kendt den {self.day(known_on)}."

    def heading(self, line: Instalment) -> str:
        """Scheme, milestone, employer and date of an instalment."""
        return (
            f"{words.SCHEMES.get(line.scheme, line.scheme)}, {line.milestone.removeprefix('M')}"
            f" måneder, arbejdsgiver {line.employer}, skæringsdag {self.day(line.due_on)}: "
        )

    def origin(self, line: Instalment) -> str:
        """What its months are counted from."""
        return f"fra {self.day(line.start)}, forløb {', '.join(line.placements)}"

    def wait(self, wait: Wait) -> str:
        """What is missing, who can supply it, and until when."""
        until = "" if wait.until is None else f", senest {self.day(wait.until)}"
        suppliers = " eller ".join(words.SOURCES[each] for each in wait.suppliers)
        return f"afventer: {words.TESTS[wait.missing]}: fra {suppliers}{until}"

    def claim(self, claim: RepaymentClaim) -> str:
        """A repayment claim: paid less due, since when, and why."""
        due = claim.paid_dkk - claim.amount_dkk
        return (
            f"Tilbagebetalingskrav, {words.SCHEMES.get(claim.scheme, claim.scheme)},"
            f" {claim.milestone.removeprefix('M')} måneder, arbejdsgiver {claim.employer}:"
            f" udbetalt {self.kroner(claim.paid_dkk)} - berettiget {self.kroner(due)}"
            f" = {self.kroner(claim.amount_dkk)}, rejst {self.day(claim.raised_on)}:"
            f" {words.CLAIM_REASONS[claim.reason]}"
        )

    def day(self, day: date) -> str:
        """A calendar day."""
        return day_in_danish(day.isoformat())

    def kroner(self, amount_dkk: int) -> str:
        """Whole kroner."""
        return format_kroner(ore(amount_dkk), "da")

    def comparison(self, arithmetic: str) -> str:
        """What a test compared."""
        return in_danish(arithmetic)

    def verdict(self, verdict: Verdict) -> str:
        """How a test came out."""
        return words.VERDICTS[verdict]

    def test(self, code: Code) -> str:
        """What a test is about."""
        return words.TESTS[code]

    def status(self, status: Status) -> str:
        """Where an instalment stands."""
        return words.STATUSES[status]

    def reason(self, reason: Reason) -> str:
        """Why it stands there, after the status."""
        return f": {words.TESTS[reason]} ({reason})"

    def flag(self, flag: str) -> str:
        """Something worth a look."""
        return words.FLAGS[flag]

    def fact(self, kind: str, days: str) -> str:
        """A kind of fact, and the days it was recorded."""
        return f"{words.FACTS[kind]} {days}"


SPEECHES: Final[dict[Language, Speech]] = {"en": Speech(), "da": Danish()}


def speech_of(language: Language) -> Speech:
    """The way a language says things."""
    return SPEECHES[language]
