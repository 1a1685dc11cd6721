"""Telling everything at the real doors, as senders do who never give up and note every answer.

A sender sends the same request under the same Idempotency-Key until a door decides it. A door that
refuses what a made-up life says has found a mistake of the soak's, and ends it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any, Final

import httpx

from shared.web.issuer import DevelopmentIssuer
from tests.chaos import lives
from tests.chaos.requests import Door, Sender, Told

ANSWER_SECONDS_MAX: Final = 10.0
INSIST_SECONDS: Final = 0.25
GIVE_UP_SECONDS: Final = 300.0
"""So long no fault of a soak lasts: who isn't answered by then never will be."""
TOKEN_LIFETIME: Final = timedelta(hours=3)
TRY_LATER: Final = {409, 429}


class DoorError(Exception):
    """A door refused what it should have taken, or never answered."""


@dataclass
class Accepted:
    """What was told, and what the doors said to it."""

    lives: int = 0
    """So many people, from number 0 on, all told of to the end."""
    companies: int = 0
    canaries: int = 0
    persons: dict[str, str] = field(default_factory=dict)
    """`p<number>` by the reference that was handed out."""
    outcomes: dict[str, str] = field(default_factory=dict)
    """What the door said of each report, by report id."""
    facts: int = 0
    """Facts and applications decided by a door, registrations included, repetitions apart."""
    insisted: Counter[str] = field(default_factory=Counter)
    """How often a request had to be sent again, by what had come of it."""


class Feeder:
    """The senders of one system, by the addresses of its doors."""

    def __init__(self, doors: Mapping[Door, Sequence[str]], issuer: DevelopmentIssuer) -> None:
        self._doors = doors
        self._issuer = issuer
        self._tokens: dict[Sender, str] = {}
        limits = httpx.Limits(keepalive_expiry=1.0)
        self._client = httpx.AsyncClient(timeout=ANSWER_SECONDS_MAX, limits=limits)
        self.accepted = Accepted()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def tell_company(self) -> None:
        """Tell all of the next company."""
        number = self.accepted.companies
        self.accepted.companies += 1
        for told in lives.company(number):
            await self.insist(told)

    async def tell_companies(self, *, until: asyncio.Event, pause_seconds: float) -> None:
        """Tell of companies that join late, one after the other, until told to begin no more."""
        while not until.is_set():
            await asyncio.sleep(pause_seconds)
            await self.tell_company()

    async def tell_canary(self) -> str:
        """Tell a fact that only serves to be seen again; the employer it is about."""
        number = self.accepted.canaries
        self.accepted.canaries += 1
        await self.insist(lives.canary(number))
        return lives.cvr_of_canary(number)

    async def tell_persons(
        self, seed: int, *, until: asyncio.Event, lanes: int, pause_seconds: float
    ) -> None:
        """Tell of one person after the other in every lane, until told to begin no more."""
        numbers = count()

        async def lane() -> None:
            while not until.is_set():
                number = next(numbers)
                await self.tell_person(seed, number)
                self.accepted.lives += 1
                await asyncio.sleep(pause_seconds)

        async with asyncio.TaskGroup() as group:
            for _ in range(lanes):
                group.create_task(lane())

    async def tell_person(self, seed: int, number: int) -> None:
        """Tell all of one person, in order."""
        person: str | None = None
        for told in lives.person(seed, number):
            answer = await self.insist(told, person)
            if "person" in answer:
                person = str(answer["person"])
                self.accepted.persons[person] = f"p{number}"
            for outcome in answer.get("outcomes", []):
                self.accepted.outcomes.setdefault(outcome["report_id"], outcome["outcome"])

    async def insist(self, told: Told, person: str | None = None) -> dict[str, Any]:
        """Send until decided, and once more where the sender does so; the answer."""
        answer = await self._until_decided(told, told.key, person)
        if told.repeated == "same_key":
            again = await self._until_decided(told, told.key, person)
            assert again == answer, f"{told.key} was answered differently the second time"
        elif told.repeated == "other_key":
            again = await self._until_decided(told, f"{told.key}-again", person)
            new = [each for each in again["outcomes"] if each["outcome"] == "accepted"]
            assert not new, f"{told.key} was accepted twice"
        told_facts = told.content if isinstance(told.content, list) else [told.content]
        self.accepted.facts += len(told_facts)
        return answer

    async def _until_decided(self, told: Told, key: str, person: str | None) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + GIVE_UP_SECONDS
        content = told.content_for(person)
        for attempt in count():
            addresses = self._doors[told.door]
            address = addresses[attempt % len(addresses)]
            headers = {
                "Authorization": f"Bearer {self._token(told.sender)}",
                "Idempotency-Key": key,
            }
            try:
                answer = await self._client.post(address + told.path, json=content, headers=headers)
            except httpx.HTTPError as error:
                why = type(error).__name__
            else:
                if answer.is_success:
                    return dict(answer.json())
                why = str(answer.status_code)
                not_yet = told.waits_for_bonus and answer.status_code == httpx.codes.NOT_FOUND
                if not (answer.is_server_error or answer.status_code in TRY_LATER or not_yet):
                    raise DoorError(f"{told.key}: {why} {answer.text}")
            self.accepted.insisted[why] += 1
            if loop.time() > give_up_at:
                raise DoorError(f"{told.key}: no answer in {GIVE_UP_SECONDS:.0f} s, last {why}")
            await asyncio.sleep(INSIST_SECONDS)
        raise AssertionError("counting never ends")

    def _token(self, sender: Sender) -> str:
        if sender not in self._tokens:
            self._tokens[sender] = self._issuer.issue_token(
                sender.role,
                municipality=sender.municipality,
                cvr=sender.cvr,
                lifetime=TOKEN_LIFETIME,
            )
        return self._tokens[sender]
