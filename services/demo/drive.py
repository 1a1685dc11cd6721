"""Living through the sample programme: the clock moves on, and every request is sent on its day.

It stops where there is something to do: on days with requests, and on the first of each month. The
daily timers make up for the days between, as they do after an outage.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby

import httpx
from pydantic import JsonValue

from services.demo.finance import FinanceStandIn
from services.demo.timeline import SampleRequest, Sender, with_references
from shared.runtime.clock import SimulatedClock
from shared.runtime.system import System
from shared.values.dates import add_months
from shared.web.issuer import DevelopmentIssuer

MORNING = time(8, tzinfo=UTC)
EVENING = time(20, tzinfo=UTC)
REQUEST_SECONDS_MAX = 30.0
IDLE_SECONDS_MAX = 1.0
"""A connection idle for longer isn't used again: the server closes it after 5 s, and a request sent
in that very moment would meet a closed door."""
LIFETIME = timedelta(hours=1)
REFUSED_FROM = 400

Progress = Callable[[date, int], None]
"""Told after each day how many requests have been sent in all."""


class DemoError(Exception):
    """The demo can't go on; the message says what is in its way."""


@dataclass
class Lived:
    """What was sent, and how the doors answered."""

    requests: int = 0
    refused_requests: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    """Reported facts by outcome: accepted, duplicate, parked, refused."""
    persons: dict[str, str] = field(default_factory=dict)
    """References handed out, by the name each was remembered under."""


class Driver:
    """The senders of the sample programme, each with a token and a connection of its own."""

    def __init__(
        self,
        system: System,
        issuer: DevelopmentIssuer,
        clock: SimulatedClock,
        finance: FinanceStandIn,
    ) -> None:
        self._system = system
        self._finance = finance
        self._issuer = issuer
        self._clock = clock
        self._clients: dict[Sender, httpx.AsyncClient] = {}
        self.lived = Lived()

    async def live_through(
        self, timeline: Sequence[SampleRequest], last_day: date, progress: Progress
    ) -> Lived:
        """Send every request on its day, and let each day end before the next begins.

        A day ends when all that follows from it has happened, mails included. Raises DemoError
        when a door answers what no sender could live with.
        """
        by_day = {day: list(sent) for day, sent in groupby(timeline, key=lambda each: each.on)}
        try:
            for day in stops(by_day, last_day):
                await self._live(day, by_day.get(day, []))
                progress(day, self.lived.requests)
        finally:
            for client in self._clients.values():
                await client.aclose()
        return self.lived

    async def _live(self, day: date, requests: Sequence[SampleRequest]) -> None:
        self._clock.advance_to(datetime.combine(day, MORNING))
        for request in requests:
            await self._send(request)
        await self._settled()
        self._clock.advance_to(datetime.combine(day, EVENING))
        await self._settled()

    async def _settled(self) -> None:
        """Wait until nothing more follows, finance's answers and what they lead to included."""
        await self._system.settled()
        while await self._finance.has_answered():
            await self._system.settled()

    async def _send(self, request: SampleRequest) -> None:
        client = self._client(request.sender)
        body = with_references(request.body, self.lived.persons)
        answer = await client.request(request.method, request.path, json=body)
        self.lived.requests += 1
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise DemoError(f"{request.path} answered {answer.status_code}: {answer.text}")
        if answer.status_code >= REFUSED_FROM:
            self.lived.refused_requests += 1
            return
        self._note(request, answer.json())

    def _note(self, request: SampleRequest, answer: JsonValue) -> None:
        if not isinstance(answer, dict):
            return
        if request.remember is not None:
            self.lived.persons[request.remember] = str(answer["person"])
        outcomes = answer.get("outcomes", [])
        assert isinstance(outcomes, list), "one outcome per fact"
        self.lived.outcomes.update(
            str(each["outcome"]) for each in outcomes if isinstance(each, dict)
        )

    def _client(self, sender: Sender) -> httpx.AsyncClient:
        if sender not in self._clients:
            token = self._issuer.issue_token(
                sender.role,
                municipality=sender.municipality,
                cvr=sender.cvr,
                lifetime=LIFETIME,
            )
            self._clients[sender] = httpx.AsyncClient(
                base_url=self._system.address,
                headers={"Authorization": f"Bearer {token}"},
                timeout=REQUEST_SECONDS_MAX,
                limits=httpx.Limits(keepalive_expiry=IDLE_SECONDS_MAX),
            )
        return self._clients[sender]


def stops(with_requests: Iterable[date], last: date) -> list[date]:
    """The days to stop at: those with requests, the first of each month between, and the last."""
    wanted = {*with_requests, last}
    first = min(wanted).replace(day=1)
    months = (last.year - first.year) * 12 + last.month - first.month
    wanted |= {add_months(first, number) for number in range(1, months + 1)}
    return sorted(wanted)
