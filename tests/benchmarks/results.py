"""What a measurement found: kept as JSON with the machine and the commit, and shown as a table."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

CHECKOUT = Path(__file__).parents[2]
FOLDER = CHECKOUT / ".cache" / "benchmarks"
CPU_INFO = Path("/proc/cpuinfo")


def save(name: str, found: Mapping[str, Any]) -> Path:
    """Write what was found, and under what circumstances, to a file of that name."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}.json"
    path.write_text(json.dumps({**circumstances(), **found}, indent=1) + "\n", encoding="utf-8")
    return path


def circumstances() -> dict[str, object]:
    """When, on what machine, with how much else going on, and at which commit."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "machine": f"{os.cpu_count()} x {_processor()}",
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": list(os.getloadavg()),
    }


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table."""
    table = Table(*columns, title=title)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def spread(values: Sequence[float], digits: int = 0) -> str:
    """The median, and the least and the greatest in brackets."""
    middle, least, most = statistics.median(values), min(values), max(values)
    return f"{middle:,.{digits}f} [{least:,.{digits}f}..{most:,.{digits}f}]"


def ratios(ours: Sequence[float], others: Sequence[float]) -> list[float]:
    """Ours over theirs, round by round."""
    return [a / b for a, b in zip(ours, others, strict=True)]


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many percent of the values don't exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * percent / 100))]


def _processor() -> str:
    if CPU_INFO.exists():
        for line in CPU_INFO.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip()
