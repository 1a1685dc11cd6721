"""A company's own page: its instalments by what is next, and the application."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import HTMLResponse

from services.bonus.domain.assessment import Missing
from services.bonus.domain.next_steps import NextStep, next_step
from services.bonus.domain.waiting import Wait, waits_of
from services.bonus.handlers import applying, showing
from services.bonus.handlers.applying import NoSuchPlacementError, NotFiled
from services.bonus.handlers.showing import CompanyLine
from services.bonus.pages.asking import OwnForm, TypedPlacement, shown_next
from services.bonus.pages.words import Pair, Words
from services.bonus.rules import load_rules
from shared.contracts.fields import Milestone
from shared.messaging.work import Work
from shared.runtime.service import ServiceContext
from shared.values.money import Language
from shared.web.idempotency import Answer, submit_once
from shared.web.identity import Identity, allow_form, allow_page
from shared.web.pages import render
from shared.web.problems import invalid, not_found

PATH: Final = "/bonus/company"
Company = Annotated[Identity, Depends(allow_page("company"))]
Applicant = Annotated[Identity, Depends(allow_form("company"))]

STEPS: Final[Mapping[NextStep, Pair]] = {
    NextStep.PAY_BACK: ("Skal betales tilbage", "To be paid back"),
    NextStep.APPLY: ("Søg nu", "Apply now"),
    NextStep.SEND_PAPERS: ("Send dokumentation", "Send papers"),
    NextStep.AWAIT_CASEWORKER: ("Afventer en sagsbehandler", "Waits for a caseworker"),
    NextStep.AWAIT_PAYMENT: ("Til udbetaling", "On its way"),
    NextStep.AWAIT_MILESTONE: ("Endnu ikke nået", "Not reached yet"),
    NextStep.PAID: ("Udbetalt", "Paid"),
    NextStep.REFUSED: ("Afslag", "Refused"),
}


class ApplicationForm(OwnForm):
    """What is applied for."""

    placement: TypedPlacement
    milestone: Milestone


@dataclass(frozen=True, slots=True)
class Entry:
    """One instalment as the page shows it."""

    line: CompanyLine
    waits: tuple[Wait, ...]

    @property
    def may_apply(self) -> bool:
        """Whether an application is missing, and is known what to apply for."""
        lacks = any(wait.missing is Missing.APPLICATION for wait in self.waits)
        return lacks and self.line.placement is not None

    @property
    def paid_ore(self) -> int:
        """What the company has of it."""
        return self.line.held.money.kept_ore

    @property
    def is_stopped(self) -> bool:
        """Whether a payout was rejected or came back."""
        return self.line.held.money.is_stopped

    @property
    def last_ordered_on(self) -> date | None:
        """When finance was last asked to pay."""
        return max((ordered_on for _, ordered_on in self.line.held.payouts), default=None)


def add_routes(routes: APIRouter, context: ServiceContext) -> None:
    """The company's page, and its form."""

    @routes.get(PATH)
    async def show(
        request: Request,
        company: Company,
        language: Language = "en",
        done: Annotated[str, Query(max_length=20)] = "",
    ) -> HTMLResponse:
        assert company.cvr is not None, "a company's token has its number"
        async with context.begin() as work:
            lines, has_more = await showing.list_company_lines(work, company.cvr)
        words = Words(language)
        return render(
            request,
            "bonus/company.html",
            language=language,
            cvr=company.cvr,
            groups=_by_step(lines),
            has_more=has_more,
            steps={step: words.of(pair) for step, pair in STEPS.items()},
            words=words,
            done=done,
        )

    @routes.post(f"{PATH}/applications")
    async def apply(
        request: Request,
        company: Applicant,
        asked: Annotated[ApplicationForm, Form()],
    ) -> Response:
        async with context.begin() as work:
            return await submit_once(
                work, company, request, asked.submission, lambda: _apply(work, company, asked)
            )


async def _apply(work: Work, company: Identity, asked: ApplicationForm) -> Answer:
    try:
        filed = await applying.apply(
            work, company, placement=asked.placement, milestone=asked.milestone, filed_on=None
        )
    except NoSuchPlacementError as unknown:
        raise not_found(str(unknown)) from unknown
    if isinstance(filed, NotFiled):
        raise invalid(filed.why, rule=filed.rule)
    return shown_next(PATH, asked.language, "applied")


def _by_step(lines: Sequence[CompanyLine]) -> list[tuple[NextStep, list[Entry]]]:
    """The instalments by what is next, the most pressing first."""
    groups: dict[NextStep, list[Entry]] = defaultdict(list)
    for line in lines:
        step = next_step(line.stored.line, line.held.money)
        groups[step].append(Entry(line, _waits(line)))
    return [(step, groups[step]) for step in NextStep if step in groups]


def _waits(line: CompanyLine) -> tuple[Wait, ...]:
    if line.assessed is None:
        return ()
    return waits_of(line.assessed, line.assessed.checks, load_rules())
