"""The topics there are: where records lie, how long, and who may write and read them.

Read from `deploy/kafka/topics.yaml`, which a wheel carries inside the package; Kafka's topics and
ACLs and the embedded bus's permissions all come from here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.contracts.base import CODE_PLACEHOLDER
from shared.values.municipalities import list_municipalities

PARTITIONS_MAX: Final = 100
RECORD_BYTES_MAX: Final = 1_000_000
"""Kafka's own limit on a batch is 1 MiB; a record must fit into one with room for its headers."""

_RETENTION = re.compile(r"([1-9][0-9]{0,4}) days")
_PRINCIPAL = r"^([a-z]{1,40}|municipality\.<code>)$"
_NAME = r"^[a-z]{1,40}\.([a-z]{1,40}|<code>\.[a-z]{1,40})\.v[1-9][0-9]?$"


class InvalidTopicsError(ValueError):
    """The topics file can't be read, or what it says can't be."""


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic as it must be."""

    name: str
    partitions: int
    cleanup: Literal["delete", "compact"]
    retention: timedelta | None
    """How long a record is kept; None = for ever."""
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    maximum_bytes: int
    """Of one record: key, value and headers."""
    replication_factor: int = 3
    """Copies of each partition in a cluster; a single broker has but one."""
    minimum_in_sync_replicas: int = 2


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Cluster(_Strict):
    replication_factor: int = Field(ge=1, le=9)
    minimum_in_sync_replicas: int = Field(ge=1, le=9)

    @model_validator(mode="after")
    def _can_lose_a_replica(self) -> _Cluster:
        if self.minimum_in_sync_replicas > self.replication_factor:
            raise ValueError("minimum_in_sync_replicas is more than replication_factor")
        return self


class _Topic(_Strict):
    name: str = Field(pattern=_NAME)
    partitions: int = Field(ge=1, le=PARTITIONS_MAX)
    retention: str = Field(pattern=rf"^(forever|{_RETENTION.pattern})$")
    cleanup: Literal["delete", "compact"]
    maximum_bytes: int = Field(ge=1_024, le=RECORD_BYTES_MAX)
    writers: list[str] = Field(min_length=1)
    readers: list[str] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_consistent(self) -> _Topic:
        for principal in (*self.writers, *self.readers):
            if not re.fullmatch(_PRINCIPAL, principal):
                raise ValueError(f"{principal!r} is no service, authority or municipality.<code>")
            if CODE_PLACEHOLDER in principal and CODE_PLACEHOLDER not in self.name:
                raise ValueError(f"{principal!r} on a topic that no municipality has of its own")
        for principals in (self.writers, self.readers):
            if len(set(principals)) != len(principals):
                raise ValueError("a writer or reader is named twice")
        if self.cleanup == "compact" and self.retention != "forever":
            raise ValueError("a compacted topic keeps its newest records: retention is forever")
        return self


class _TopicsFile(_Strict):
    cluster: _Cluster
    topics: list[_Topic] = Field(min_length=1)


def load_topics(path: Path | None = None) -> tuple[TopicSpec, ...]:
    """Every topic, those of the municipalities spelt out, in the order of the file.

    Raises InvalidTopicsError naming the topic, the field and what is wrong with it.
    """
    patterns = load_topic_patterns(path)
    codes = [municipality.code for municipality in list_municipalities()]
    return tuple(
        _filled_in(pattern, code)
        for pattern in patterns
        for code in (codes if CODE_PLACEHOLDER in pattern.name else [""])
    )


def load_topic_patterns(path: Path | None = None) -> tuple[TopicSpec, ...]:
    """Every topic as the file has it: `<code>` stands for the code of each municipality.

    Raises InvalidTopicsError naming the topic, the field and what is wrong with it.
    """
    where = "deploy/kafka/topics.yaml" if path is None else str(path)
    try:
        document: Any = yaml.safe_load(
            _packaged_text() if path is None else path.read_text(encoding="utf-8")
        )
        read = _TopicsFile.model_validate(document)
    except (OSError, yaml.YAMLError) as error:
        raise InvalidTopicsError(f"{where} can't be read: {error}") from error
    except ValidationError as error:
        raise InvalidTopicsError(_explain(where, document, error)) from error
    doubled = [name for name, n in Counter(topic.name for topic in read.topics).items() if n > 1]
    if doubled:
        raise InvalidTopicsError(f"{where}: {doubled[0]} is there twice; keep one")
    return tuple(_spec(topic, read.cluster) for topic in read.topics)


def _packaged_text() -> str:
    packaged = files("shared").joinpath("messaging", "topics.yaml")
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    return (Path(__file__).parents[2] / "deploy" / "kafka" / "topics.yaml").read_text(
        encoding="utf-8"
    )


def _explain(where: str, document: Any, error: ValidationError) -> str:  # noqa: ANN401 - any YAML
    first = error.errors(include_url=False)[0]
    location = list(first["loc"])
    if location[:1] == ["topics"] and len(location) > 1 and isinstance(location[1], int):
        entry = document["topics"][location[1]]
        name = entry.get("name") if isinstance(entry, Mapping) else None
        location[:2] = [name or f"topic number {location[1] + 1}"]
    place = ", ".join(str(part) for part in location)
    return f"{where}: {place or 'the file'}: {first['msg']}; correct it there"


def _spec(topic: _Topic, cluster: _Cluster) -> TopicSpec:
    days = _RETENTION.fullmatch(topic.retention)
    return TopicSpec(
        name=topic.name,
        partitions=topic.partitions,
        cleanup=topic.cleanup,
        retention=timedelta(days=int(days[1])) if days else None,
        writers=tuple(topic.writers),
        readers=tuple(topic.readers),
        maximum_bytes=topic.maximum_bytes,
        replication_factor=cluster.replication_factor,
        minimum_in_sync_replicas=cluster.minimum_in_sync_replicas,
    )


def _filled_in(pattern: TopicSpec, code: str) -> TopicSpec:
    def fill(text: str) -> str:
        return text.replace(CODE_PLACEHOLDER, code)

    return TopicSpec(
        name=fill(pattern.name),
        partitions=pattern.partitions,
        cleanup=pattern.cleanup,
        retention=pattern.retention,
        writers=tuple(fill(writer) for writer in pattern.writers),
        readers=tuple(fill(reader) for reader in pattern.readers),
        maximum_bytes=pattern.maximum_bytes,
        replication_factor=pattern.replication_factor,
        minimum_in_sync_replicas=pattern.minimum_in_sync_replicas,
    )
