"""Two processes of one name: each takes the other's place in the group, again and again.

A member with a name of its own is given its partitions back when it returns. So a second process of
that name takes them while the first one is alive; the group forgets the first one, which joins anew
and does the same to the second. Nothing is decided twice, but little is decided at all, and nothing
would ever say why.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from aiokafka import ConsumerRebalanceListener, TopicPartition

from shared.messaging.kafka.faults import NAME_REMEDY
from shared.messaging.transport import NameTakenError

FORGOTTEN_MAX: Final = 3
"""So often in a row a group must have forgotten a member sooner than its silence could explain."""


class NameWatch(ConsumerRebalanceListener):
    """Passes on what a listener is told, and notices when somebody else bears our name."""

    def __init__(
        self,
        listener: ConsumerRebalanceListener,
        *,
        group: str,
        instance: str,
        session_seconds: float,
        is_forgotten: Callable[[], bool],
        on_taken: Callable[[NameTakenError], None],
    ) -> None:
        self._listener = listener
        self._who = f"group {group}: another process is {instance}, too, and takes our place"
        self._session_seconds = session_seconds
        self._is_forgotten = is_forgotten
        self._on_taken = on_taken
        self._joined_at_seconds = float("-inf")
        self._forgotten_in_a_row = 0

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """See whether the group forgot us, though we can't have been silent for a session."""
        if time.monotonic() - self._joined_at_seconds >= self._session_seconds:
            self._forgotten_in_a_row = 0
        elif self._is_forgotten():
            self._forgotten_in_a_row += 1
        if self._forgotten_in_a_row >= FORGOTTEN_MAX:
            self._on_taken(NameTakenError(f"{self._who}; {NAME_REMEDY}"))
            # Behind this aiokafka would join anew, and take the other's place once more. It is
            # cut off here when the member leaves.
            await asyncio.Event().wait()
        await self._listener.on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Note when we joined."""
        self._joined_at_seconds = time.monotonic()
        await self._listener.on_partitions_assigned(assigned)
