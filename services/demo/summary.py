"""What came of it, read back over HTTP the way a caseworker would, and laid out for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from services.demo.drive import Lived
from shared.messaging import dead_letters
from shared.messaging.letter import DeadLetter
from shared.runtime.system import System
from shared.values.money import format_kroner

LETTERS_LISTED_MAX = 1_000
MONEY = ("accrued", "ordered", "paid", "claimed")


@dataclass(frozen=True)
class Summary:
    """The programme as it stands at the end of the demo."""

    lived: Lived
    figures: Mapping[str, Any]
    """Of the last day, as `GET /evaluation/v1/figures` tells a caseworker."""
    instalments: Mapping[str, tuple[int, int]]
    """Number and øre by status."""
    money: Mapping[str, tuple[int, int]]
    """Number of instalments, and øre, that were ordered, are paid, and are claimed back."""
    refusals: Mapping[str, int]
    """Refused instalments by reason."""
    dead_letters: int
    seconds: float
    explained_case: str | None
    """Id of a case worth looking at: one with an instalment that is due."""


async def read_summary(
    system: System, token: str, lived: Lived, *, last_day: date, seconds: float
) -> Summary:
    """Ask evaluation and bonus what there is to know, and every service for its dead letters."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=system.address, headers=headers) as client:
        figures = await _get(client, f"/evaluation/v1/figures?to={last_day}&known_on={last_day}")
        cases = (await _get(client, "/bonus/v1/cases"))["cases"]
    instalments = [each for case in cases for each in case["instalments"]]
    return Summary(
        lived=lived,
        figures=figures["after"],
        instalments=by_status(instalments),
        money={what: _with_amount(instalments, f"{what}_ore") for what in MONEY},
        refusals=Counter(each["reason"] for each in instalments if each["status"] == "REFUSED"),
        dead_letters=len(await list_letters(system)),
        seconds=seconds,
        explained_case=_worth_looking_at(cases),
    )


async def list_letters(system: System) -> list[DeadLetter]:
    """Every dead letter of every service."""
    found: list[DeadLetter] = []
    for name in system.service_names:
        async with system.context(name).database.connection() as connection:
            found += await dead_letters.list_dead_letters(
                connection, state=None, limit=LETTERS_LISTED_MAX
            )
    return found


def by_status(instalments: Sequence[Mapping[str, Any]]) -> dict[str, tuple[int, int]]:
    """Number and øre of instalments by status."""
    number = Counter(each["status"] for each in instalments)
    amount: Counter[str] = Counter()
    for each in instalments:
        amount[each["status"]] += each["amount_ore"]
    return {status: (number[status], amount[status]) for status in sorted(number)}


def show(summary: Summary, console: Console) -> None:
    """Lay the summary out as a table."""
    table = Table("What", "How many", "Kroner", title="The programme, July 2016 to June 2018")
    table.columns[1].justify = table.columns[2].justify = "right"
    for row in rows(summary):
        table.add_row(*row)
    console.print(table)


def rows(summary: Summary) -> list[tuple[str, str, str]]:
    """Every line of the summary: what, how many, kroner."""
    figures, lived = summary.figures, summary.lived
    placed = figures["persons_placed"]
    told = [
        ("companies", figures["companies"], ""),
        ("places pledged", sum(figures["places_pledged"].values()), ""),
        ("persons registered", len(lived.persons), ""),
        *((f"persons placed: {kind}", placed[kind]["everywhere"], "") for kind in sorted(placed)),
        ("requests sent", lived.requests, ""),
        ("requests refused", lived.refused_requests, ""),
        *((f"facts {outcome}", lived.outcomes[outcome], "") for outcome in sorted(lived.outcomes)),
        *(
            (f"instalments {status}", number, format_kroner(amount_ore, "en"))
            for status, (number, amount_ore) in summary.instalments.items()
        ),
        *(
            (f"instalments {what}", number, format_kroner(amount_ore, "en"))
            for what, (number, amount_ore) in summary.money.items()
        ),
        *(
            (f"refused: {reason}", summary.refusals[reason], "")
            for reason in sorted(summary.refusals)
        ),
        ("mails", figures["notices_sent"], ""),
        ("dead letters", summary.dead_letters, ""),
        ("seconds", f"{summary.seconds:.1f}", ""),
    ]
    return [(what, str(how_many), kroner) for what, how_many, kroner in told]


def _with_amount(instalments: Sequence[Mapping[str, Any]], field: str) -> tuple[int, int]:
    amounts = [each[field] for each in instalments if each[field]]
    return len(amounts), sum(amounts)


def _worth_looking_at(cases: Sequence[Mapping[str, Any]]) -> str | None:
    for case in cases:
        if any(each["status"] == "DUE" for each in case["instalments"]):
            return str(case["case"])
    return None


async def _get(client: httpx.AsyncClient, path: str) -> Any:  # noqa: ANN401 # JSON of another party
    answer = await client.get(path)
    answer.raise_for_status()
    return answer.json()
