"""Fixtures shared by all tests live in tests/support, one file per subject."""

pytest_plugins = ["tests.support.postgres", "tests.support.services"]
