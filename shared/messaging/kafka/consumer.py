"""Delivering: one member of one group on Kafka, one batch in flight, offsets committed after it.

FastStream polls and hands over batches. Here stand the promises: nothing is delivered before the
group's offsets are known to be readable, a rebalance waits for the batch in flight, offsets are
committed explicitly, and whatever can't be read on stops the member for good.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from aiokafka import ConsumerRebalanceListener, TopicPartition, errors

from shared.messaging.kafka.access import KafkaAccess
from shared.messaging.kafka.delivering import Ear, PartitionsLostError, commit
from shared.messaging.kafka.faults import faults_named, passes, translate
from shared.messaging.kafka.guard import TopicGuard
from shared.messaging.kafka.records import Read, record_of
from shared.messaging.kafka.shell import SessionTimes, Shell
from shared.messaging.kafka.standing import ANSWER_SECONDS_MAX, Standing, is_behind
from shared.messaging.kafka.tasks import Tasks
from shared.messaging.kafka.tenure import DOUBT_LOOKS, Doubt, Tenure, offsets_after, turn_to
from shared.messaging.patience import Patience
from shared.messaging.transport import (
    DecisionsLostError,
    Position,
    Record,
    RecordUnreadableError,
    Subscription,
    TransportUnavailableError,
)
from shared.observability.logs import Log

LOG = Log(__name__)


class KafkaConsumer(ConsumerRebalanceListener):
    """One member of one group; starts once."""

    def __init__(
        self,
        access: KafkaAccess,
        subscription: Subscription,
        ear: Ear,
        guard: TopicGuard,
        *,
        times: SessionTimes,
        instance: str | None,
        look_seconds: float,
    ) -> None:
        self._subscription = subscription
        self._ear = ear
        self._guard = guard
        self._look_seconds = look_seconds
        self._steps = ear.steps
        self._standing = Standing(subscription.group, guard, ear.whence, look_seconds)
        self._shell = Shell(
            access,
            subscription,
            times=times,
            instance=instance,
            listener=self,
            on_batch=self._on_batch,
            on_error=self._on_error,
        )
        self._tenure: Tenure | None = None
        self._who = f"hearing as {subscription.group}" + (f", {instance}" if instance else "")
        self._tasks = Tasks(self._who, self._fail)
        self._started = False
        self._stopping = False
        self._left = False
        self._failure: BaseException | None = None
        self._rebalances = 0

    async def start(self) -> None:
        """See TransportConsumer.start."""
        assert not self._started, "a consumer starts once; make another"
        await self._guard.learn()
        self._started = True
        # The group may be busy for long; nobody waits for it here.
        self._tasks.spawn(self._shell.open_patiently(unless=lambda: self._stopping or self._left))
        self._tasks.spawn(self._watch())

    async def stop(self) -> None:
        """See TransportConsumer.stop."""
        self._stopping = True
        if (tenure := self._tenure) is not None:
            await tenure.idle.wait()
        await self._leave()

    async def abandon(self) -> None:
        """Stop as a dying process would: a batch in flight is cut off, nothing is committed."""
        self._stopping = True
        await self._leave()

    async def positions(self) -> Mapping[tuple[str, int], Position]:
        """See TransportConsumer.positions; waits for the group to give out its partitions.

        Raises TransportUnavailableError when that takes long, or the brokers don't answer.
        """
        if not self._started or self._left or self._stopping:
            return {}
        with faults_named(f"partitions of {self._subscription.group}"):
            async with asyncio.timeout(ANSWER_SECONDS_MAX / 2):  # before whoever asks gives up
                tenure = await self._begun_tenure()
        return await self._standing.positions(self._shell.consumer, tenure)

    def failure(self) -> BaseException | None:
        """See TransportConsumer.failure."""
        return self._failure

    def rebalances(self) -> int:
        """See TransportConsumer.rebalances."""
        return self._rebalances

    async def on_partitions_revoked(self, _revoked: object) -> None:
        """End the tenure; the group waits here until the batch in flight is committed."""
        if (tenure := self._tenure) is None:
            return
        tenure.closing = True
        await tenure.idle.wait()
        self._end(tenure)
        LOG.info("partitions_released", group=self._subscription.group)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Begin a tenure; heartbeats begin only when this returns, so it returns at once."""
        if self._tenure is not None:
            self._tenure.ended.set()
        self._tenure = tenure = Tenure(frozenset(assigned))
        self._rebalances += 1
        LOG.info("partitions_assigned", group=self._subscription.group, partitions=len(assigned))
        self._tasks.spawn(self._begin(tenure))

    def _end(self, tenure: Tenure) -> None:
        tenure.ended.set()
        if self._tenure is tenure:
            self._tenure = None

    async def _begin(self, tenure: Tenure) -> None:
        """Find out where the group stands; only then may anything be delivered."""
        patience = Patience()
        doubt = Doubt(group := self._subscription.group)
        while not tenure.ended.is_set() and not self._left:
            try:
                beginning, gaps = await self._standing.beginning(
                    self._shell.consumer, tenure.partitions
                )
            except TransportUnavailableError as error:
                LOG.warning("bus_unavailable", detail=str(error))
                await asyncio.sleep(patience.lose())
                continue
            if not gaps:
                if beginning.records_again:
                    LOG.warning("records_read_again", group=group, records=beginning.records_again)
                    tenure.astray = True
                tenure.begin(self._shell.consumer, beginning.offsets)
                return
            if not tenure.ended.is_set():  # what others commit meanwhile is no gap
                doubt.weigh(gaps)
            await asyncio.sleep(self._look_seconds / DOUBT_LOOKS)

    async def _watch(self) -> None:
        """Look now and then whether what this member reads is still there, and still the same."""
        doubt = Doubt(self._subscription.group)
        while True:
            await asyncio.sleep(self._look_seconds)
            tenure = self._tenure
            if tenure is None or not tenure.active:
                continue
            before = dict(tenure.next_offsets)
            try:
                await self._guard.require_unchanged()
                gaps = await self._standing.find_gaps(before)
                if not tenure.lost and (lost := await self._standing.lost(before)):
                    LOG.error("decisions_lost", consumer=doubt.group, partitions=len(lost))
                    tenure.lost = True
                if tenure.lost and tenure.hands_free:
                    self._begin_again(tenure)
            except TransportUnavailableError as error:
                doubt.see_nothing(error)
                continue
            # What moved meanwhile was there to be read.
            stood_still = tenure.active and before == tenure.next_offsets
            doubt.weigh(gaps if stood_still else [])

    async def _on_batch(self, read: tuple[Read, ...]) -> None:
        """Take one batch; one that belongs to an ended tenure is dropped, and comes again later."""
        if self._stopping or self._left or (tenure := self._tenure) is None:
            return
        tenure.at_hand = True
        try:
            await self._take(tenure, read)
        finally:
            tenure.at_hand = False

    async def _take(self, tenure: Tenure, read: tuple[Read, ...]) -> None:
        if not await tenure.wait_until_active():
            return
        if tenure.astray:
            # It may have been on its way when the member turned; what comes after this was not.
            tenure.astray = False
            turn_to(self._shell.consumer, tenure.next_offsets)
            return
        if not tenure.partitions.issuperset(offsets_after(read)):
            return
        records = [record_of(each) for each in read]
        if self._ear.foresee is not None:
            await self._ear.foresee(records)
        await tenure.idle.wait()
        if self._stopping or self._left or not tenure.takes_batches:
            return
        if tenure.lost:
            self._begin_again(tenure)
            return
        tenure.idle.clear()
        self._tasks.spawn(self._deliver(tenure, read, records))

    async def _deliver(
        self, tenure: Tenure, read: Sequence[Read], records: Sequence[Record]
    ) -> None:
        """Deliver one batch and commit it."""
        try:
            await self._standing.require_no_gap(tenure, read, stopping=lambda: self._stopping)
            await self._ear.handler(records)
            self._steps.begin("offsets")
            await self._commit(tenure, offsets_after(read))
        except DecisionsLostError:
            self._begin_again(tenure)
        except Exception as error:  # noqa: BLE001 - whatever ends delivery is what failure() says
            self._fail(error)
        finally:
            tenure.idle.set()
            self._steps.begin("fetch")
            if not (tenure.active and is_behind(self._shell.consumer, tenure.next_offsets)):
                self._steps.forget()

    def _begin_again(self, tenure: Tenure) -> None:
        """Find out anew where to begin; whoever is given the partitions next does so anyway."""
        if tenure.takes_batches:
            self._end(tenure)
            self._tenure = again = Tenure(tenure.partitions, astray=True)
            self._tasks.spawn(self._begin(again))

    async def _commit(self, tenure: Tenure, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit what the batch consumed, for as long as the partitions are ours."""
        try:
            if await commit(
                self._shell.consumer,
                self._subscription.group,
                offsets,
                stopping=lambda: self._stopping,
            ):
                tenure.advance(offsets)
        except PartitionsLostError:
            # What else was fetched must not be committed: brokers take that from anybody once a
            # group is empty.
            self._end(tenure)

    async def _begun_tenure(self) -> Tenure:
        """The tenure that has begun, once there is one. Raises the failure there is instead."""
        while True:
            if self._failure is not None or self._left:
                raise TransportUnavailableError(f"{self._subscription.group} has stopped")
            if (tenure := self._tenure) is not None and tenure.active:
                return tenure
            await asyncio.sleep(0.02)

    def _on_error(self, error: BaseException) -> None:
        """Hear what FastStream would only have logged: what waiting can't mend ends the member."""
        if passes(error):
            LOG.warning("bus_unavailable", detail=f"{type(error).__name__}: {error}")
        elif isinstance(error, Exception) and not isinstance(error, errors.ConsumerStoppedError):
            self._tasks.spawn(self._end_with(translate(error, self._who)))

    async def _end_with(self, failure: BaseException) -> None:
        """Fail; where bytes can't be read, once all that was read before them is decided."""
        if isinstance(failure, RecordUnreadableError) and (tenure := self._tenure) is not None:
            tenure.closing = True  # what comes after it may lack what was read beside it
            await tenure.idle.wait()
        self._fail(failure)

    def _fail(self, error: BaseException) -> None:
        """Stop for good, and leave: others may have more luck, and must not wait for us."""
        if self._failure is not None or self._left:
            return
        self._failure = error
        if not self._stopping:  # otherwise it has only given its batch back
            LOG.error("component_failed", component=self._subscription.group, reason=str(error))
        self._tasks.spawn(self._leave())

    async def _leave(self) -> None:
        """Leave the group and end every task."""
        if self._left:
            return
        self._left = True
        if self._tenure is not None:
            self._tenure.ended.set()
        self._tasks.cancel_others()
        await self._shell.close()
