"""Doing the schedule's harm, seeing that it was done, and timing how long recovery takes.

A fault counts only when its effect was seen from outside: a process gone by its signal, the point
it died at written down, a broker missing from what the others know, a database that lets nobody in.
The system has recovered when a fact told after the fault has reached bonus and every process is
ready.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import KafkaException

from shared.database import Database, fault_of
from shared.database import Fault as DatabaseFault
from tests.chaos.feeding import Feeder
from tests.chaos.fleet import Fleet, Member, until
from tests.chaos.ground import NODES, Ground
from tests.chaos.schedule import GROUND_DECK, SERVICE_DECK, Kind, Step, ground_steps, service_steps

RECOVER_SECONDS_MAX = 150.0
DIE_SECONDS_MAX = 120.0
SEEN_SECONDS_MAX = 15.0
LOOK_SECONDS = 0.1
CANARY = "SELECT 1 FROM bonus.fact WHERE employer = $1"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault as it went."""

    kind: Kind
    what: str
    seen: bool
    """Whether its effect was observed; without that it didn't happen."""
    recovered_after: float | None
    """Seconds from the harm to recovery; None when that never came."""


class Storm:
    """Both hands, until told to stop."""

    def __init__(self, seed: int, ground: Ground, fleet: Fleet, feeder: Feeder) -> None:
        self._ground = ground
        self._fleet = fleet
        self._feeder = feeder
        self._service_steps = service_steps(seed, [each.name for each in ground.services])
        self._ground_steps = ground_steps(seed, NODES)
        self.faults: list[Fault] = []

    async def rage(self, until: asyncio.Event, tell: Callable[[Fault], None]) -> None:
        """Do harm of every kind until told to stop; the last of it is made good, and waited for."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._hand(self._service_steps, {*SERVICE_DECK}, until, tell))
            group.create_task(self._hand(self._ground_steps, {*GROUND_DECK}, until, tell))

    async def _hand(
        self,
        steps: Iterator[Step],
        left: set[Kind],
        until: asyncio.Event,
        tell: Callable[[Fault], None],
    ) -> None:
        while left or not until.is_set():
            step = next(steps)
            # Of its ground a service may be robbed; that another service died excuses nobody.
            on_ground = step.kind in GROUND_DECK
            with self._ground.outage.going_on() if on_ground else contextlib.nullcontext():
                fault = await self._do(step)
            self.faults.append(fault)
            left.discard(step.kind)
            tell(fault)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(step.pause_seconds):
                    await until.wait()

    async def _do(self, step: Step) -> Fault:
        began = time.monotonic()
        recovering: asyncio.Task[float | None] | None = None

        def harm_is_done() -> None:
            nonlocal began, recovering
            began = time.monotonic()
            recovering = asyncio.create_task(self._recovers())

        what, seen = await self._harm(step, harm_is_done)
        if recovering is None:
            return Fault(step.kind, what, seen=False, recovered_after=None)
        recovered_at = await recovering
        seconds = None if recovered_at is None else recovered_at - began
        return Fault(step.kind, what, seen=seen, recovered_after=seconds)

    async def _harm(  # noqa: PLR0911 # one return a kind of fault
        self, step: Step, done: Callable[[], None]
    ) -> tuple[str, bool]:
        """Do it, undo it after its time; what it was, and whether its effect was seen."""
        match step.kind:
            case "service killed":
                member = await self._pick(step)
                status = await self._fleet.kill(member, hold_seconds=step.hold_seconds)
                done()
                return member.name, status == -signal.SIGKILL
            case "killed at a failpoint":
                return await self._at_failpoint(step, done)
            case "service restarted":
                member = await self._pick(step)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(DIE_SECONDS_MAX):  # what isn't ready has no drain
                        await until(lambda: self._fleet.is_ready(member))
                pid = member.pid
                ended = asyncio.create_task(self._fleet.restart(member))
                done()
                status = await ended
                return f"{member.name} ({status})", pid is not None and status is not None
            case "broker killed":
                return await self._broker_killed(int(step.target), step.hold_seconds, done)
            case "broker hangs":
                return await self._broker_hangs(int(step.target), step.hold_seconds, done)
            case "database killed":
                return await self._database(signal.SIGKILL, step.hold_seconds, done)
            case "database stopped":
                return await self._database(signal.SIGQUIT, step.hold_seconds, done)

    async def _pick(self, step: Step) -> Member:
        """One of the service's processes, once it runs."""
        members = self._fleet.of(step.target)
        member = members[len(self.faults) % len(members)]
        await until(lambda: member.pid is not None)
        return member

    async def _at_failpoint(self, step: Step, done: Callable[[], None]) -> tuple[str, bool]:
        """Arm every process of the service: who of them works there is the group's business."""
        assert step.point is not None, "the schedule names one"
        members = self._fleet.of(step.target)
        waits = [
            asyncio.create_task(self._fleet.die_at(each, step.point, seconds_max=DIE_SECONDS_MAX))
            for each in members
        ]
        died = False
        for wait in asyncio.as_completed(waits):
            if await wait:
                died = True
                done()
                break
        for wait in waits:
            wait.cancel()
        return f"{step.target} at {step.point}", died

    async def _broker_killed(
        self, node: int, hold_seconds: float, done: Callable[[], None]
    ) -> tuple[str, bool]:
        kafka = self._ground.kafka
        await asyncio.to_thread(kafka.kill_node, node)
        done()
        gone = node not in kafka.node_pids()
        # It stays dead until the others have noticed, however long a busy machine takes for that.
        seen = gone and await self._node_missed(node)
        await asyncio.sleep(hold_seconds)
        await asyncio.to_thread(kafka.start_node, node)
        return f"node {node}", seen and await self._copies_caught_up()

    async def _broker_hangs(
        self, node: int, hold_seconds: float, done: Callable[[], None]
    ) -> tuple[str, bool]:
        kafka = self._ground.kafka
        pid = kafka.node_pids()[node]
        kafka.pause_node(node)
        resume_at = time.monotonic() + hold_seconds
        done()
        try:
            seen = await _becomes(lambda: _state_of(pid) == "T") and await self._node_missed(node)
            await asyncio.sleep(max(0.0, resume_at - time.monotonic()))
        finally:
            kafka.resume_node(node)
        seen = seen and await self._copies_caught_up()
        return f"node {node} for {hold_seconds:.0f} s", seen

    async def _node_missed(self, node: int) -> bool:
        """Whether the other brokers come to say that it is gone, however busy the machine is."""
        other = NODES[node % len(NODES)]

        def is_missed() -> bool:
            try:
                return node not in self._ground.kafka.known_to(other)
            except OSError:
                return False

        return await _becomes(is_missed, seconds_max=RECOVER_SECONDS_MAX)

    async def _database(
        self, by: signal.Signals, hold_seconds: float, done: Callable[[], None]
    ) -> tuple[str, bool]:
        postgres = self._ground.postgres
        pid = (await postgres.start()).pid
        os.kill(pid, by)
        done()
        seen = (
            await _becomes(lambda: _state_of(pid) in (None, "Z")) and await self._lets_nobody_in()
        )
        await asyncio.sleep(hold_seconds)
        server = await postgres.start()
        return f"by {by.name}", seen and server.pid != pid

    async def _lets_nobody_in(self) -> bool:
        try:
            stranger = await Database.connect(
                self._ground.database.owner_url, application_name="stranger"
            )
        except Exception as error:
            if fault_of(error) is not DatabaseFault.UNAVAILABLE:
                raise
            return True
        await stranger.close()
        return False

    async def _copies_caught_up(self) -> bool:
        """Wait until every broker has every record again: one may be lost at a time, not two."""

        def whole() -> bool:
            try:
                topics = self._ground.admin.list_topics(timeout=5).topics.values()
            except KafkaException:
                return False
            copies = (part.isrs for topic in topics for part in topic.partitions.values())
            return all(len(each) == len(NODES) for each in copies)

        return await _becomes(whole, seconds_max=RECOVER_SECONDS_MAX)

    async def _recovers(self) -> float | None:
        """When a fact told now had come through and every process was ready; None if never."""
        try:
            async with asyncio.timeout(RECOVER_SECONDS_MAX):
                employer = await self._feeder.tell_canary()
                await until(lambda: self._has_reached_bonus(employer))
                await until(self._fleet.all_ready)
        except TimeoutError:
            return None
        return time.monotonic()

    async def _has_reached_bonus(self, employer: str) -> bool:
        return bool(await self._ground.look(CANARY, employer))


async def _becomes(condition: Callable[[], bool], *, seconds_max: float = SEEN_SECONDS_MAX) -> bool:
    """Whether it holds before long; asked in a thread, since it may wait for an answer."""
    give_up_at = time.monotonic() + seconds_max
    while not await asyncio.to_thread(condition):
        if time.monotonic() > give_up_at:
            return False
        await asyncio.sleep(LOOK_SECONDS)
    return True


def _state_of(pid: int) -> str | None:
    """The process's state as /proc has it; None when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return None
