"""One batch: who hears it, and how what was decided is committed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition, errors

from shared.messaging.kafka.faults import FORBIDDEN, translate
from shared.messaging.kafka.standing import ANSWER_SECONDS_MAX
from shared.messaging.patience import Patience
from shared.messaging.steps import Steps
from shared.messaging.transport import BatchHandler, Foresight, Whence
from shared.observability.logs import Log

LOG = Log(__name__)


@dataclass(frozen=True, slots=True)
class Ear:
    """Who hears the batches."""

    handler: BatchHandler
    foresee: Foresight | None
    whence: Whence | None
    steps: Steps


class PartitionsLostError(Exception):
    """The partitions are no longer this member's: others are given the batch again."""


async def commit(
    consumer: AIOKafkaConsumer,
    group: str,
    offsets: Mapping[TopicPartition, int],
    *,
    stopping: Callable[[], bool],
) -> bool:
    """Commit the offsets, for as long as it takes; False when told to stop before that.

    Raises PartitionsLostError, and TransportForbiddenError.
    """
    patience = Patience()
    while True:
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                await consumer.commit(dict(offsets))
        except (errors.CommitFailedError, errors.IllegalStateError) as error:
            LOG.warning("partitions_released", group=group)
            raise PartitionsLostError(group) from error
        except FORBIDDEN as error:
            raise translate(error, f"committing for {group}") from error
        except (errors.KafkaError, TimeoutError, OSError) as error:
            if stopping():
                return False
            LOG.warning("bus_unavailable", detail=f"committing for {group}: {_said(error)}")
            await asyncio.sleep(patience.lose())
        else:
            return True


def _said(error: Exception) -> str:
    # A time-out of ours says nothing about itself.
    return f"{type(error).__name__}: {error}" if str(error) else "Kafka did not answer in time"
