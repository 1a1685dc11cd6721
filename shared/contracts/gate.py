"""The gate before what is published: schemas, samples and AsyncAPI document are files in review.

`export` writes them; `check` says in what they differ from the code and whom a change would break.
Neither lets a published event change in a way that breaks somebody: `export` writes nothing then,
so that the checked-in files stay the witness of what was promised.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from shared.contracts.asyncapi import asyncapi_document
from shared.contracts.base import Event
from shared.contracts.compatibility import breaks_between, is_draft, topic_breaks
from shared.contracts.envelope import Decoded, decode, encode
from shared.contracts.registry import EVENT_TYPES
from shared.contracts.samples import SAMPLE_MUNICIPALITY, sample_of
from shared.contracts.schemas import Schema, schema_of
from shared.contracts.topics import TopicSpec, load_topic_patterns

SCHEMAS: Final = "schemas"
SAMPLES: Final = "samples"
ASYNCAPI: Final = "asyncapi.yaml"

HOW_TO_BREAK: Final = "leave it as it was and make version 2 of the event"
HOW_TO_EXPORT: Final = "run `sammen contracts export` and commit what it writes"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that keeps the gate shut."""

    contract: str
    """Event type, topic or file it is about."""
    rule: str
    """A `compatibility.Rule`, or one of `missing`, `stale`, `orphaned`, `unreadable`,
    `sample_broken`, `homeless`."""
    sentence: str
    place: str = ""
    """Field of the event, where it is about one."""

    def __str__(self) -> str:
        """The finding as one line."""
        where = f"{self.contract}, {self.place}" if self.place else self.contract
        return f"{where}: {self.sentence} [{self.rule}]"


class BreakingContractChangeError(Exception):
    """Something published would change in a way that breaks somebody; nothing was written."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        lines = "\n".join(f"  {finding}" for finding in findings)
        super().__init__(f"nothing was written; {HOW_TO_BREAK}:\n{lines}")
        self.findings = tuple(findings)


def export(
    target: Path,
    *,
    events: Mapping[str, type[Event]] = EVENT_TYPES,
    topics: tuple[TopicSpec, ...] | None = None,
) -> list[Path]:
    """Write what the code says into the target folder; return the files that changed.

    Samples of published events are never written anew: they are records of their day, and every
    later program must read them. Raises BreakingContractChangeError.
    """
    described = load_topic_patterns() if topics is None else topics
    breaking = list(_breaking(target, events, described))
    if breaking:
        raise BreakingContractChangeError(breaking)
    changed = []
    for name, text in _generated(target, events, described).items():
        path = target / name
        if not path.is_file() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            changed.append(path)
    for path in _orphans(target, events):
        path.unlink()
        changed.append(path)
    return changed


def check(
    target: Path,
    *,
    events: Mapping[str, type[Event]] = EVENT_TYPES,
    topics: tuple[TopicSpec, ...] | None = None,
) -> list[Finding]:
    """Everything that keeps the gate shut; nothing when files and code agree."""
    described = load_topic_patterns() if topics is None else topics
    findings = list(_breaking(target, events, described))
    broken = {finding.contract for finding in findings}
    for name, text in _generated(target, events, described).items():
        path = target / name
        if path.stem in broken:
            continue
        if not path.is_file():
            findings.append(Finding(name, "missing", HOW_TO_EXPORT))
        elif path.read_text() != text:
            findings.append(Finding(name, "stale", f"the code says otherwise; {HOW_TO_EXPORT}"))
    findings += [
        Finding(str(path.relative_to(target)), "orphaned", f"no event any more; {HOW_TO_EXPORT}")
        for path in _orphans(target, events)
    ]
    return findings


def _breaking(
    target: Path, events: Mapping[str, type[Event]], topics: tuple[TopicSpec, ...]
) -> Iterator[Finding]:
    """What `export` must not write over."""
    for event_type, event in events.items():
        yield from _homelessness(event_type, event, topics)
    for path in sorted((target / SCHEMAS).glob("*.json")):
        old = _read(path)
        if not isinstance(old, dict):
            yield Finding(path.name, "unreadable", "restore it from the repository's history")
            continue
        model = events.get(path.stem)
        new = None if model is None else schema_of(model)
        for found in breaks_between(old, new):
            yield Finding(path.stem, found.rule, found.sentence, found.place)
        if model is not None and not is_draft(old):
            yield from _broken_sample(target, path.stem, model)
    yield from _broken_topics(target, events, topics)


def _homelessness(
    event_type: str, event: type[Event], topics: tuple[TopicSpec, ...]
) -> Iterator[Finding]:
    home = next((topic for topic in topics if topic.name == event.topic), None)
    if home is None:
        yield Finding(event_type, "homeless", f"topics.yaml has no topic {event.topic}")
        return
    writers = {writer.partition(".")[0] for writer in home.writers}
    if event.publisher not in writers:
        yield Finding(event_type, "homeless", f"{event.publisher} may not write {event.topic}")
    if event.compacted != (home.cleanup == "compact"):
        yield Finding(event_type, "homeless", f"topics.yaml says {home.cleanup} of {event.topic}")


def _broken_sample(target: Path, event_type: str, model: type[Event]) -> Iterator[Finding]:
    """A record of yesterday must be read today, and mean what it meant."""
    path = target / SAMPLES / f"{event_type}.json"
    if not path.is_file():
        return
    record = _read(path)
    try:
        decoded = decode(
            topic=record["topic"],
            key=record["key"].encode(),
            value=json.dumps(record["value"]).encode(),
            headers=[(name, text.encode()) for name, text in record["headers"].items()],
        )
    except (TypeError, KeyError, AttributeError):
        yield Finding(event_type, "unreadable", f"{path.name} is no sample; restore it")
        return
    if not isinstance(decoded, Decoded) or not isinstance(decoded.event, model):
        yield Finding(event_type, "sample_broken", f"a record of before is not read: {decoded}")
    elif json.loads(decoded.event.model_dump_json(exclude_none=True)) != record["value"]:
        yield Finding(event_type, "sample_broken", "a record of before loses some of what it said")


def _broken_topics(
    target: Path, events: Mapping[str, type[Event]], topics: tuple[TopicSpec, ...]
) -> Iterator[Finding]:
    path = target / ASYNCAPI
    if not path.is_file():
        return
    try:
        channels = yaml.load(path.read_text(), Loader=_Loader)["channels"]  # noqa: S506 - a safe one
    except (yaml.YAMLError, TypeError, KeyError):
        yield Finding(ASYNCAPI, "unreadable", "restore it from the repository's history")
        return
    published = {event.topic for event in events.values() if not event.draft}
    current = asyncapi_document(topics)["channels"]
    for name, old in channels.items():
        new = current.get(name)
        if new is not None and _topic_of(new["address"]) not in published:
            continue
        for found in topic_breaks(old, new):
            yield Finding(_topic_of(old["address"]), found.rule, found.sentence)


def _topic_of(address: str) -> str:
    return address.replace("{code}", "<code>")


def _generated(
    target: Path, events: Mapping[str, type[Event]], topics: tuple[TopicSpec, ...]
) -> dict[str, str]:
    """Every file by its name inside the target."""
    files = {f"{SCHEMAS}/{name}.json": _as_json(schema_of(model)) for name, model in events.items()}
    for name, model in events.items():
        sample = f"{SAMPLES}/{name}.json"
        witnessed = target / SCHEMAS / f"{name}.json"
        if _is_published(witnessed) and (target / sample).is_file():
            continue
        files[sample] = _as_json(_sample_record(model))
    document = asyncapi_document(topics)
    files[ASYNCAPI] = yaml.dump(
        document, Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, width=100
    )
    return files


def _is_published(path: Path) -> bool:
    schema = _read(path)
    return isinstance(schema, dict) and not is_draft(schema)


def _sample_record(event: type[Event]) -> dict[str, Any]:
    sample, envelope = sample_of(event)
    record = encode(sample, envelope, municipality=SAMPLE_MUNICIPALITY)
    return {
        "topic": record.topic,
        "key": record.key.decode(),
        "headers": {name: text.decode() for name, text in record.headers},
        "value": json.loads(record.value),
    }


def _orphans(target: Path, events: Mapping[str, type[Event]]) -> list[Path]:
    """Files of drafts that are gone; of a published event nothing is ever an orphan."""
    gone = [
        path.stem
        for path in sorted((target / SCHEMAS).glob("*.json"))
        if path.stem not in events and not _is_published(path)
    ]
    candidates = [
        target / folder / f"{name}.json" for name in gone for folder in (SCHEMAS, SAMPLES)
    ]
    return [path for path in candidates if path.is_file()]


def _read(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def _as_json(value: Schema) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _PlainDumper(yaml.SafeDumper):
    """Writes everything out where it stands: a reader shouldn't have to follow anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401, ARG002 - as the library has it
        return True
