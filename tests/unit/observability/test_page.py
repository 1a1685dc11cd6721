"""The page for operators says of a metric what the catalogue does, and what a bad value means."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Literal, get_args, get_origin, get_type_hints

from shared.observability import catalogue
from shared.observability.catalogue import BatchStep
from shared.observability.metrics import Family, Metrics

PAGE = Path(__file__).parents[3] / "docs/metrics.md"


def rows() -> list[list[str]]:
    """The cells of every row of every table on the page."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line]


def declared() -> dict[str, tuple[str, str, str]]:
    """Of each metric, by the name it is shown by: kind, labels and meaning."""
    metrics = Metrics()
    found: dict[str, tuple[str, str, str]] = {}
    for name, family in vars(metrics).items():
        if isinstance(family, Family):
            (described,) = family.describe()
            labels = ", ".join(inspect.signature(getattr(catalogue, name)).parameters) or "none"
            suffix = "_total" if described.type == "counter" else ""
            found[described.name + suffix] = (described.type, labels, described.documentation)
    return found


def label_values() -> dict[tuple[str, str], list[str]]:
    """The values of each label that has a fixed set of them, by the metric's declared name."""
    return {
        (name, label): list(get_args(kind))
        for name, declaration in vars(catalogue).items()
        if inspect.isfunction(declaration)
        for label, kind in get_type_hints(declaration).items()
        if get_origin(kind) is Literal
    }


def test_the_page_tells_of_every_metric_and_no_other() -> None:
    told = {
        row[0].strip("`"): (row[1].split(",")[0], row[2], row[3])
        for row in rows()
        if len(row) == 5 and row[0].startswith("`")
    }
    assert told == declared()


def test_every_metric_has_a_unit_and_a_bad_value() -> None:
    for name, what, _labels, _meaning, bad in (row for row in rows() if len(row) == 5):
        if name.startswith("`"):
            _kind, unit = what.split(", ")
            assert ("seconds" in unit) == ("_seconds" in name), name
            assert len(bad) > 20, name


def test_the_page_tells_every_value_of_a_label() -> None:
    told = {
        (row[0].strip("`").removeprefix("sammen_").removesuffix("_total"), row[1]): [
            value.strip(" `") for value in row[2].split(",")
        ]
        for row in rows()
        if len(row) == 3 and row[0].startswith("`sammen_")
    }
    assert told == label_values()


def test_the_page_explains_every_step() -> None:
    explained = [row[0].strip("`") for row in rows() if len(row) == 3 and "sammen" not in row[0]]
    assert set(get_args(BatchStep)) <= set(explained)
