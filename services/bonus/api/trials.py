"""Bonus tried out over HTTP: a case assessed, or facts weighed, and nothing stored.

The work is done beside the event loop, one request at a time, and within limits: whoever has more
takes `sammen assess`, which has none.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Final

from fastapi import APIRouter, Body, Depends, Query, Request, Response

from services.bonus.assess import as_object, assess_case
from services.bonus.assess.cases import InvalidInputError, cases_of
from services.bonus.domain.effects import Effect
from services.bonus.domain.parsing import Case
from services.bonus.handlers import trying
from services.bonus.handlers.telling import UnusableFactsError, read_told
from services.bonus.handlers.trying import TooMuchToWeighError, Trial
from shared.contracts.reports import FACTS_MAX
from shared.runtime.service import ServiceContext
from shared.values.persons import mask_person_numbers
from shared.web.answers import ERRORS_SHOWN_MAX, NOT_SENT_AS_JSON
from shared.web.body import is_json
from shared.web.identity import Identity, allow
from shared.web.problems import Problem, invalid, unavailable

CASES_MAX: Final = 1_000
FACTS_OF_A_CASE_MAX: Final = 1_000
"""The days of a claim are looked for day by day: beyond this one case would take seconds."""
SECONDS_MAX: Final = 20.0
"""Of work on one request. An ordinary case takes about a thousandth of one, explained."""
WAIT_SECONDS_MAX: Final = 10.0
"""For those who came before."""

UNLIMITED: Final = "send fewer, or use `sammen assess`, which has no limit"

CASE: Final = """One case, or a list of cases answered in the same order: `as_of`, `known_on` and
`facts`, as `sammen assess` takes them; other keys are ignored."""
EXAMPLE: Final = {
    "as_of": "2017-06-01",
    "known_on": "2017-06-01",
    "facts": [
        {
            "fact": "PersonRegistered",
            "recorded_on": "2016-08-25",
            "person": "P1",
            "category": "refugee",
            "permit_granted_on": "2016-03-10",
        }
    ],
}

FACTS: Final = f"""At most {FACTS_MAX} facts in the order they would be told, as on the wire: those
of the reports door with whole placement ids, `PersonRegistered`, `BonusApplied`, and from
caseworkers `EmployerSectorReported` and `ReviewDecided`."""
FACT: Final = {
    "fact": "PlacementEnded",
    "placement": "0101/2017-00042",
    "last_day": "2017-05-31",
    "reason": "resigned",
}

Anybody = Annotated[Identity, Depends(allow())]
Weigher = Annotated[Identity, Depends(allow("municipality", "caseworker"))]


def router(context: ServiceContext) -> APIRouter:
    """The routes below `/bonus/v1` that store nothing."""
    routes = APIRouter(prefix="/bonus/v1", tags=["bonus"])
    turn = Turn()
    _add_assessments(routes, turn)
    _add_what_if(routes, context, turn)
    return routes


class Turn:
    """Lets one request work at a time, so that trials never crowd out what counts."""

    def __init__(self, wait_seconds_max: float = WAIT_SECONDS_MAX) -> None:
        self._lock = asyncio.Lock()
        self._wait_seconds_max = wait_seconds_max

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Wait for the turn. Raises Problem 503 when those before take too long."""
        try:
            async with asyncio.timeout(self._wait_seconds_max):
                await self._lock.acquire()
        except TimeoutError:
            raise unavailable("Others are trying things out; try again.") from None
        try:
            yield
        finally:
            self._lock.release()


def _add_assessments(routes: APIRouter, turn: Turn) -> None:
    @routes.post("/assessments", summary="Apply the rules to a case; nothing is stored")
    async def assess(
        request: Request,
        told: Annotated[object, Body(description=CASE, examples=[EXAMPLE])],
        _caller: Anybody,
        explain: Annotated[bool, Query(description="Each line and claim with why.")] = False,  # noqa: FBT002
    ) -> Response:
        if not is_json(request.headers.get("content-type", "")):
            raise NOT_SENT_AS_JSON
        _refuse_too_much(told)
        async with turn.taken():
            answer = await asyncio.to_thread(_assessed, told, explained=explain)
        return Response(answer, media_type="application/json")


def _refuse_too_much(told: object) -> None:
    cases = told if isinstance(told, list) else [told]
    if len(cases) > CASES_MAX:
        raise _too_much(f"At most {CASES_MAX} cases are taken in one request", UNLIMITED)
    for number, case in enumerate(cases, start=1):
        facts = case.get("facts") if isinstance(case, dict) else None
        if isinstance(facts, list) and len(facts) > FACTS_OF_A_CASE_MAX:
            raise _too_much(
                f"case {number}: at most {FACTS_OF_A_CASE_MAX} facts are taken", UNLIMITED
            )


def _too_much(why: str, remedy: str = "send several requests") -> Problem:
    return Problem("too-much-to-try", "Too much for one request", 413, f"{why}; {remedy}.")


def _assessed(told: object, *, explained: bool) -> bytes:
    """The answer as `sammen assess --json` gives it. Raises Problem 422 or 413."""
    try:
        cases = cases_of(told)
    except InvalidInputError as error:
        raise _invalid_case(error) from error
    end = time.monotonic() + SECONDS_MAX

    def one(case: Case) -> dict[str, object]:
        if time.monotonic() > end:
            raise _too_much(f"This takes more than {SECONDS_MAX:.0f} seconds", UNLIMITED)
        return as_object(assess_case(case), explained=explained)

    answer = one(cases) if isinstance(cases, Case) else [one(case) for case in cases]
    # Escaped, since an id may hold what is no character of its own (half a surrogate pair).
    return json.dumps(answer).encode("ascii")


def _invalid_case(error: InvalidInputError) -> Problem:
    place: dict[str, object] = {"case": error.case}
    if error.cause is not None:
        place |= {"fact": error.cause.position, "field": error.cause.field}
    named = {name: value for name, value in place.items() if value is not None}
    message = mask_person_numbers(str(error))
    entry = {**named, "kind": "invalid-case", "message": message}
    return invalid(message, errors=[entry])


def _add_what_if(routes: APIRouter, context: ServiceContext, turn: Turn) -> None:
    @routes.post("/what-if", summary="What facts would change; nothing is stored")
    async def what_if(
        told: Annotated[list[object], Body(description=FACTS, examples=[[FACT]])],
        caller: Weigher,
    ) -> Response:
        if len(told) > FACTS_MAX:
            raise _too_much(f"At most {FACTS_MAX} facts are taken in one request")
        sender = caller.municipality if caller.role == "municipality" else None
        async with turn.taken():
            try:
                read = await asyncio.to_thread(read_told, told, municipality=sender)
                async with context.begin() as work:
                    trial = await trying.prepare(work, read, sender)
            except UnusableFactsError as error:
                raise _unusable(error) from error
            except TooMuchToWeighError as error:
                raise _too_much(str(error)) from error
            answer = await asyncio.to_thread(_weighed, trial)
        return Response(answer, media_type="application/json")


def _weighed(trial: Trial) -> bytes:
    end = time.monotonic() + SECONDS_MAX
    found: list[Effect] = []
    for effects_of_one in trying.weigh(trial):
        if time.monotonic() > end:
            raise _too_much(f"This takes more than {SECONDS_MAX:.0f} seconds")
        found += effects_of_one
    return json.dumps(trying.as_answer(trial, found)).encode("ascii")


def _unusable(error: UnusableFactsError) -> Problem:
    errors = [
        {
            "place": f"body.{each.position - 1}",
            "fact": each.position,
            "kind": each.kind,
            "message": mask_person_numbers(each.why),
        }
        for each in error.complaints
    ]
    first = errors[0]
    count = "One fact" if len(errors) == 1 else f"{len(errors)} facts"
    detail = f"{count} can't be weighed; the first is fact {first['fact']}: {first['message']}"
    return invalid(detail, errors=errors[:ERRORS_SHOWN_MAX])
