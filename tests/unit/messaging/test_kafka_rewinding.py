"""Why a group can't begin a topic anew, and what a person can do about it."""

from __future__ import annotations

from typing import cast

import pytest
from confluent_kafka import KafkaError

from shared.messaging.kafka.asking import Asking
from shared.messaging.kafka.rewinding import rewind
from shared.messaging.transport import GroupBusyError


class Answering:
    """Brokers that answer every question so."""

    def __init__(self, error: int) -> None:
        self._error = error

    async def each(self, _ask: object) -> dict[str, KafkaError]:
        return {"group": KafkaError(self._error)}


async def test_a_group_that_is_busy_may_be_so_for_a_while_after_its_service_was_stopped() -> None:
    asking = cast("Asking", Answering(KafkaError.NON_EMPTY_GROUP))
    with pytest.raises(GroupBusyError, match=r"stop its service first.*45 s later"):
        await rewind(asking, "bonus.facts", {("facts.v1", 0): 0, ("facts.v1", 1): 0})
