"""The sample programme: requests that municipalities, companies and caseworkers would really send.

They stand as JSON files in examples/sample-programme, one file a sender, in the order of sending.
A body may say "<person 0101-01>": the reference that an earlier answer, remembered under that name,
handed out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from shared.web.identity import Role

PACKAGED = "sample_programme"
IN_CHECKOUT = Path(__file__).parents[2] / "examples" / "sample-programme"


class SampleProgrammeError(Exception):
    """The sample programme can't be read as it is."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends: a role and, where the role has one, the municipality or company."""

    role: Role
    municipality: str | None = None
    cvr: str | None = None


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """One request, the day it is sent, and the name its answer's person is remembered under."""

    on: date
    sender: Sender
    method: str
    path: str
    body: JsonValue
    remember: str | None


def load_timeline(folder: Path | None = None) -> tuple[SampleRequest, ...]:
    """Every request of the sample programme, by day; within a day by sender, in sending order.

    Raises SampleProgrammeError when a file can't be read, naming the file and the request.
    """
    source = folder or _folder()
    requests = [request for file in sorted(source.glob("*.json")) for request in _read(file)]
    if not requests:
        raise SampleProgrammeError(f"no sample requests in {source}")
    return tuple(sorted(requests, key=lambda request: request.on))


def with_references(body: JsonValue, references: Mapping[str, str]) -> JsonValue:
    """The body with every "<name>" replaced by the remembered reference.

    Raises SampleProgrammeError when a name has not been remembered.
    """
    if isinstance(body, dict):
        return {key: with_references(value, references) for key, value in body.items()}
    if isinstance(body, list):
        return [with_references(value, references) for value in body]
    if isinstance(body, str) and body.startswith("<") and body.endswith(">"):
        name = body[1:-1]
        if name not in references:
            raise SampleProgrammeError(f"{name!r} is used before an answer was remembered as it")
        return references[name]
    return body


def _folder() -> Path:
    packaged = Path(str(files("services.demo") / PACKAGED))
    return packaged if packaged.is_dir() else IN_CHECKOUT


def _read(file: Path) -> list[SampleRequest]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        sender = Sender(**content["sender"])
        return [_request(sender, entry) for entry in content["requests"]]
    except (ValueError, KeyError, TypeError) as error:
        raise SampleProgrammeError(f"{file.name}: {error!r}") from error


def _request(sender: Sender, entry: Mapping[str, Any]) -> SampleRequest:
    method, path = entry["request"].split(" ", maxsplit=1)
    return SampleRequest(
        on=date.fromisoformat(entry["on"]),
        sender=sender,
        method=method,
        path=path,
        body=entry["body"],
        remember=entry.get("remember"),
    )
