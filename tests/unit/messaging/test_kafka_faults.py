"""What aiokafka reports, told as the transport's errors."""

from __future__ import annotations

from aiokafka import errors

from shared.messaging.kafka.faults import register_answers, translate
from shared.messaging.transport import NameTakenError

FENCED_INSTANCE_ID = 82  # as the protocol numbers it


def test_a_fenced_member_is_told_that_its_name_is_taken_however_aiokafka_wraps_that() -> None:
    register_answers()
    fenced = errors.for_code(FENCED_INSTANCE_ID)()
    for error in (fenced, errors.KafkaError(repr(fenced))):
        told = translate(error, "hearing as bonus.placements")
        assert isinstance(told, NameTakenError)
        assert "SAMMEN_KAFKA_INSTANCE" in str(told)
