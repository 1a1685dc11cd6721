"""A member of a group in a process of its own, to be killed, or stopped and let go on.

It says each batch on standard output, as one line of JSON with the values, when the batch is in
its handler, and returns from the handler after a line on standard input. When the batch's offsets
have been committed, or refused, it says so with a line of its own. When standard input ends, it
stops properly.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from shared.messaging.steps import Steps
from shared.messaging.transport import Record, Subscription
from shared.observability.catalogue import BatchStep
from shared.observability.logs import configure_logs
from tests.support.lifelines import ending_with_me
from tests.support.transports import open_address
from tests.support.waiting import WAIT_SECONDS_MAX

CHECKOUT = Path(__file__).parents[2]

OFFSETS_ANSWERED = "offsets answered"


class Member:
    """The process as a test sees it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def next_batch(self) -> list[str]:
        """Wait for a batch to be in the handler, and return its values."""
        batch: list[str] = json.loads(await self._next_line())
        return batch

    async def let_handler_return(self) -> None:
        """Let one batch be done with, and wait until its offsets were committed or refused."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"done\n")
        assert await self._next_line() == OFFSETS_ANSWERED

    async def _next_line(self) -> str:
        assert self.process.stdout is not None
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            line = await self.process.stdout.readline()
        assert line, "the member ended by itself; see its standard error"
        return line.decode().rstrip("\n")

    def signal(self, number: int) -> None:
        """Send the process a signal."""
        self.process.send_signal(number)


@asynccontextmanager
async def member_process(
    address: str, group: str, topic: str, *, batch_records_max: int
) -> AsyncIterator[Member]:
    """Start a member; it is killed at the end, if it still runs."""
    process = await asyncio.create_subprocess_exec(
        *ending_with_me(
            *(sys.executable, "-m", "tests.support.member"),
            *(address, group, topic, str(batch_records_max)),
        ),
        cwd=CHECKOUT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Member(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def main(address: str, group: str, topic: str, batch_records_max: str) -> None:
    """Be a member until standard input ends."""
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(commands), sys.stdin
    )
    input_ended = asyncio.Event()

    def say(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    def tell(step: BatchStep, _seconds: float) -> None:
        if step == "offsets":
            say(OFFSETS_ANSWERED)

    async def handle(batch: Sequence[Record]) -> None:
        values = [(record.value or b"").decode() for record in batch]
        say(json.dumps(values))
        if not await commands.readline():
            input_ended.set()

    transport = open_address(address)
    await transport.start()
    subscription = Subscription(group, (topic,), int(batch_records_max))
    consumer = transport.consumer(subscription, handle, steps=Steps(tell))
    await consumer.start()
    await input_ended.wait()
    await consumer.stop()
    await transport.close()


if __name__ == "__main__":
    configure_logs(sys.stderr, renderer="json")
    asyncio.run(main(*sys.argv[1:]))
