"""Structured logs: one line is one JSON object, and no person number is ever in it.

Use: `LOG = Log(__name__)` at the top of a module, then `LOG.info("batch_committed", events=12)`.
The action comes from a closed list; what is particular goes into named values. Keys that every
line of one piece of work shares (`service`, `event_id`, `causation_id`) are bound around it with
`bound(...)`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from shared.values.persons import mask_person_numbers

Action = Literal[
    # life of a process
    "process_starting", "process_ready", "process_draining", "process_stopped",
    "component_failed",
    # database and bus
    "database_unavailable", "bus_unavailable", "producer_rebuilt", "partitions_assigned",
    "partitions_released",
    # messages
    "batch_committed", "batch_retried", "batch_split", "dead_letter_written", "event_parked",
    "records_read_again", "decisions_lost", "event_replayed", "event_discarded",
    "unknown_type_set_aside",
    "relay_started", "relay_standby", "relay_published", "relay_retried", "relay_refused",
    "consumer_started", "consumer_stopped", "consumer_stalled",
    # clock
    "timer_done", "timer_failed", "timer_caught_up",
    # web
    "request_failed", "access_denied", "issuer_unreachable",
    # services
    "notice_failed", "notice_waiting", "ledger_differs", "shadow_rules_unreadable",
    "shadow_assessment_failed",
    # what other libraries say through the standard library
    "library_said",
]  # fmt: skip
"""Everything that is worth a line somewhere. A new action is added here first."""

CHATTY_LIBRARIES = ("httpx", "httpcore", "aiokafka", "faststream")
"""Heard from WARNING up: they say at INFO what the metrics count."""

Renderer = Literal["json", "human"]


class Log:
    """The log of one module."""

    def __init__(self, module: str) -> None:
        self._module = module

    def debug(self, action: Action, **values: object) -> None:
        """Say what only somebody looking for a fault wants to read."""
        self._say("debug", action, values)

    def info(self, action: Action, **values: object) -> None:
        """Say what happened."""
        self._say("info", action, values)

    def warning(self, action: Action, **values: object) -> None:
        """Say what went wrong and is being dealt with."""
        self._say("warning", action, values)

    def error(
        self, action: Action, *, error: BaseException | None = None, **values: object
    ) -> None:
        """Say what went wrong and needs somebody; `error` adds its trace."""
        self._say("error", action, {**values, "exc_info": error} if error else values)

    def _say(self, level: str, action: Action, values: Mapping[str, object]) -> None:
        logger = structlog.stdlib.get_logger(self._module)
        getattr(logger, level)(action, **values)


@contextmanager
def bound(**values: str | None) -> Iterator[None]:
    """Add these keys to every line said inside, in this task and those it starts."""
    known = {key: value for key, value in values.items() if value is not None}
    with structlog.contextvars.bound_contextvars(**known):
        yield


def configure_logs(stream: TextIO, *, renderer: Renderer, level: str = "INFO") -> None:
    """Send every line of this process, also the libraries' own, to the stream.

    Replaces what was configured before; call it once, from the command line.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_shared_processors(), _name_library],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_last_processors(renderer),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for library in CHATTY_LIBRARIES:
        logging.getLogger(library).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared_processors(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _last_processors(renderer: Renderer) -> list[Processor]:
    """Traces become text before masking, so that nothing in them escapes it."""
    chain: list[Processor] = [structlog.processors.format_exc_info, _mask]
    if renderer == "json":
        return [
            *chain,
            structlog.processors.EventRenamer("action"),
            structlog.processors.JSONRenderer(ensure_ascii=False, default=_masked_text),
        ]
    return [*chain, structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)]


def _name_library(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Give a library's line an action, and keep its text apart from ours."""
    line["text"] = line.pop("event", "")
    line["event"] = "library_said"
    return line


def _mask(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    return {str(_masked(key)): _masked(value) for key, value in line.items()}


def _masked(value: Any) -> Any:  # noqa: ANN401 # a log value is anything at all
    """The value with every person number in any text of it masked."""
    match value:
        case str():
            return mask_person_numbers(value)
        case bool() | int() | float() | None:
            return value
        case Mapping():
            return {str(_masked(key)): _masked(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_masked(item) for item in value]
        case _:
            return _masked_text(value)


def _masked_text(value: object) -> str:
    return mask_person_numbers(str(value))
