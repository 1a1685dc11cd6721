"""What can go wrong with a local Kafka."""

from __future__ import annotations


class LocalKafkaError(Exception):
    """A local Kafka can't be had or doesn't do what it was told; the text says what to do."""
