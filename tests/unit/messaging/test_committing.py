"""What is said while offsets can't be committed."""

from __future__ import annotations

from typing import cast

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.messaging.kafka.delivering import commit


class Hesitant:
    """A consumer whose first commit is not answered."""

    def __init__(self) -> None:
        self.asked = 0

    async def commit(self, _: object) -> None:
        self.asked += 1
        if self.asked == 1:
            raise TimeoutError


async def test_who_waits_for_what_is_said(caplog: pytest.LogCaptureFixture) -> None:
    hesitant = Hesitant()
    offsets = {TopicPartition("topic", 0): 1}
    consumer = cast("AIOKafkaConsumer", hesitant)
    assert await commit(consumer, "bonus.facts", offsets, stopping=lambda: False)
    assert hesitant.asked == 2
    [said] = [record.msg["detail"] for record in caplog.records if isinstance(record.msg, dict)]
    assert said == "committing for bonus.facts: Kafka did not answer in time"
