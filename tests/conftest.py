"""Fixtures shared by all tests live in tests/support, one file per subject."""

from random import SystemRandom

import pytest
from hypothesis import settings

pytest_plugins = [
    "tests.support.evidence",
    "tests.support.postgres",
    "tests.support.scheduling",
    "tests.support.services",
]

# How long one example takes says how busy the machine is, never whether the code is right.
settings.register_profile("sammen", deadline=None)
settings.load_profile("sammen")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Choose the seed of all random histories, for every worker, unless one was asked for."""
    if config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = str(SystemRandom().randrange(2**32))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the seed, also when all is well: a run can be repeated."""
    seed = terminalreporter.config.option.hypothesis_seed
    terminalreporter.write_line(f"random histories: --hypothesis-seed={seed}")
