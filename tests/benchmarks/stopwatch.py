"""How long a consumer takes for so many facts, from its first batch to the last one's commit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

from shared.messaging.kafka.access import KafkaAccess
from shared.messaging.kafka.consumer import KafkaConsumer
from shared.messaging.kafka.transport import KafkaTransport
from shared.messaging.steps import Steps
from shared.messaging.transport import BatchHandler, Foresight, Record, Subscription, Whence


class Stopwatch:
    """Starts with the first batch; stops when so many facts are done."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._began: float | None = None
        self._processor_began = 0.0
        self.done = 0
        self.batches = 0
        self.seconds = 0.0
        self.processor_seconds = 0.0
        """Of this process, all threads; what the servers used is not in it."""
        self.finished = asyncio.Event()

    def start(self) -> None:
        """A batch has arrived."""
        if self._began is None:
            self._began = time.perf_counter()
            self._processor_began = time.process_time()

    def stop(self, facts: int) -> None:
        """So many more facts are committed."""
        assert self._began is not None, "nothing arrived yet"
        if self.finished.is_set():
            return
        self.done += facts
        self.batches += 1
        if self.done >= self._wanted:
            self.seconds = time.perf_counter() - self._began
            self.processor_seconds = time.process_time() - self._processor_began
            self.finished.set()

    @property
    def rate(self) -> float:
        """Facts a second."""
        return self.done / self.seconds

    @property
    def processor_us(self) -> float:
        """Microseconds of this process's processor time per fact."""
        return self.processor_seconds * 1e6 / self.done


class TimedKafka(KafkaTransport):
    """Kafka whose consumers are timed, in a group that nobody was in before."""

    def __init__(self, access: KafkaAccess, watch: Stopwatch, group: str) -> None:
        super().__init__(access)
        self._watch = watch
        self._group = group

    def consumer(
        self,
        subscription: Subscription,
        handler: BatchHandler,
        steps: Steps | None = None,
        *,
        foresee: Foresight | None = None,
        whence: Whence | None = None,
    ) -> KafkaConsumer:
        """A member whose batches are timed."""

        async def timed(batch: Sequence[Record]) -> None:
            self._watch.start()
            await handler(batch)
            self._watch.stop(len(batch))

        return super().consumer(
            replace(subscription, group=self._group), timed, steps, foresee=foresee, whence=whence
        )
