"""A caller who is slow, or gone, holds no place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from shared.web.middleware import Content

SCOPE: Scope = {"type": "http", "method": "POST", "path": "/", "headers": []}


class Reached:
    """An application that notes what reached it."""

    def __init__(self) -> None:
        self.content: list[bytes] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        self.content.append(message["body"])
        await Response("taken")(scope, receive, send)


async def statuses(content: Content, receive: Receive) -> list[int]:
    """The statuses answered."""
    answered = []

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answered.append(message["status"])

    await content(dict(SCOPE), receive, send)
    return answered


def saying(*messages: Message) -> Receive:
    """A caller who says these things and then nothing more."""
    left: AsyncIterator[Message] = _one_by_one(messages)

    async def receive() -> Message:
        return await anext(left)

    return receive


async def _one_by_one(messages: tuple[Message, ...]) -> AsyncIterator[Message]:
    for message in messages:
        yield message
    await asyncio.Event().wait()


def piece(body: bytes, *, more: bool) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_content_in_pieces_arrives_whole() -> None:
    reached = Reached()
    receive = saying(piece(b"a", more=True), piece(b"b", more=True), piece(b"", more=False))
    assert await statuses(Content(reached), receive) == [200]
    assert reached.content == [b"ab"]


async def test_a_caller_who_stops_in_the_middle_is_told_and_let_go() -> None:
    reached = Reached()
    slow = saying(piece(b"a", more=True))
    assert await statuses(Content(reached, seconds_max=0.05), slow) == [408]
    assert reached.content == []


async def test_a_caller_who_hangs_up_is_not_answered() -> None:
    reached = Reached()
    gone = saying(piece(b"a", more=True), {"type": "http.disconnect"})
    assert await statuses(Content(reached), gone) == []
    assert reached.content == []
