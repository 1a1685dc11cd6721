"""`sammen contracts`: what services publish, as files."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from services.commands.saying import say_all

app = typer.Typer(no_args_is_help=True, help="What services publish, as files.")


@app.command("export")
def export_contracts() -> None:
    """Write schemas, AsyncAPI document and samples anew from the code."""
    from shared.contracts import gate

    changed = [str(path) for path in gate.export(_folder())]
    say_all(changed, nothing="Nothing has changed.")


@app.command("check")
def check_contracts() -> None:
    """Say where code and files differ, and what would break a reader."""
    from shared.contracts import gate

    findings = [str(finding) for finding in gate.check(_folder())]
    say_all(findings, nothing="Files and code agree, and nothing breaks.")
    sys.exit(bool(findings))


def _folder() -> Path:
    import shared.contracts

    return Path(shared.contracts.__path__[0]) / "generated"
