"""Every stored person once more: as the sweep does it, and going on where it was cut off."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from services.bonus.handlers import proving, rounds
from services.bonus.rules.editions import Edition, own_edition
from services.bonus.store.facts import LockedPerson, lock_persons
from shared.messaging.work import Work
from tests.integration.bonus.office import HALF_YEAR, Office, hired, person, private
from tests.integration.bonus.test_assessing import apply
from tests.support.lifelines import ending_with_me

CHECKOUT = Path(__file__).parents[3]
PERSONS = [f"{digit:x}{digit:x}92f0a0-0000-4000-8000-0000000000{digit:02x}" for digit in range(16)]
CHANGED = "UPDATE bonus.instalment SET amount_ore = 100 WHERE milestone = 'M6'"


class CutOffError(Exception):
    """Stands for a process that is killed."""


async def hired_persons(office: Office) -> None:
    await office.hear(private(), *(person(person=each) for each in PERSONS))
    await office.hear(
        *(hired(person=each, placement=f"0101/{number}") for number, each in enumerate(PERSONS))
    )


async def looked_at(office: Office, round_id: int, *, stop_after: int | None = None) -> list[str]:
    """The persons this run of the round looked at."""
    seen: list[str] = []

    async def look(_work: Work, locked: Sequence[LockedPerson]) -> int:
        if stop_after is not None and len(seen) >= stop_after:
            raise CutOffError
        seen.extend(each.person for each in locked)
        return len(locked)

    begin = office.system.system.context("bonus").begin
    if stop_after is None:
        progress = await rounds.take_part(begin, round_id, look)
        assert progress.is_done
        return seen
    with pytest.raises(CutOffError):
        await rounds.take_part(begin, round_id, look)
    return seen


@pytest.mark.parametrize("chunk", [1, 500])
async def test_a_round_looks_at_everybody_once(
    office: Office, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(rounds, "CHUNK_PERSONS", chunk)
    await hired_persons(office)
    begin = office.system.system.context("bonus").begin
    round_id = await rounds.open_round(begin, "recompute")
    assert sorted(await looked_at(office, round_id)) == PERSONS


async def test_a_round_that_was_cut_off_goes_on_where_it_was(office: Office) -> None:
    await hired_persons(office)
    begin = office.system.system.context("bonus").begin
    first = await rounds.open_round(begin, "recompute")
    done = await looked_at(office, first, stop_after=5)
    again = await rounds.open_round(begin, "recompute")
    rest = await looked_at(office, again)
    assert again == first
    assert sorted(done + rest) == PERSONS
    assert len(done) == 5
    assert await rounds.open_round(begin, "recompute") != first


async def test_two_at_once_share_a_round(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "WAIT_SECONDS", 0.01)
    await hired_persons(office)
    begin = office.system.system.context("bonus").begin
    round_id = await rounds.open_round(begin, "recompute")
    both = await asyncio.gather(looked_at(office, round_id), looked_at(office, round_id))
    assert all(both)
    assert sorted(both[0] + both[1]) == PERSONS


async def test_other_rules_or_a_wish_begin_a_round_anew(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = office.system.system.context("bonus").begin
    first = await rounds.open_round(begin, "recompute")
    assert await rounds.open_round(begin, "replay") != first
    second = await rounds.open_round(begin, "recompute", anew=True)
    monkeypatch.setattr(
        rounds, "own_edition", lambda: Edition("0123456789abcdef", own_edition().content)
    )
    third = await rounds.open_round(begin, "recompute")
    assert len({first, second, third}) == 3


async def test_recomputing_posts_and_tells_what_differs(office: Office) -> None:
    await office.hear(private(), person(), hired(), HALF_YEAR)
    await office.advance_to("2017-03-02")
    await apply(office.system)
    before = await office.instalments(), await office.balances()
    assessed = await office.count_published("BonusAssessed")
    async with office.owner.connection() as connection:
        await connection.execute(CHANGED)
    begin = office.system.system.context("bonus").begin
    round_id = await rounds.open_round(begin, "recompute")
    progress = await rounds.take_part(begin, round_id, rounds.recompute)
    assert (progress.persons, progress.found) == (1, 1)
    assert await office.count_published("BonusAssessed") == assessed + 1
    assert (await office.instalments()) == before[0]
    assert (await office.balances())["bonus_expense"] == 20_000 + 19_999
    again = await rounds.open_round(begin, "recompute")
    assert (await rounds.take_part(begin, again, rounds.recompute)).found == 0


async def test_the_nightly_replay_goes_on_with_what_it_found(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hired_persons(office)
    await office.system.settled()  # the timer's own look
    async with office.owner.connection() as connection:
        await connection.execute(CHANGED)
    context = office.system.system.context("bonus")
    round_id = await rounds.open_round(context.begin, "replay", anew=True)
    assert len(await looked_at(office, round_id, stop_after=5)) == 5
    assert await proving.count_differing(context) == 16
    assert await proving.count_differing(context) == 16


def begun(office: Office, folder: Path, *words: str) -> subprocess.Popen[str]:
    """A command of `sammen` at work, as the service's own role."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SAMMEN_")}
    address = {"SAMMEN_BONUS_DATABASE_URL": office.system.database.url("sammen_bonus")}
    return subprocess.Popen(
        ending_with_me(sys.executable, "-m", "services", *words),
        env={**kept, **address, "PYTHONPATH": str(CHECKOUT)},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def command(office: Office, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command, seen through to its end."""
    with begun(office, folder, *words) as process:
        output, errors = process.communicate()
    return subprocess.CompletedProcess(words, process.returncode, output, errors)


async def test_a_round_that_takes_its_time_is_told_of_meanwhile(
    office: Office, tmp_path: Path
) -> None:
    """It takes until it is told of: before that we hold the persons it looks at."""
    await hired_persons(office)
    async with office.system.system.context("bonus").begin() as work:
        await lock_persons(work.connection, PERSONS)
        process = await asyncio.to_thread(begun, office, tmp_path, "ledger", "replay", "--anew")
        assert process.stderr is not None
        async with asyncio.timeout(60):
            told = await asyncio.to_thread(process.stderr.readline)
    output, _ = await asyncio.to_thread(process.communicate)
    assert told.startswith("0 of 16 persons (0 %), 0 differ")
    assert (output.startswith("16 persons replayed in"), process.returncode) == (True, 0)


async def test_the_commands_say_what_they_did(office: Office, tmp_path: Path) -> None:
    await hired_persons(office)
    await office.system.settled()
    begin = office.system.system.context("bonus").begin
    round_id = await rounds.open_round(begin, "replay", anew=True)
    assert len(await looked_at(office, round_id, stop_after=5)) == 5
    replayed = await asyncio.to_thread(command, office, tmp_path, "ledger", "replay", "--anew")
    assert replayed.stdout.startswith("16 persons replayed in"), replayed.stderr
    assert (replayed.stdout.rstrip().endswith("all agree."), replayed.returncode) == (True, 0)
    recomputed = await asyncio.to_thread(command, office, tmp_path, "recompute")
    assert "16 persons assessed anew" in recomputed.stdout, recomputed.stderr
    assert "for 16 something changed" in recomputed.stdout  # years have passed on the real clock
    async with office.owner.connection() as connection:
        await connection.execute(CHANGED)
    found = await asyncio.to_thread(command, office, tmp_path, "ledger", "replay")
    assert ("16 of them differ" in found.stdout, found.returncode) == (True, 3)
