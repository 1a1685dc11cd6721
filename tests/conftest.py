"""Fixtures shared by all tests live in tests/support, one file per subject."""

from hypothesis import settings

pytest_plugins = ["tests.support.postgres", "tests.support.services"]

# How long one example takes says how busy the machine is, never whether the code is right.
settings.register_profile("sammen", deadline=None)
settings.load_profile("sammen")
