"""The embedded bus: the transport port, durable over a log in PostgreSQL's schema `bus`.

Reading order: topics (what there is and who may use it), partitioner and records (how a record
lies in the log), faults (what its errors mean), store (every call of the bus's functions),
transport (publishing), consumer (delivering). The functions themselves are in
`shared/messaging/bus_migrations`, numbered in reading order.
"""

from shared.messaging.embedded.topics import BUS_PLAN, check_topics, create_topics
from shared.messaging.embedded.transport import EmbeddedTransport

__all__ = ["BUS_PLAN", "EmbeddedTransport", "check_topics", "create_topics"]
