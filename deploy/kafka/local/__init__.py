"""Starts a real Apache Kafka on this machine, for people, tests and benchmarks.

`cluster.py` is what others use; `python -m deploy.kafka.local` is the command line. Nothing here
needs more than Python itself, but for certificates.
"""

from __future__ import annotations

from deploy.kafka.local.cluster import LocalKafka
from deploy.kafka.local.failure import LocalKafkaError

__all__ = ["LocalKafka", "LocalKafkaError"]
