"""Fetching that heeds a broker's refusals, most of which aiokafka passes over in silence.

It asks again at once, thousands of times a second, and tells nobody. So after any refusal a fetch
waits a little, and one that no waiting mends is raised: the broker can't read its own file there.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from aiokafka import TopicPartition, errors
from aiokafka.consumer import consumer
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.protocol.fetch import FetchRequest

from shared.messaging.kafka.faults import UnreadableError

REFUSED_PAUSE_SECONDS: Final = 0.1


def fetch_heedfully() -> None:
    """Have aiokafka's consumers in this process fetch so."""
    fetching: Any = consumer
    fetching.Fetcher = HeedfulFetcher


class HeedfulFetcher(Fetcher):
    """A fetcher that hears what its broker refuses."""

    def __init__(self, client: object, *rest: object, **options: object) -> None:
        self._refused: dict[TopicPartition, int] = {}
        listening = _Listening(client, self._refused)
        super().__init__(listening, *rest, **options)  # type: ignore[no-untyped-call]

    async def _proc_fetch_request(self, assignment: Any, node_id: int, request: Any) -> bool:  # noqa: ANN401 - aiokafka's
        try:
            return await self._fetch(assignment, node_id, request)
        except asyncio.CancelledError:
            return False  # aiokafka awaits what it cancels when it closes, and expects an answer

    async def _fetch(self, assignment: Any, node_id: int, request: Any) -> bool:  # noqa: ANN401 - as above
        asked = {
            TopicPartition(topic, number): offset
            for topic, partitions in request.topics
            for number, offset, _ in partitions
        }
        has_news: bool = await super()._proc_fetch_request(assignment, node_id, request)  # type: ignore[no-untyped-call]
        refused = {each: self._refused.pop(each) for each in asked if each in self._refused}
        for each, code in refused.items():
            if code == errors.CorruptRecordException.errno and assignment.active:
                has_news = self._tell(assignment, each, asked[each]) or has_news
        if refused:
            await asyncio.sleep(REFUSED_PAUSE_SECONDS)
        return has_news

    def _tell(self, assignment: Any, partition: TopicPartition, offset: int) -> bool:  # noqa: ANN401 - as above
        """Raise it where records are awaited, unless the member reads elsewhere by now."""
        state = assignment.state_value(partition)
        if not state.has_valid_position or state.position != offset or partition in self._records:
            return False
        error = UnreadableError(*partition, offset, errors.CorruptRecordException())
        self._set_error(partition, error)  # type: ignore[no-untyped-call]
        return True


class _Listening:
    """A client that writes down which partitions a broker refused, and with what code."""

    def __init__(self, client: Any, refused: dict[TopicPartition, int]) -> None:  # noqa: ANN401 - aiokafka's
        self._client = client
        self._refused = refused

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as the client has it
        return getattr(self._client, name)

    async def send(self, node_id: int, request: object) -> Any:  # noqa: ANN401 - as above
        answer = await self._client.send(node_id, request)
        if isinstance(request, FetchRequest):
            for topic, partitions in answer.topics:
                for number, code, *_ in partitions:
                    if code != errors.NoError.errno:
                        self._refused[TopicPartition(topic, number)] = code
        return answer
