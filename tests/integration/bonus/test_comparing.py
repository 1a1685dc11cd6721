"""Other rules over everybody stored: what would change, at one instant, and nothing is stored."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from services.bonus.domain.rules import Parameter, Rules
from services.bonus.handlers import comparing
from services.bonus.handlers.comparing import Comparison, Pair, compare_stored
from services.bonus.rules import load_rules
from services.bonus.rules.folders import export_rules
from services.bonus.store.facts import lock_employers
from tests.integration.bonus.office import EMPLOYER, PERSON, Office, hired, person
from tests.integration.bonus.test_what_if import paid, tables

CHECKOUT = Path(__file__).parents[3]
SOMEBODY = "0192f0a0-0000-4000-8000-000000000002"


def changed(parameter: Parameter[int], value: int) -> Parameter[int]:
    return replace(parameter, versions=(replace(parameter.versions[0], value=value),))


def cheaper(amount_dkk: int = 18_000) -> Rules:
    """A first instalment of less."""
    rules = load_rules()
    early = changed(rules.ordinary.early_amount, amount_dkk)
    return replace(rules, ordinary=replace(rules.ordinary, early_amount=early))


async def compared(
    office: Office, rules: Rules, *, as_of: date | None = None, listed_max: int = 10
) -> tuple[Comparison, list[tuple[int, int]]]:
    comparison, told = Comparison(listed_max=listed_max), []

    def progress(done: int, of_all: int) -> None:
        told.append((done, of_all))

    async with office.system.system.context("bonus").begin() as work:
        pair = Pair(load_rules(), rules)
        await compare_stored(work, pair, comparison, as_of=as_of, progress=progress)
    return comparison, told


async def test_the_same_rules_change_nothing(office: Office) -> None:
    await paid(office)
    comparison, told = await compared(office, load_rules())
    assert (comparison.persons, comparison.sums.instalments, told) == (1, 0, [(1, 1)])


async def test_less_for_an_instalment_is_claimed_back_where_it_is_paid(office: Office) -> None:
    await paid(office)
    before = await tables(office)
    comparison, _ = await compared(office, cheaper())
    assert (comparison.sums.persons, comparison.sums.cases) == (1, 1)
    assert comparison.sums.claimed_back_ore == 200_000
    assert comparison.sums.expected_change_ore == -200_000
    assert comparison.transitions == {("DUE", "DUE"): 1, ("PENDING", "PENDING"): 1}
    first = comparison.listed[0]
    assert (first["person"], first["employer"]) == (PERSON, EMPLOYER)
    assert first["case"] is not None
    assert await tables(office) == before


async def test_more_is_paid_more_and_another_day_is_seen_as_that_day(office: Office) -> None:
    await paid(office)
    comparison, _ = await compared(office, cheaper(20_001))
    assert comparison.sums.paid_more_ore == 100
    # One krone above the ceiling, the second instalment is a caseworker's to decide.
    assert comparison.sums.expected_change_ore == -2_000_000
    early, _ = await compared(office, cheaper(19_999), as_of=date(2016, 12, 1))
    assert early.transitions == {("PENDING", "PENDING"): 2}


async def test_everybody_is_seen_page_by_page_and_listed_as_far_as_asked(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "PAGE_PERSONS", 1)
    await paid(office)
    await office.hear(person(person=SOMEBODY), hired(person=SOMEBODY, placement="0101/2"))
    comparison, told = await compared(office, cheaper(), listed_max=1)
    assert told == [(1, 2), (2, 2)]
    answer = comparison.as_object()
    assert (answer["persons_assessed"], answer["differences_not_listed"]) == (2, 3)
    assert comparison.by_company[EMPLOYER].persons == 2


async def write_while_comparing(office: Office) -> None:
    async with office.system.system.context("bonus").begin() as work:
        pair = Pair(load_rules(), load_rules())
        await compare_stored(
            work, pair, Comparison(listed_max=0), as_of=None, progress=lambda _done, _of_all: None
        )
        await lock_employers(work.connection, ["99000015"], exclusive=True)


async def test_nothing_could_be_stored(office: Office) -> None:
    with pytest.raises(Exception, match="cannot execute INSERT in a read-only transaction"):
        await write_while_comparing(office)


def command(office: Office, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """`sammen rules compare`, as the service's own role."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SAMMEN_")}
    address = {"SAMMEN_BONUS_DATABASE_URL": office.system.database.url("sammen_bonus")}
    return subprocess.run(
        [sys.executable, "-m", "services", "rules", "compare", str(folder / "rules"), *options],
        env={**kept, **address, "PYTHONPATH": str(CHECKOUT)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


async def test_the_command_reports_for_people_and_for_programs(
    office: Office, tmp_path: Path
) -> None:
    await paid(office)
    export_rules(tmp_path / "rules")
    ordinary = tmp_path / "rules" / "ordinary.yaml"
    text = ordinary.read_text(encoding="utf-8").replace("value: 20000", "value: 18000")
    ordinary.write_text(text, encoding="utf-8")
    told = await asyncio.to_thread(command, office, tmp_path, "--as-of", "2017-03-10")
    assert told.returncode == 0, told.stderr
    assert "1 persons assessed by both, seen on 2017-03-10." in told.stdout
    assert "  claimed back DKK 2,000" in told.stdout
    assert told.stderr.startswith("1 of 1 persons, ")
    as_json = await asyncio.to_thread(command, office, tmp_path, "--json", "--as-of", "2017-03-10")
    answer = json.loads(as_json.stdout)
    assert answer["sums"]["claimed_back_ore"] == 200_000
    assert [each["name"] for each in answer["parameters"]] == ["ordinary.early_amount"]
    assert [each["employer"] for each in answer["companies"]] == [EMPLOYER]
