"""What a bus must promise, and nothing about how one keeps it.

The promises, kept by every transport and checked by one conformance suite:

*Order.* Records published with the same topic and key arrive in the order they were published,
because they share a partition. Nothing is promised between keys or topics.

*At least once.* A record that `publish` returned for is delivered to every group that hears its
topic, also after any process dies. It may be delivered again; whoever hears it keeps an inbox.

*Unknown outcomes are said.* When `publish` raises, each record may or may not have been stored.
The caller publishes the same records again, in the same order.

*Offsets after effects.* A batch counts as consumed only after the handler returned. A handler that
raises, or a process that dies, leaves the batch to be delivered again, to this or another member.

*Decisions before offsets.* Offsets may lie elsewhere than what was decided, and go on without it:
when a database is restored or a stand-by takes its place, or when somebody moves a group. A member
told `whence` begins no later than there, and a handler that raises DecisionsLostError is given
again what comes from there on. Nothing that a group has not decided is passed over.

*One owner.* While a handler works on a batch, no other member of its group is given those
partitions, unless this member lost its session; partitions move only between batches. A handler
may take long: being slow does not cost the session, being dead does.

*No silent gaps.* A consumer whose next offset is no longer there, or lies beyond the end of its
partition, stops with OffsetGapError. It never jumps. A compacted topic may skip offsets that a
later record of the same key made superfluous. A topic that is deleted, or deleted and created anew,
stops who hears it at that time (TopicMismatchError, OffsetGapError). A bus may forget with a topic
how far each group was; so whoever keeps an inbox also keeps the topics' identities, and compares
them before it hears them again.

*No silent skips.* A consumer that meets bytes it can't read stops with RecordUnreadableError, once
all that came before them is decided. Nobody can say what they held, so there is no dead letter.

*Only who may.* Writing or reading a topic, or joining a group, without permission raises
TransportForbiddenError, whatever the caller's code believes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.messaging.steps import Steps

Header = tuple[str, bytes | None]


class TransportError(Exception):
    """The bus did not do what was asked; trying again later may help."""


class TransportUnavailableError(TransportError):
    """The bus can't be reached, or did not answer in time; the outcome may be unknown."""


class TransportForbiddenError(TransportError):
    """This identity may not do that on this topic or group; a person must grant it first."""


class TopicMismatchError(TransportError):
    """A topic is missing or has another number of partitions; run `sammen topics create`."""


class RecordRefusedError(TransportError):
    """A topic can't take a record as it is; sending it again can't help."""


class RecordTooLargeError(RecordRefusedError):
    """A record is larger than its topic allows."""


class RecordUnreadableError(TransportError):
    """What lies on the bus at a group's next offset is damaged, or packed in an unknown way."""


class OffsetGapError(TransportError):
    """Records this group has not seen are gone, or the partition is shorter than it was."""


class DecisionsLostError(Exception):
    """Raised by a handler: its database no longer knows what was decided; it is an older one."""


class NameTakenError(TransportError):
    """Another process of the same name takes this one's place; give each a name of its own."""


class GroupBusyError(TransportError):
    """A group can't be changed while it has members; stop its service first."""


@dataclass(slots=True)
class OutgoingRecord:
    """A record to be published; its key decides the partition, no key means any partition."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...]


@dataclass(slots=True)
class Record:
    """A record as it lies on the bus; nothing in it is trusted or even decodable."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...]
    appended_at: datetime


BatchHandler = Callable[[Sequence[Record]], Awaitable[None]]

Foresight = Callable[[Sequence[Record]], Awaitable[None]]
"""Told of the batch that may be handed over next, the very sequence, while another is in flight:
what needs no more than the records can be done early. It may never be handed over."""


Place = tuple[str, int]
"""A topic and the number of one of its partitions."""

Whence = Callable[[Mapping[Place, int | None]], Awaitable[Mapping[Place, int | None]]]
"""How far a group has decided each of these places: the offset of the first record it has not
decided, None when it decided none. It is told what the bus says, which is believed, and kept, where
nothing else is known. One left out can't be said. Raises TransportUnavailableError."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A group, and the topics it hears: names, or patterns in which `*` stands for any text."""

    group: str
    topics: tuple[str, ...]
    batch_records_max: int = 1000


@dataclass(frozen=True, slots=True)
class Position:
    """Where one member stands in one partition."""

    next_offset: int
    end_offset: int

    @property
    def lag(self) -> int:
        """Records not yet consumed."""
        return max(0, self.end_offset - self.next_offset)


class TransportConsumer(Protocol):
    """One member of one group, calling its handler with one batch at a time."""

    async def start(self) -> None:
        """Join the group and begin delivering, from the group's offsets or else the beginning.

        Raises TopicMismatchError or TransportForbiddenError when the subscription can't be served,
        TransportUnavailableError when nobody can say.
        """

    async def stop(self) -> None:
        """Finish the batch in flight, commit its offsets and leave; safe twice and before start."""

    async def positions(self) -> Mapping[tuple[str, int], Position]:
        """Where this member stands in each (topic, partition) it holds at present.

        Raises TransportUnavailableError.
        """

    def failure(self) -> BaseException | None:
        """Why delivery stopped for good (OffsetGapError, an error of the handler), or None."""

    def rebalances(self) -> int:
        """How often the group's partitions were given out while this was a member."""


class Transport(Protocol):
    """A bus as one principal sees it."""

    async def start(self) -> None:
        """Connect; waits for a bus that is still starting, at most its own time-out."""

    async def close(self) -> None:
        """Let go of every connection; safe twice and before start.

        Stop consumers first: one still at work is cut off, as if its process had died.
        """

    async def check_topics(self, topics: Mapping[str, int]) -> None:
        """Raise TopicMismatchError unless each named topic has exactly so many partitions.

        Raises TransportForbiddenError for a topic this principal may neither write nor read.
        """

    async def identify(self, topics: Sequence[str]) -> Mapping[str, str]:
        """The identity of each topic of these names or patterns that this principal may read: a
        text that no other topic has or will have, whatever its name. Raises
        TransportUnavailableError.
        """

    async def rewind(self, group: str, topic: str) -> None:
        """Let a group begin a topic from its beginning when it next hears it.

        Raises GroupBusyError while the group has members, TopicMismatchError,
        TransportForbiddenError, TransportUnavailableError.
        """

    async def publish(self, records: Sequence[OutgoingRecord]) -> None:
        """Store all records durably, in order per key.

        Raises TransportUnavailableError (outcome unknown), RecordRefusedError (too large, or no
        key on a compacted topic), TransportForbiddenError or TopicMismatchError.
        """

    def producer_rebuilds(self) -> int:
        """How often what publishes was thrown away after a failure, to be made anew."""

    def consumer(
        self,
        subscription: Subscription,
        handler: BatchHandler,
        steps: Steps | None = None,
        *,
        foresee: Foresight | None = None,
        whence: Whence | None = None,
    ) -> TransportConsumer:
        """A member of the subscription's group, not yet started; it begins the steps of its own.

        A transport need not call `foresee`; nor `whence`, when offsets lie beside the decisions.
        """
