"""What is typed to get a local Kafka, before any Java starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.kafka.local import LocalKafka
from deploy.kafka.local.failure import LocalKafkaError
from deploy.kafka.local.properties import as_java_reads


def test_a_folder_with_a_danish_name_is_written_as_java_reads_it() -> None:
    assert as_java_reads("/hjem/søren/€/\U0001f9ff\\") == (
        "/hjem/s\\u00f8ren/\\u20ac/\\ud83e\\uddff\\\\"
    )
    assert as_java_reads('username="admin" password="a-b_c.d";') == (
        'username="admin" password="a-b_c.d";'
    )


def test_a_folder_that_kafka_takes_for_two_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "a,b"
    with pytest.raises(LocalKafkaError, match="a comma"):
        LocalKafka(folder).start()
    assert not folder.exists()
