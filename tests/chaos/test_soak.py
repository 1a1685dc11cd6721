"""The soak as `make test` runs it: short, always from the same seeds, on three real brokers."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.fleet import CHECKOUT
from tests.support.kafka_cluster import kafka_or_skip
from tests.support.lifelines import ending_with_me, processes_naming

SEEDS = (2018,)
SECONDS = 120
SECONDS_MAX = 1500
"""With starting, calm and the reference run, on a machine that does other things too."""


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_doubled_or_wrong_whatever_is_killed(
    seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    kafka_or_skip()
    done = subprocess.run(
        ending_with_me(
            *(sys.executable, "-m", "tests.chaos", "--seconds", str(SECONDS), "--seed", str(seed))
        ),
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    with capsys.disabled():
        sys.stdout.write(f"\n{done.stdout}")
    assert done.returncode == 0, f"see the table above; again: make soak ARGS='--seed {seed}'"
    folder = re.search(r"up in (\S+);", done.stdout)
    assert folder is not None
    assert not processes_naming(folder[1])
    assert not Path(folder[1]).exists()
