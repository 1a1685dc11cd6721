"""One soak from beginning to end: everything up, facts and faults, calm, and the oracle."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tests.chaos import lives
from tests.chaos.calm import Calm, becomes_quiet
from tests.chaos.evidence import PUBLISHERS, Evidence, Reader
from tests.chaos.feeding import Feeder
from tests.chaos.figures import Shown, unmoved
from tests.chaos.fleet import Fleet, until
from tests.chaos.ground import Ground, open_ground
from tests.chaos.judging import Finding, judge, judge_tape
from tests.chaos.reference import read_figures, run_without_faults
from tests.chaos.report import Report
from tests.chaos.requests import Door
from tests.chaos.storm import Fault, Storm
from tests.chaos.tape import TapeRecord, read_tape

UP_SECONDS_MAX: Final = 180.0
SHOWN_SECONDS_MAX: Final = 60.0
"""Figures are those of the last look, which was some seconds ago."""
NOTE_SECONDS: Final = 5.0
"""Between two looks at what moved; who is killed before the first of them shows it no more."""
LANES: Final = 5
COMPANY_SECONDS: Final = 6.0
"""Between two companies that join late: also of them somebody is to have heard all the time."""
PAUSE_SECONDS: Final = 0.6
"""Between two persons of a lane: facts flow all the time, and the machine has breath for faults."""
LOGS: Final = Path(".cache/soak")

Say = Callable[[str], None]


class Soak:
    """A run with this seed for so long."""

    def __init__(self, seconds: float, seed: int, say: Say, *, secured: bool) -> None:
        self._secured = secured
        self._shown = Shown()
        self._seconds = seconds
        self._seed = seed
        self._say = say

    async def run(self) -> Report:
        """Do it all; nothing of it is left running, whatever happens."""
        kind = "TLS, SCRAM and ACLs" if self._secured else "plain"
        self._say(
            f"soak: seed {self._seed}, {self._seconds:.0f} s, brokers: {kind}; starting everything"
        )
        async with open_ground(secured=self._secured) as ground:
            fleet = Fleet(ground)
            feeder = Feeder(_doors(fleet), ground.issuer)
            try:
                report = await self._under_faults(ground, fleet, feeder)
                if report.calm.quiet:
                    await self._judge(ground, feeder, report)
            except Exception:
                self._say(f"soak: broken off; logs are in {_keep_logs(ground.folder, self._seed)}")
                raise
            finally:
                await feeder.close()
            self._say(f"soak: logs are in {_keep_logs(ground.folder, self._seed)}")
            return report

    async def _under_faults(self, ground: Ground, fleet: Fleet, feeder: Feeder) -> Report:
        async with fleet.running():
            async with asyncio.timeout(UP_SECONDS_MAX):
                await until(fleet.all_ready)
            self._say(f"soak: up in {ground.folder}; facts and faults begin")
            storm = Storm(self._seed, ground, fleet, feeder)
            began = time.monotonic()
            await self._feed_and_harm(feeder, storm, fleet)
            seconds = time.monotonic() - began
            self._say("soak: faults are over; waiting until it is quiet")
            calm = await self._calm_down(ground, fleet)
            report = Report(self._seed, seconds, feeder.accepted, storm.faults, calm)
            if calm.quiet:
                report.wrong_rights = await ground.wrong_rights()
                report.unmoved = await self._what_is_not_shown(fleet)
                self._figures = await read_figures(fleet.of("evaluation")[0].address, ground.issuer)
            report.ends = {each.name: each.ends for each in fleet.members if each.ends}
        return report

    async def _feed_and_harm(self, feeder: Feeder, storm: Storm, fleet: Fleet) -> None:
        over, fed = asyncio.Event(), asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._feed(feeder, fed))
            noting = group.create_task(self._note_figures(fleet))
            harm = group.create_task(storm.rage(over, self._tell))
            await asyncio.sleep(self._seconds)
            over.set()
            await harm
            fed.set()
            noting.cancel()

    async def _feed(self, feeder: Feeder, until_: asyncio.Event) -> None:
        for _ in range(lives.COMPANIES):
            await feeder.tell_company()
        async with asyncio.TaskGroup() as group:
            group.create_task(
                feeder.tell_persons(
                    self._seed, until=until_, lanes=LANES, pause_seconds=PAUSE_SECONDS
                )
            )
            group.create_task(feeder.tell_companies(until=until_, pause_seconds=COMPANY_SECONDS))

    async def _calm_down(self, ground: Ground, fleet: Fleet) -> Calm:
        try:
            async with asyncio.timeout(UP_SECONDS_MAX):
                await until(fleet.all_ready)
        except TimeoutError:
            waiting = {each.name: 1 for each in fleet.members if not await fleet.is_ready(each)}
            return Calm(quiet=False, seconds=UP_SECONDS_MAX, waiting=waiting)
        return await becomes_quiet(ground)

    async def _note_figures(self, fleet: Fleet) -> None:
        while True:
            self._shown.note(await fleet.figures())
            await asyncio.sleep(NOTE_SECONDS)

    async def _what_is_not_shown(self, fleet: Fleet) -> Sequence[str]:
        """What /metrics does not come to show although all is quiet."""
        services = {each.service.name: each.service for each in fleet.members}
        wrong: Sequence[str] = ["nobody was asked in time"]

        async def all_is_shown() -> bool:
            nonlocal wrong
            last = await fleet.figures()
            self._shown.note(last)
            silent = [each.name for each in fleet.members if each.name not in last]
            wrong = [f"{name} does not answer" for name in silent]
            wrong = [*wrong, *unmoved(self._shown, last, [*services.values()])]
            return not wrong

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SHOWN_SECONDS_MAX):
                await until(all_is_shown)
        return wrong

    async def _judge(self, ground: Ground, feeder: Feeder, report: Report) -> None:
        actual = await self._evidence(ground, feeder)
        topics = sorted({event.topic for event in actual.events})
        tape = await asyncio.to_thread(read_tape, ground.access, topics)
        self._say(f"soak: judging {len(tape)} records against a run without faults")
        expected = await run_without_faults(ground, feeder.accepted, self._seed)
        report.findings = [*judge(actual, expected), *judge_tape(tape, actual.events)]
        report.findings = [*report.findings, *_nothing_happened(actual, tape)]
        report.records = len(tape)
        report.records_again = len(tape) - len({record.event_id for record in tape})
        report.mails = actual.notices.total()
        report.paid_ore = sum(actual.due.values())

    async def _evidence(self, ground: Ground, feeder: Feeder) -> Evidence:
        async with ground.owner.connection() as connection:
            reader = Reader(connection, feeder.accepted.persons)
            found = await reader.read([each.name for each in ground.services], ground.mails)
        found.outcomes, found.figures = feeder.accepted.outcomes, self._figures
        return found

    def _tell(self, fault: Fault) -> None:
        seen = "" if fault.seen else ", NOT SEEN TO HAPPEN"
        after = (
            "never recovered"
            if fault.recovered_after is None
            else (f"recovered after {fault.recovered_after:.1f} s")
        )
        self._say(f"soak: {fault.kind}: {fault.what}{seen}, {after}")


def _nothing_happened(actual: Evidence, tape: Sequence[TapeRecord]) -> list[Finding]:
    """A run in which a part had nothing to do proves nothing of it."""
    published = {event.publisher for event in actual.events}
    empty = {
        "no fact": not actual.facts,
        "nothing to be paid": not actual.due,
        "no mail": not actual.notices,
        "no record": not tape,
        **{f"nothing of {name}": name not in published for name in PUBLISHERS},
    }
    return [Finding("lost", what) for what, is_so in empty.items() if is_so]


def _doors(fleet: Fleet) -> dict[Door, list[str]]:
    names: tuple[Door, ...] = ("membership", "placements", "bonus")
    return {name: [member.address for member in fleet.of(name)] for name in names}


def _keep_logs(folder: Path, seed: int) -> Path:
    kept = LOGS / str(seed)
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    for log in (*folder.glob("*.log"), *folder.glob("kafka/*/server.log")):
        name = log.name if log.parent == folder else f"{log.parent.name}.log"
        shutil.copy(log, kept / name)
    return kept
