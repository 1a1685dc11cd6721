"""The gate before what is published: schemas, samples and AsyncAPI document are files in review.

`export` writes them; `check` says in what they differ from the code and whom a change would break.
Neither lets a published event change in a way that breaks somebody: `export` writes nothing then,
so that the checked-in files stay the witness of what was promised.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from shared.contracts.asyncapi import asyncapi_document, channels_of
from shared.contracts.base import CODE_PLACEHOLDER, Event
from shared.contracts.catalogue import Catalogue, present_catalogue
from shared.contracts.compatibility import breaks_between, is_draft, topic_breaks
from shared.contracts.complaints import complain
from shared.contracts.envelope import encode
from shared.contracts.samples import SAMPLE_MUNICIPALITY, Fields, sample_of
from shared.contracts.schemas import CONTRACT_KEYWORD, Schema, schema_of
from shared.contracts.topics import TopicSpec

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
    `sample_broken`, `misfit`, `homeless`."""
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


def export(target: Path, catalogue: Catalogue | None = None) -> list[Path]:
    """Write what the code says into the target folder; return the files that changed.

    Samples of published events are never written anew: they are records of their day, and every
    later program must read them. Raises BreakingContractChangeError.
    """
    promised = catalogue or present_catalogue()
    breaking = list(_breaking(target, promised))
    if breaking:
        raise BreakingContractChangeError(breaking)
    changed = []
    for name, text in _generated(target, promised).items():
        path = target / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    for path in _orphans(target, promised):
        path.unlink()
        changed.append(path)
    return changed


def check(target: Path, catalogue: Catalogue | None = None) -> list[Finding]:
    """Everything that keeps the gate shut; nothing when files and code agree."""
    promised = catalogue or present_catalogue()
    findings = list(_breaking(target, promised))
    if findings:
        # Nothing could be exported now, so that what is stale besides is of no use to anybody.
        return findings
    for name, text in _generated(target, promised).items():
        path = target / name
        if not path.is_file():
            findings.append(Finding(name, "missing", HOW_TO_EXPORT))
        elif path.read_text(encoding="utf-8") != text:
            findings.append(Finding(name, "stale", f"the code says otherwise; {HOW_TO_EXPORT}"))
    findings += [
        Finding(str(path.relative_to(target)), "orphaned", f"no event any more; {HOW_TO_EXPORT}")
        for path in _orphans(target, promised)
    ]
    return findings


def _breaking(target: Path, promised: Catalogue) -> Iterator[Finding]:
    """What `export` must not write over."""
    for event_type, event in promised.events.items():
        yield from _homelessness(event_type, event, promised.topics)
        yield from _misfit(event_type, event, promised.samples.get(event, {}))
    published = set()
    for path in sorted((target / SCHEMAS).glob("*.json")):
        old = _read(path)
        if not isinstance(old, dict):
            yield Finding(path.name, "unreadable", "restore it from the repository's history")
            continue
        model = promised.events.get(path.stem)
        new = None if model is None else schema_of(model)
        for found in breaks_between(old, new):
            yield Finding(path.stem, found.rule, found.sentence, found.place)
        if is_draft(old):
            continue
        published.add(old[CONTRACT_KEYWORD]["topic"])
        if model is not None:
            yield from _broken_sample(target, path.stem, model)
    yield from _broken_topics(target, published, promised)


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


def _misfit(event_type: str, event: type[Event], fields: Fields) -> Iterator[Finding]:
    try:
        sample_of(event, fields)
    except ValidationError as error:
        yield Finding(event_type, "misfit", f"its sample in samples.py: {complain(error)}")


def _broken_sample(target: Path, event_type: str, model: type[Event]) -> Iterator[Finding]:
    """A record of yesterday must be read today, and mean what it meant."""
    path = target / SAMPLES / f"{event_type}.json"
    if not path.is_file():
        return
    record = _read(path)
    if not isinstance(record, dict) or "value" not in record:
        yield Finding(event_type, "unreadable", f"{path.name} is no sample; restore it")
        return
    told = record["value"]
    try:
        event = model.model_validate_json(json.dumps(told), extra=model.unknown_fields)
    except ValidationError as error:
        yield Finding(
            event_type, "sample_broken", f"a record of before isn't read: {complain(error)}"
        )
        return
    if json.loads(event.model_dump_json(exclude_none=True)) != told:
        yield Finding(event_type, "sample_broken", "a record of before loses some of what it said")


def _broken_topics(target: Path, published: set[str], promised: Catalogue) -> Iterator[Finding]:
    path = target / ASYNCAPI
    if not path.is_file():
        return
    try:
        channels = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)["channels"]  # noqa: S506 - a safe one
    except (yaml.YAMLError, TypeError, KeyError):
        yield Finding(ASYNCAPI, "unreadable", "restore it from the repository's history")
        return
    current = channels_of(promised)
    for name, old in channels.items():
        topic = old["address"].replace("{code}", CODE_PLACEHOLDER)
        if topic not in published:
            continue
        for found in topic_breaks(old, current.get(name)):
            yield Finding(topic, found.rule, found.sentence)


def _generated(target: Path, promised: Catalogue) -> dict[str, str]:
    """Every file by its name inside the target."""
    files = {
        f"{SCHEMAS}/{name}.json": _as_json(schema_of(model))
        for name, model in promised.events.items()
    }
    for name, model in promised.events.items():
        sample = f"{SAMPLES}/{name}.json"
        witnessed = target / SCHEMAS / f"{name}.json"
        if _is_published(witnessed) and (target / sample).is_file():
            continue
        files[sample] = _as_json(_sample_record(model, promised.samples[model]))
    document = asyncapi_document(promised)
    files[ASYNCAPI] = yaml.dump(
        document, Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, width=100
    )
    return files


def _is_published(path: Path) -> bool:
    schema = _read(path)
    return isinstance(schema, dict) and not is_draft(schema)


def _sample_record(event: type[Event], fields: Fields) -> dict[str, Any]:
    sample, envelope = sample_of(event, fields)
    record = encode(sample, envelope, municipality=SAMPLE_MUNICIPALITY)
    return {
        "topic": record.topic,
        "key": record.key.decode(),
        "headers": {name: text.decode() for name, text in record.headers},
        "value": json.loads(record.value),
    }


def _orphans(target: Path, promised: Catalogue) -> list[Path]:
    """Files of drafts that are gone; of a published event nothing is ever an orphan."""
    gone = [
        path.stem
        for path in sorted((target / SCHEMAS).glob("*.json"))
        if path.stem not in promised.events and not _is_published(path)
    ]
    candidates = [
        target / folder / f"{name}.json" for name in gone for folder in (SCHEMAS, SAMPLES)
    ]
    return [path for path in candidates if path.is_file()]


def _read(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _as_json(value: Schema) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _PlainDumper(yaml.SafeDumper):
    """Writes everything out where it stands: a reader shouldn't have to follow anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401, ARG002 - as the library has it
        return True

    def represent_scalar(self, tag: str, value: Any, style: Any = None) -> yaml.ScalarNode:  # noqa: ANN401
        """Quote text that begins like a number: 0259 is one in YAML 1.2, and none in YAML 1.1."""
        if tag.endswith(":str") and value[:1] in tuple("+-.0123456789"):
            style = "'"
        return super().represent_scalar(tag, value, style=style)
