"""Saying what a command found, a line each, on standard output."""

from __future__ import annotations

from collections.abc import Sequence

import typer


def say_all(lines: Sequence[str], *, nothing: str) -> None:
    """Print the lines, or what to say when there are none."""
    for line in lines or [nothing]:
        typer.echo(line)
