"""Topics as a member first met them: whether it may hear them, and whether they are still those."""

from __future__ import annotations

from collections.abc import Sequence

from shared.messaging.kafka.administration import Administration, DescribedTopic
from shared.messaging.kafka.faults import GRANT
from shared.messaging.kafka.naming import as_regex, is_pattern
from shared.messaging.kafka.offsets import Offsets
from shared.messaging.topic_mismatch import abridged
from shared.messaging.transport import (
    OffsetGapError,
    Subscription,
    TopicMismatchError,
    TransportForbiddenError,
)

REMEDY = (
    "once the topic is there (`sammen topics create`), have its publisher send what it kept again "
    "(`sammen republish`) and let the group begin anew (`sammen rewind`)"
)


class TopicGuard:
    """Looks after the topics of one subscription."""

    def __init__(self, administration: Administration, subscription: Subscription) -> None:
        self._administration = administration
        self._subscription = subscription
        self._topic_ids: dict[str, str] = {}

    @property
    def offsets(self) -> Offsets:
        """Where its topics begin and end."""
        return self._administration.offsets

    async def learn(self) -> None:
        """Meet the topics.

        Raises TopicMismatchError for a missing one, TransportForbiddenError for one this user may
        not read or a group it may not join, TransportUnavailableError when nobody answers.
        """
        group = self._subscription.group
        if not await self._administration.may_see_group(group):
            raise TransportForbiddenError(
                f"group {group} is not open to this user: a group's name begins with its service's"
            )
        named = [name for name in self._subscription.topics if not is_pattern(name)]
        found = await self._administration.describe_topics(named)
        if missing := [name for name in named if name not in found]:
            raise TopicMismatchError(f"{abridged(missing)}: missing; run `sammen topics create`")
        if closed := [name for name in named if not found[name].may_read]:
            raise TransportForbiddenError(
                f"{abridged(closed)}: this user may not read, or there is no such topic; {GRANT}"
            )
        matching = await self._matching()
        for pattern in filter(is_pattern, self._subscription.topics):
            met = [topic for name, topic in matching.items() if as_regex([pattern]).match(name)]
            if met and not any(topic.may_read for topic in met):
                raise TransportForbiddenError(f"{pattern}: this user may read none of them")
        self._note({**found, **matching})

    async def require_unchanged(self) -> None:
        """Look again. Raises TopicMismatchError when a topic is gone, OffsetGapError when it was
        created anew, TransportForbiddenError when it was closed to this user.
        """
        seen = await self._administration.describe_topics(sorted(self._topic_ids))
        for name, topic_id in self._topic_ids.items():
            if name not in seen:
                raise TopicMismatchError(f"topic {name} was deleted. Remedy: {REMEDY}.")
            if not seen[name].may_read:
                raise TransportForbiddenError(
                    f"topic {name} was closed to this user, or deleted; {GRANT}"
                )
            if seen[name].topic_id != topic_id:
                raise OffsetGapError(f"topic {name} was created anew. Remedy: {REMEDY}.")
        self._note(await self._matching())

    async def _matching(self) -> dict[str, DescribedTopic]:
        patterns = [name for name in self._subscription.topics if is_pattern(name)]
        return await matching_topics(self._administration, patterns)

    def _note(self, topics: dict[str, DescribedTopic]) -> None:
        for name, topic in topics.items():
            if topic.may_read:
                self._topic_ids.setdefault(name, topic.topic_id)


async def matching_topics(
    administration: Administration, names: Sequence[str]
) -> dict[str, DescribedTopic]:
    """The topics of these names, and those that match these patterns."""
    exact = [name for name in names if not is_pattern(name)]
    patterns = [name for name in names if is_pattern(name)]
    if patterns:
        matches = as_regex(patterns).match
        exact += [name for name in await administration.list_topic_names() if matches(name)]
    return await administration.describe_topics(exact)
